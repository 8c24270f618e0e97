//! The server under test: started on a free loopback port, stopped by its own handle when the test ends.

use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::Arc;

use super::{Connection, Dist, Identity, Log, Metrics, Offer, Response, bundle, executable, finish, signal, site};

/// A running `site serve`.
pub(crate) struct TestServer {
    child: Child,
    addresses: Vec<SocketAddr>,
    secure_addresses: Vec<SocketAddr>,
    start_line: String,
    log: Arc<Log>,
    /// Keeps the folder until the server is stopped.
    dist: Option<Dist>,
}

impl TestServer {
    /// Serves the site that is baked into the executable.
    pub(crate) fn embedded() -> Self {
        Self::start(&[])
    }

    /// Serves a folder.
    pub(crate) fn of(dist: &Dist) -> Self {
        Self::with(dist, &[])
    }

    /// Serves a folder, with further arguments.
    pub(crate) fn with(dist: &Dist, arguments: &[&str]) -> Self {
        let folder = dist.argument();
        let mut server = Self::start(&[&["--dist-dir", &folder], arguments].concat());
        server.dist = Some(dist.clone());
        server
    }

    /// Serves the site that an executable carries.
    pub(crate) fn of_executable(path: &Path) -> Self {
        Self::launch(executable(path, &["serve", "--listen-on", "127.0.0.1:0"]))
    }

    /// Bundles a folder and serves the bundle.
    pub(crate) fn bundled(dist: &Dist) -> Self {
        let mut server = Self::of_executable(&bundle(dist, "bundled", &[]));
        server.dist = Some(dist.clone());
        server
    }

    /// Serves a folder through each carrier that can hold one: as a folder, and attached to an executable.
    pub(crate) fn each(dist: &Dist) -> [Self; 2] {
        [Self::of(dist), Self::bundled(dist)]
    }

    /// Serves a folder on two free ports, the second with TLS and these certificates.
    pub(crate) fn secured(dist: &Dist, identities: &[&Identity], arguments: &[&str]) -> Self {
        let flags: Vec<_> = identities.iter().flat_map(|identity| identity.flags()).collect();
        let flags: Vec<_> = flags.iter().map(String::as_str).collect();
        Self::with(dist, &[&["--tls-listen-on", "127.0.0.1:0"], &flags[..], arguments].concat())
    }

    /// Starts `site serve` on a free port, with these arguments.
    pub(crate) fn start(arguments: &[&str]) -> Self {
        Self::launch(site(&[&["serve", "--listen-on", "127.0.0.1:0"], arguments].concat()))
    }

    /// Starts a command that must become a server, and reads the addresses from its start line.
    pub(crate) fn launch(mut command: Command) -> Self {
        Self::adopt(command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().expect("started"))
    }

    /// Waits until a process, whose standard error must be a pipe, has become a server.
    pub(crate) fn adopt(mut child: Child) -> Self {
        let log = Log::collect(child.stderr.take().expect("piped"));
        let Some(start_line) = log.wait_for(|line| line.contains(" serves pack ")) else {
            child.kill().expect("killed");
            child.wait().expect("reaped");
            panic!("no start line:\n{}", log.lines().join("\n"));
        };
        let (_, urls) = start_line.rsplit_once(" on ").expect("the addresses");
        let addresses = |scheme| {
            let urls = urls.split_whitespace().filter_map(|url| url.strip_prefix(scheme));
            urls.map(|url| url.parse().expect("IP:PORT")).collect()
        };
        let (addresses, secure_addresses) = (addresses("http://"), addresses("https://"));
        Self { child, addresses, secure_addresses, start_line, log, dist: None }
    }

    /// The process's number.
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    pub(crate) fn addresses(&self) -> &[SocketAddr] {
        &self.addresses
    }

    /// The addresses that speak TLS.
    pub(crate) fn secure_addresses(&self) -> &[SocketAddr] {
        &self.secure_addresses
    }

    /// The address of the admin listener.
    pub(crate) fn admin(&self) -> SocketAddr {
        let line = self.log.wait_for(|line| line.contains("admin listener at http://")).expect("an admin listener");
        let (_, rest) = line.split_once("http://").expect("a URL");
        rest.split(' ').next().and_then(|address| address.parse().ok()).expect("IP:PORT")
    }

    /// The metrics as they are now.
    pub(crate) fn metrics(&self) -> Metrics {
        Metrics::parse(Connection::open(self.admin()).get("/metrics").expect(200).text())
    }

    pub(crate) fn start_line(&self) -> &str {
        &self.start_line
    }

    /// The hash of the pack that the start line names.
    pub(crate) fn pack(&self) -> &str {
        let (_, rest) = self.start_line.split_once("pack ").expect("a pack in the start line");
        rest.get(..16).expect("16 characters of hash")
    }

    /// The lines of standard error.
    pub(crate) fn log(&self) -> &Log {
        &self.log
    }

    pub(crate) fn connect(&self) -> Connection {
        Connection::open(self.addresses[0])
    }

    /// A connection with TLS.
    pub(crate) fn connect_secure(&self, offer: Offer<'_>) -> Connection {
        Connection::secure(self.secure_addresses[0], offer)
    }

    pub(crate) fn get(&self, target: &str) -> Response {
        self.fetch("GET", target, &[])
    }

    pub(crate) fn get_with(&self, target: &str, headers: &[(&str, &str)]) -> Response {
        self.fetch("GET", target, headers)
    }

    /// One request on a connection of its own.
    pub(crate) fn fetch(&self, method: &str, target: &str, headers: &[(&str, &str)]) -> Response {
        self.connect().fetch(method, target, headers)
    }

    pub(crate) fn signal(&self, name: &str) {
        signal(&self.child, name);
    }

    /// Bytes of memory that are the process's own (anonymous and resident).
    pub(crate) fn resident(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).expect("procfs");
        let line = status.lines().find_map(|line| line.strip_prefix("RssAnon:")).expect("RssAnon");
        line.trim_end_matches("kB").trim().parse::<u64>().expect("a number") << 10
    }

    pub(crate) fn is_running(&mut self) -> bool {
        self.child.try_wait().expect("the state of the process").is_none()
    }

    /// Waits for the process to end by itself.
    pub(crate) fn finish(&mut self) -> ExitStatus {
        finish(&mut self.child)
    }

    /// Ends the process by SIGTERM: all that it wrote to standard error.
    pub(crate) fn stop(mut self) -> Vec<String> {
        self.signal("TERM");
        let status = self.finish();
        let lines = self.log.to_end();
        assert_eq!(status.code(), Some(0), "after SIGTERM:\n{}", lines.join("\n"));
        lines
    }
}

impl Drop for TestServer {
    fn drop(&mut self) {
        // Either may fail when the process has ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
        if std::thread::panicking() {
            let lines = self.log.lines();
            let last = &lines[lines.len().saturating_sub(40)..];
            eprintln!("--- the last lines of the server ---\n{}", last.join("\n"));
        }
    }
}
