//! The flags of `site health`.

use clap::{Args, value_parser};

#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  site health                                     the server of this container or this environment\n  site health http://127.0.0.1:8080/              exit code 0 for a status of 2xx or 3xx, else 1\n  site health unix:/run/site.sock:/readyz         a Unix socket, and a path on it\n\nIn a Dockerfile: HEALTHCHECK CMD [\"/bin/site\", \"health\"]"
)]
#[allow(rustdoc::broken_intra_doc_links)] // the help has brackets of its own
pub(crate) struct Health {
    /// What to ask for: http://HOST[:PORT][/PATH] or unix:/SOCKET[:/PATH]
    ///
    /// [default: /readyz at the --admin-listen-on and else / at the --listen-on of process 1, if that is `site serve`;
    /// else at SITE_ADMIN_LISTEN_ON or SITE_LISTEN_ON; else http://127.0.0.1:8080/]
    pub(crate) url: Option<String>,

    /// Seconds that the answer may take
    #[arg(long, value_name = "SECONDS", default_value = "5", value_parser = value_parser!(u16).range(1..))]
    pub(crate) timeout: u16,
}
