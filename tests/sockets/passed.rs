//! Passed sockets: descriptors by number, and those of a service manager (sd_listen_fds(3)).

use std::fs;
use std::net::{SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::os::fd::OwnedFd;
use std::os::unix::net::{UnixListener, UnixStream};
use std::process::{Command, Stdio};

use super::super::support::{Connection, Dist, Http2, Identity, Offer, TestServer, site};
use super::{dist, refused};

/// The command as a child that has one or two descriptors, as 3 and 4, and these variables, in which `$$` is its own
/// process number.
fn passing(inner: &Command, first: impl Into<OwnedFd>, second: Option<OwnedFd>, variables: &str) -> Command {
    let mut command = Command::new("sh");
    let and = if second.is_some() { "4<&1" } else { "" };
    command.arg("-c").arg(format!("exec 3<&0 {and} 0</dev/null 1>/dev/null; {variables} exec \"$0\" \"$@\""));
    command.arg(inner.get_program()).args(inner.get_args());
    for (name, value) in inner.get_envs() {
        match value {
            Some(value) => command.env(name, value),
            None => command.env_remove(name),
        };
    }
    command.stdin(first.into()).stderr(Stdio::piped());
    if let Some(second) = second {
        command.stdout(second);
    }
    command
}

fn serve(dist: &Dist, arguments: &[&str]) -> Command {
    site(&[&["serve", "--dist-dir", &dist.argument()], arguments].concat())
}

fn started(mut command: Command) -> TestServer {
    TestServer::adopt(command.spawn().expect("started"))
}

fn listening() -> (TcpListener, SocketAddr) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    (listener, address)
}

const ONE: &str = "LISTEN_PID=$$ LISTEN_FDS=1";

#[test]
fn descriptor_of_a_listening_socket_is_served() {
    let (socket, address) = listening();
    let dist = dist();
    let server = started(passing(&serve(&dist, &["--listen-on", "fd:3"]), socket, None, ""));
    assert_eq!(server.addresses(), [address]);
    server.get("/a.txt").expect(200);
    // fcntl(2): neither blocking, nor passed on.
    let flags = fs::read_to_string(format!("/proc/{}/fdinfo/3", server.id())).unwrap();
    let flags = flags.lines().find_map(|line| line.strip_prefix("flags:")).unwrap().trim();
    let flags = u32::from_str_radix(flags, 8).unwrap();
    assert_eq!(flags & 0o2004000, 0o2004000, "O_CLOEXEC and O_NONBLOCK in {flags:o}");
}

#[test]
fn descriptor_may_be_a_unix_socket() {
    let dist = dist();
    let path = dist.beside("passed.sock");
    let socket = UnixListener::bind(&path).unwrap();
    let server = started(passing(&serve(&dist, &["--listen-on", "fd:3"]), socket, None, ""));
    assert!(server.start_line().ends_with(&format!(" on unix:{}", path.display())), "{}", server.start_line());
    let output = site(&["health", &format!("unix:{}:/a.txt", path.display())]).output().unwrap();
    assert!(output.status.success(), "{output:?}");
}

#[test]
fn descriptors_that_do_not_listen_are_refused() {
    let dist = dist();
    let command = serve(&dist, &["--listen-on", "fd:3"]);
    let refused = |descriptor: OwnedFd, word| {
        refused(passing(&command, descriptor, None, ""), &["--listen-on fd:3", "descriptor 3", word]);
    };
    refused(fs::File::open("/dev/null").unwrap().into(), "not a socket");
    refused(UdpSocket::bind("127.0.0.1:0").unwrap().into(), "without connections");
    refused(UnixStream::pair().unwrap().0.into(), "does not listen");
    let (socket, address) = listening();
    refused(TcpStream::connect(address).unwrap().into(), "does not listen");
    drop(socket);
}

#[test]
fn descriptors_that_are_not_there_are_refused() {
    let dist = dist();
    for (address, word) in [("fd:77", "not a socket of this process"), ("fd:0", "standard input"), ("fd:x", "fd:N")] {
        refused(serve(&dist, &["--listen-on", address]), &["--listen-on", address, word]);
    }
}

/// The first socket of its own would have the number 3.
#[test]
fn descriptors_of_the_server_itself_are_not_passed_ones() {
    let dist = dist();
    let command = serve(&dist, &["--listen-on", "127.0.0.1:0", "--listen-on", "fd:3"]);
    refused(command, &["--listen-on fd:3", "not a socket of this process"]);
    let (socket, _) = listening();
    let twice = serve(&dist, &["--listen-on", "fd:3", "--listen-on", "fd:3"]);
    refused(passing(&twice, socket, None, ""), &["--listen-on fd:3", "twice"]);
}

#[test]
fn activated_server_needs_no_address() {
    let (socket, address) = listening();
    let dist = dist();
    let server = started(passing(&serve(&dist, &[]), socket, None, ONE));
    assert_eq!(server.addresses(), [address]);
    assert!(server.start_line().contains(" by socket activation on http://"), "{}", server.start_line());
    server.get("/a.txt").expect(200);
}

#[test]
fn addresses_of_flags_and_environment_win_over_passed_sockets() {
    let dist = dist();
    let mut with_variable = serve(&dist, &[]);
    with_variable.env("SITE_LISTEN_ON", "127.0.0.1:0");
    for command in [serve(&dist, &["--listen-on", "127.0.0.1:0"]), with_variable] {
        let (socket, address) = listening();
        let server = started(passing(&command, socket, None, &format!("{ONE} LISTEN_FDNAMES=web")));
        assert!(!server.addresses().contains(&address) && !server.start_line().contains("activation"));
        assert!(server.log().wait_for(|line| line.contains("not used: web")).is_some());
    }
}

/// sd_listen_fds(3): sockets for another process are not this one's.
#[test]
fn sockets_for_another_process_are_left_alone() {
    for variables in ["LISTEN_PID=1 LISTEN_FDS=1", "LISTEN_FDS=1", "LISTEN_PID=$$"] {
        let (socket, _) = listening();
        let dist = dist();
        let command = serve(&dist, &["--listen-on", "systemd"]);
        refused(passing(&command, socket, None, variables), &["--listen-on systemd", "no socket was passed"]);
    }
}

#[test]
fn variables_that_contradict_what_is_there_are_refused() {
    let dist = dist();
    for variables in [
        "LISTEN_PID=$$ LISTEN_FDS=many",
        "LISTEN_PID=me LISTEN_FDS=1",
        "LISTEN_PID=$$ LISTEN_FDS=9",
        "LISTEN_PID=$$ LISTEN_FDS=1 LISTEN_FDNAMES=a:b",
    ] {
        let (socket, _) = listening();
        refused(passing(&serve(&dist, &[]), socket, None, variables), &["LISTEN_FDS"]);
    }
}

#[test]
fn sockets_are_taken_by_name() {
    let dist = dist();
    let variables = "LISTEN_PID=$$ LISTEN_FDS=2 LISTEN_FDNAMES=web:other";
    let both = |arguments: &[&str]| {
        let ((first, web), (second, other)) = (listening(), listening());
        let command = passing(&serve(&dist, arguments), first, Some(second.into()), variables);
        (started(command), web, other)
    };
    let (server, web, _) = both(&["--listen-on", "systemd:web"]);
    assert_eq!(server.addresses(), [web]);
    let (server, web, other) = both(&["--listen-on", "systemd"]);
    assert_eq!(server.addresses(), [web, other]);
    let (server, web, other) = both(&["--listen-on", "systemd", "--listen-on", "systemd:web"]);
    assert_eq!(server.addresses(), [other, web]);
    let (socket, _) = listening();
    let command = serve(&dist, &["--listen-on", "systemd:nobody"]);
    refused(
        passing(&command, socket, None, &format!("{ONE} LISTEN_FDNAMES=web")),
        &["\"nobody\"", "but web", "FileDescriptorName="],
    );
}

#[test]
fn sockets_named_https_speak_tls() {
    let dist = dist();
    let identity = Identity::new(&dist, "site", &["site.test"]);
    let flags = identity.flags();
    let flags: Vec<_> = flags.iter().map(String::as_str).collect();
    for name in ["https", "tls"] {
        let variables = format!("LISTEN_PID=$$ LISTEN_FDS=2 LISTEN_FDNAMES=web:{name}");
        let ((first, web), (second, secure)) = (listening(), listening());
        let server = started(passing(&serve(&dist, &flags), first, Some(second.into()), &variables));
        assert_eq!((server.addresses(), server.secure_addresses()), (&[web][..], &[secure][..]));
        Connection::secure(secure, Offer { host: "site.test", protocols: &[] }).get("/a.txt").expect(200);
        Http2::secure(secure).get("/a.txt").expect(200);
        server.get("/a.txt").expect(200);
    }
    let (socket, _) = listening();
    let variables = format!("{ONE} LISTEN_FDNAMES=https");
    refused(passing(&serve(&dist, &[]), socket, None, &variables), &["systemd:https", "--tls-cert"]);
    refused(serve(&dist, &flags), &["--tls-cert", "--tls-listen-on"]);
}

/// What a service manager tells one process is not for its children.
#[test]
fn variables_are_gone_once_they_are_read() {
    let (socket, _) = listening();
    let dist = dist();
    let names = "LISTEN_FDS,LISTEN_PID,LISTEN_FDNAMES,NOTIFY_SOCKET,WATCHDOG_USEC,KEPT";
    let expose = format!("/env.json={names}");
    let command = serve(&dist, &["--expose-env", &expose]);
    let variables =
        format!("{ONE} LISTEN_FDNAMES=web NOTIFY_SOCKET=@nobody-{} WATCHDOG_USEC=9 KEPT=yes", std::process::id());
    let server = started(passing(&command, socket, None, &variables));
    let exposed: serde_json::Value = serde_json::from_str(server.get("/env.json").expect(200).text()).unwrap();
    let set: Vec<_> = exposed.as_object().unwrap().iter().filter(|(_, value)| !value.is_null()).collect();
    assert_eq!(set.len(), 1, "{exposed}");
    assert_eq!(exposed["KEPT"], "yes");
}
