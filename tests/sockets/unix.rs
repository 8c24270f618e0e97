//! Unix sockets: who may connect, what is replaced, and what is left alone.

use std::fs;
use std::io::{Read, Write};
use std::os::linux::net::SocketAddrExt;
use std::os::unix::fs::{FileTypeExt, PermissionsExt};
use std::os::unix::net::{SocketAddr, UnixDatagram, UnixListener, UnixStream};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::super::support::{Dist, PATIENCE, TestServer, copy_executable, is_root, run, site};
use super::{dist, refused};

fn command(dist: &Dist, address: &str) -> Command {
    site(&["serve", "--dist-dir", &dist.argument(), "--listen-on", address])
}

fn serving(dist: &Dist, address: &str) -> TestServer {
    TestServer::launch(command(dist, address))
}

fn address(path: &Path) -> String {
    format!("unix:{}", path.display())
}

/// The last response on a connection, as it came.
fn answer(mut stream: UnixStream) -> String {
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream.write_all(b"GET /a.txt HTTP/1.1\r\nHost: site.test\r\nConnection: close\r\n\r\n").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

#[track_caller]
fn answers(path: &Path) {
    let answer = answer(UnixStream::connect(path).expect("connected"));
    assert!(answer.starts_with("HTTP/1.1 200 ") && answer.ends_with("\r\n\r\nalpha"), "{answer}");
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o7777
}

#[test]
fn socket_is_served_and_named_in_the_start_line() {
    let dist = dist();
    let path = dist.beside("site.sock");
    let server = serving(&dist, &address(&path));
    assert!(server.start_line().ends_with(&format!(" on {}", address(&path))), "{}", server.start_line());
    answers(&path);
    answers(&path);
    let lines = server.stop();
    assert_eq!(lines.iter().filter(|line| line.contains("\"GET /a.txt HTTP/1.1\" 200")).count(), 2, "{lines:?}");
}

/// The mode says who may connect (unix(7)), so no umask may change it.
#[test]
fn mode_is_the_one_that_is_given() {
    for (option, expected) in [("", 0o660), (",mode=600", 0o600), (",mode=666", 0o666), (",mode=777", 0o777)] {
        for umask in ["000", "077"] {
            let dist = dist();
            let path = dist.beside("site.sock");
            let inner = command(&dist, &format!("{}{option}", address(&path)));
            let mut outer = Command::new("sh");
            outer.arg("-c").arg(format!("umask {umask} && exec \"$0\" \"$@\"")).arg(inner.get_program());
            let server = TestServer::launch({
                outer.args(inner.get_args());
                outer
            });
            assert_eq!(mode(&path), expected, "{option}, umask {umask}");
            answers(&path);
            drop(server);
        }
    }
}

#[test]
fn mode_says_who_may_connect() {
    if !is_root() {
        return; // to become another user takes root
    }
    let dist = dist();
    let executable = dist.beside("site");
    copy_executable(&executable);
    fs::set_permissions(executable.parent().unwrap(), PermissionsExt::from_mode(0o755)).unwrap();
    let path = dist.beside("site.sock");
    for (option, answer) in [("", "Permission denied"), (",mode=666", "200")] {
        let _server = serving(&dist, &format!("{}{option}", address(&path)));
        let mut other = Command::new(&executable);
        other.args(["health", &address(&path)]).env_clear().uid(65534).gid(65534);
        let output = run(other);
        let said = [output.stdout, output.stderr].concat();
        assert!(String::from_utf8_lossy(&said).contains(answer), "{option}: {}", String::from_utf8_lossy(&said));
    }
}

#[test]
fn several_addresses_and_a_mode_fit_in_one_variable() {
    let dist = dist();
    let (first, second) = (dist.beside("a.sock"), dist.beside("b.sock"));
    let mut command = site(&["serve", "--dist-dir", &dist.argument()]);
    command.env("SITE_LISTEN_ON", format!("{},mode=600,127.0.0.1:0,{}", address(&first), address(&second)));
    let server = TestServer::launch(command);
    assert_eq!((mode(&first), mode(&second)), (0o600, 0o660));
    answers(&first);
    answers(&second);
    server.get("/a.txt").expect(200);
}

#[test]
fn stale_socket_is_replaced() {
    let dist = dist();
    let path = dist.beside("site.sock");
    drop(UnixListener::bind(&path).unwrap());
    assert!(fs::symlink_metadata(&path).unwrap().file_type().is_socket());
    let server = serving(&dist, &address(&path));
    answers(&path);
    drop(server);
    // Killed, it has left its own.
    assert!(path.exists());
    let server = serving(&dist, &address(&path));
    answers(&path);
    server.stop();
}

#[test]
fn socket_in_use_is_left_alone() {
    let dist = dist();
    let path = dist.beside("site.sock");
    let _server = serving(&dist, &address(&path));
    refused(command(&dist, &address(&path)), &["--listen-on", "site.sock", "in use"]);
    answers(&path);
    let datagrams = dist.beside("datagrams.sock");
    let receiver = UnixDatagram::bind(&datagrams).unwrap();
    refused(command(&dist, &address(&datagrams)), &["in use"]);
    UnixDatagram::unbound().unwrap().send_to(b"x", &datagrams).unwrap();
    assert_eq!(receiver.recv(&mut [0; 2]).unwrap(), 1);
}

#[test]
fn full_queue_is_a_socket_in_use() {
    let dist = dist();
    let path = dist.beside("site.sock");
    let listener = socket2::Socket::new(socket2::Domain::UNIX, socket2::Type::STREAM, None).unwrap();
    listener.bind(&socket2::SockAddr::unix(&path).unwrap()).unwrap();
    listener.listen(0).unwrap();
    let _waiting = UnixStream::connect(&path).unwrap();
    refused(command(&dist, &address(&path)), &["in use"]);
}

#[test]
fn what_is_not_a_socket_is_left_alone() {
    let dist = dist();
    let file = dist.beside("file");
    fs::write(&file, "precious").unwrap();
    let link = dist.beside("link");
    std::os::unix::fs::symlink(&file, &link).unwrap();
    let dangling = dist.beside("dangling");
    std::os::unix::fs::symlink(dist.beside("nothing"), &dangling).unwrap();
    for path in [&file, &link, &dangling, &dist.path()] {
        refused(command(&dist, &address(path)), &["--listen-on", "not a socket"]);
    }
    assert_eq!(fs::read_to_string(&link).unwrap(), "precious");
    assert!(!dist.beside("nothing").exists());
}

#[test]
fn unusable_paths_are_refused_with_a_remedy() {
    let dist = dist();
    let long = PathBuf::from(format!("/tmp/{}", "x".repeat(110)));
    let below_a_file = dist.path().join("a.txt/site.sock");
    for (path, word) in [
        (dist.beside("missing/site.sock"), "does not exist; make it first"),
        (below_a_file, "not a folder"),
        (long, "107 bytes"),
    ] {
        refused(command(&dist, &address(&path)), &["--listen-on", word]);
    }
    for text in ["unix:", "unix:/tmp/x,mode=abc", "unix:/tmp/x,mode=1777", "unix:@x,mode=600"] {
        refused(command(&dist, text), &["--listen-on", text]);
    }
}

#[test]
fn abstract_socket_is_served_and_exclusive() {
    let dist = dist();
    let name = format!("site-test-{}", std::process::id());
    let text = format!("unix:@{name}");
    let server = serving(&dist, &text);
    assert!(server.start_line().ends_with(&text), "{}", server.start_line());
    let address = SocketAddr::from_abstract_name(name.as_bytes()).unwrap();
    assert!(answer(UnixStream::connect_addr(&address).unwrap()).ends_with("alpha"));
    refused(command(&dist, &text), &["in use"]);
}
