//! What a service manager is told (sd_notify(3)).

use std::os::linux::net::SocketAddrExt;
use std::os::unix::net::{SocketAddr, UnixDatagram};
use std::process::Command;
use std::time::{Duration, Instant};

use super::support::{Dist, PATIENCE, TestServer, site};

/// The end of a service manager at which messages arrive.
struct Manager {
    socket: UnixDatagram,
    address: String,
}

impl Manager {
    fn new(dist: &Dist) -> Self {
        let path = dist.beside("notify");
        let socket = UnixDatagram::bind(&path).unwrap();
        socket.set_read_timeout(Some(PATIENCE)).unwrap();
        Self { socket, address: path.into_os_string().into_string().unwrap() }
    }

    /// The lines of the next message.
    #[track_caller]
    fn message(&self) -> Vec<String> {
        let mut bytes = [0; 4096];
        let length = self.socket.recv(&mut bytes).expect("a message");
        let text = std::str::from_utf8(&bytes[..length]).expect("UTF-8");
        text.lines().map(str::to_owned).collect()
    }

    #[track_caller]
    fn expect(&self, first: &str) -> Vec<String> {
        let message = self.message();
        assert_eq!(message[0], first, "{message:?}");
        message
    }

    /// How many messages come in this time that say that the process is alive.
    fn signs_of_life(&self, time: Duration) -> usize {
        let end = Instant::now() + time;
        let mut count = 0;
        while let Some(left) = end.checked_duration_since(Instant::now()).filter(|left| !left.is_zero()) {
            self.socket.set_read_timeout(Some(left)).unwrap();
            let mut bytes = [0; 4096];
            if let Ok(length) = self.socket.recv(&mut bytes) {
                assert_eq!(&bytes[..length], b"WATCHDOG=1\n");
                count += 1;
            }
        }
        self.socket.set_read_timeout(Some(PATIENCE)).unwrap();
        count
    }
}

fn dist() -> Dist {
    Dist::with(&[("index.html", b"<p>home")])
}

fn serve(dist: &Dist, manager: &Manager, arguments: &[&str]) -> Command {
    let folder = dist.argument();
    let common = ["serve", "--listen-on", "127.0.0.1:0", "--dist-dir", &folder];
    let mut command = site(&[&common, arguments].concat());
    command.env("NOTIFY_SOCKET", &manager.address);
    command
}

#[test]
fn readiness_is_told_once_and_connections_are_accepted_then() {
    let dist = dist();
    let manager = Manager::new(&dist);
    let server = TestServer::launch(serve(&dist, &manager, &[]));
    let message = manager.expect("READY=1");
    server.get("/").expect(200);
    assert_eq!(message[1], format!("STATUS=serving on http://{}", server.addresses()[0]));
    assert_eq!(manager.signs_of_life(Duration::from_millis(300)), 0, "no watchdog was asked for");
}

#[test]
fn nothing_is_told_by_a_server_that_can_not_start() {
    let dist = dist();
    let manager = Manager::new(&dist);
    let output = serve(&dist, &manager, &["--listen-on", "192.0.2.1:80"]).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    manager.socket.set_nonblocking(true).unwrap();
    assert!(manager.socket.recv(&mut [0; 100]).is_err());
}

#[test]
fn reload_is_told_with_its_time_and_ends_with_readiness() {
    let dist = dist();
    let manager = Manager::new(&dist);
    let server = TestServer::launch(serve(&dist, &manager, &[]));
    manager.expect("READY=1");
    let mut last = 0;
    for _ in 0..2 {
        server.signal("HUP");
        let message = manager.expect("RELOADING=1");
        let time = message.iter().find_map(|line| line.strip_prefix("MONOTONIC_USEC=")).expect("a time");
        let time: u64 = time.parse().expect("microseconds");
        assert!(time > last, "{time} after {last}");
        last = time;
        manager.expect("READY=1");
    }
    server.get("/").expect(200);
}

#[test]
fn end_is_told_at_the_signal_and_not_after_the_delay() {
    let dist = dist();
    let manager = Manager::new(&dist);
    let mut server = TestServer::launch(serve(&dist, &manager, &["--shutdown-delay", "2"]));
    manager.expect("READY=1");
    server.signal("TERM");
    manager.expect("STOPPING=1");
    assert!(server.is_running());
    server.get("/").expect(200);
    assert_eq!(server.finish().code(), Some(0));
}

#[test]
fn watchdog_hears_twice_in_its_time() {
    let dist = dist();
    let manager = Manager::new(&dist);
    let mut command = serve(&dist, &manager, &["--workers", "3"]);
    command.env("WATCHDOG_USEC", "600000");
    let server = TestServer::launch(command);
    manager.expect("READY=1");
    let count = manager.signs_of_life(Duration::from_secs(3));
    assert!((5..=11).contains(&count), "{count} signs of life in ten times 300 ms");
    server.signal("STOP");
    manager.signs_of_life(Duration::from_millis(100));
    assert_eq!(manager.signs_of_life(Duration::from_millis(700)), 0, "a stopped process is not alive");
    server.signal("CONT");
    assert!(manager.signs_of_life(Duration::from_secs(1)) >= 1);
}

/// sd_watchdog_enabled(3): WATCHDOG_PID names the process that is meant.
#[test]
fn watchdog_of_another_process_hears_nothing() {
    let dist = dist();
    let manager = Manager::new(&dist);
    for (pid, expected) in [("1", 0), ("$$", 3)] {
        let inner = serve(&dist, &manager, &[]);
        let mut command = Command::new("sh");
        command.arg("-c").arg(format!("WATCHDOG_PID={pid} exec \"$0\" \"$@\"")).arg(inner.get_program());
        command.args(inner.get_args()).env("NOTIFY_SOCKET", &manager.address).env("WATCHDOG_USEC", "200000");
        let server = TestServer::launch(command);
        manager.expect("READY=1");
        assert!(manager.signs_of_life(Duration::from_secs(1)).min(3) == expected, "WATCHDOG_PID={pid}");
        drop(server);
        while manager.signs_of_life(Duration::from_millis(50)) > 0 {}
    }
}

#[test]
fn abstract_sockets_are_told_too() {
    let name = format!("site-notify-{}", std::process::id());
    let socket = UnixDatagram::bind_addr(&SocketAddr::from_abstract_name(name.as_bytes()).unwrap()).unwrap();
    socket.set_read_timeout(Some(PATIENCE)).unwrap();
    let manager = Manager { socket, address: format!("@{name}") };
    let dist = dist();
    let _server = TestServer::launch(serve(&dist, &manager, &[]));
    manager.expect("READY=1");
}

#[test]
fn manager_that_is_not_there_does_not_keep_the_server_from_serving() {
    let dist = dist();
    for address in ["/no/such/socket", "vsock:2:1", "relative"] {
        let mut command = site(&["serve", "--listen-on", "127.0.0.1:0", "--dist-dir", &dist.argument()]);
        command.env("NOTIFY_SOCKET", address);
        let server = TestServer::launch(command);
        server.get("/").expect(200);
        let lines = server.stop();
        assert!(lines.iter().any(|line| line.contains("NOTIFY_SOCKET") && line.contains(address)), "{lines:?}");
    }
}
