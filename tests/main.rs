//! The integration tests: every module starts the real executable on a free port and talks to it over sockets.

/// The tools of the tests: the running server, the folder it serves, the raw client.
mod support;

/// The access log: one line per response, nothing lost.
mod access_log;
/// The admin listener: life, readiness, and metrics that count what happens.
mod admin;
/// What makes two bakes of one folder agree.
mod build;
/// `site bundle`: the executable that it writes, and how it refuses.
mod bundle;
/// Cache-Control by served file and status.
mod caching;
/// What `site check` finds in folders and executables.
mod check;
/// Conditional requests in the order of RFC 9110 section 13.2.2.
mod conditional;
/// The connection rules of RFC 9112, over raw sockets.
mod connections;
/// What holds for every file of every site, whatever carries it.
mod contract;
/// Headers that follow from what a page contains: the hashes of a policy, preload hints.
mod csp;
/// The directory carrier: changes, links, files replaced under load.
mod directory;
/// `site explain`: the answer it tells is the answer that is sent.
mod explain;
/// Environment variables that are served as an asset.
mod expose_env;
/// `_headers`: which answers get which fields.
mod headers;
/// `site health`: what it asks, and what it makes of the answer.
mod health;
/// HTTP/2: the same answers, and the bounds of RFC 9113.
mod http2;
/// `site image`: container images of an executable.
mod image;
/// `site list`, `site extract`, `site diff`: looking into a site.
mod inspect;
/// `--keep-from`: assets of releases before, for pages that are still open.
mod keep;
/// From a path to an asset, a redirect or an error page.
mod lookup;
/// GET, HEAD and OPTIONS are answered, nothing else is.
mod methods;
/// Proactive content negotiation of the content coding.
mod negotiation;
/// What a service manager is told (sd_notify(3)).
mod notify;
/// Trusted proxies: whose requests and connections are whose.
mod proxies;
/// Range requests of RFC 9110 section 14.
mod ranges;
/// `_redirects`: what each rule makes of a request.
mod redirects;
/// What a serving process can still do: nothing but serve.
#[cfg(target_os = "linux")]
mod sandbox;
/// The command line: what it accepts, and how it refuses the rest.
mod serve_command;
/// The end of the process: signals, requests in flight, exit codes.
mod shutdown;
/// Where the server listens: Unix sockets, passed sockets, both families of addresses; handing sockets over.
mod sockets;
/// TLS: certificates, their renewal, the redirect to it.
mod tls;
