//! Handing a socket over: whoever was let in is served, by the old process or by the new one.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::os::fd::OwnedFd;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use rustls::pki_types::ServerName;
use rustls::{ClientConnection, StreamOwned};

use super::super::support::{
    Connection, Dist, Http2, Identity, PATIENCE, TestServer, client_settings, noise, request, site,
};
use super::dist;

/// A server on a socket that this process holds, too.
fn sharing(dist: &Dist, socket: &TcpListener) -> TestServer {
    let inner = site(&["serve", "--dist-dir", &dist.argument(), "--listen-on", "fd:3"]);
    let mut command = Command::new("sh");
    command.args(["-c", "exec 3<&0 0</dev/null; exec \"$0\" \"$@\""]).arg(inner.get_program()).args(inner.get_args());
    let held: OwnedFd = socket.try_clone().unwrap().into();
    command.stdin(held).stdout(Stdio::null()).stderr(Stdio::piped());
    TestServer::adopt(command.spawn().expect("started"))
}

fn held() -> (TcpListener, SocketAddr) {
    let socket = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = socket.local_addr().unwrap();
    (socket, address)
}

/// Whether the socket's queue is being emptied tells who serves: the old process must not take what it will not serve.
#[test]
fn new_process_takes_over_a_shared_socket() {
    let (socket, address) = held();
    let dist = dist();
    let mut server = sharing(&dist, &socket);
    for _ in 0..5 {
        let mut kept = Connection::open(address);
        kept.get("/a.txt").expect(200);
        let next = sharing(&dist, &socket);
        server.signal("TERM");
        let answer = kept.get("/a.txt").expect(200);
        for _ in 0..20 {
            Connection::open(address).get("/a.txt").expect(200);
        }
        // The signal may take a moment to arrive, and the connection is the old process's.
        if answer.says_close() {
            kept.expect_end();
        }
        assert_eq!(server.finish().code(), Some(0));
        server = next;
    }
}

/// systemd.socket(5): while nobody serves, clients wait in the queue.
#[test]
fn shared_socket_without_a_process_lets_clients_wait() {
    let (socket, address) = held();
    let dist = dist();
    sharing(&dist, &socket).stop();
    let mut waiting = Connection::open(address);
    waiting.send(request("GET", "/a.txt", &[]));
    let _server = sharing(&dist, &socket);
    waiting.response("GET").expect(200);
}

/// The kernel resets what is in the queue of a socket when it is closed, so it has to be empty then.
#[test]
fn clients_in_the_queue_are_served_at_the_end() {
    let mut server = TestServer::with(&dist(), &["--workers", "1"]);
    server.get("/a.txt").expect(200);
    server.signal("STOP");
    let mut clients: Vec<_> = (0..100).map(|_| Connection::open(server.addresses()[0])).collect();
    for client in &mut clients {
        client.send(request("GET", "/a.txt", &[]));
    }
    server.signal("TERM");
    server.signal("CONT");
    for client in &mut clients {
        let answer = client.response("GET").expect(200);
        assert!(answer.says_close(), "RFC 9112 section 9.6: a last response says so");
    }
    drop(clients);
    assert_eq!(server.finish().code(), Some(0));
}

/// A client has connected for a request that it has not sent yet: half a second later it is still answered.
#[test]
fn connection_without_a_request_yet_has_time_for_one() {
    let mut server = TestServer::of(&dist());
    let mut fresh = server.connect();
    let mut silent = server.connect();
    server.get("/a.txt").expect(200);
    let begun = Instant::now();
    server.signal("TERM");
    std::thread::sleep(Duration::from_millis(500));
    assert!(fresh.get("/a.txt").expect(200).says_close());
    drop(fresh);
    assert_eq!(server.finish().code(), Some(0));
    silent.expect_end();
    assert!(begun.elapsed() < Duration::from_secs(3), "{:?}", begun.elapsed());
}

/// A slow client has begun to shake hands: it is not idle.
#[test]
fn handshake_that_has_begun_is_finished_and_its_request_answered() {
    let dist = dist();
    let identity = Identity::new(&dist, "site", &["site.test"]);
    let mut server = TestServer::secured(&dist, &[&identity], &[]);
    let mut stream = TcpStream::connect(server.secure_addresses()[0]).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    let name = ServerName::try_from("site.test").unwrap();
    let mut client = ClientConnection::new(Arc::new(client_settings(&["http/1.1"])), name).unwrap();
    let mut hello = Vec::new();
    client.write_tls(&mut hello).unwrap();
    stream.write_all(&hello[..40]).unwrap();
    server.get("/a.txt").expect(200);
    server.signal("TERM");
    std::thread::sleep(Duration::from_millis(1500));
    stream.write_all(&hello[40..]).unwrap();
    let mut stream = StreamOwned::new(client, stream);
    stream.write_all(request("GET", "/a.txt", &[]).as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 200 ") && answer.ends_with("\r\n\r\nalpha"), "{answer}");
    drop(stream);
    assert_eq!(server.finish().code(), Some(0));
}

#[test]
fn large_response_over_http2_arrives_whole_from_a_process_that_ends() {
    let dist = dist();
    let large = noise(6_000_000, 5);
    dist.file("large.png", &large);
    let mut server = TestServer::of(&dist);
    let mut client = Http2::open(server.addresses()[0]);
    let (response, _) = client.send("GET", "/large.png", &[], true);
    let (_, mut body) = client.head(response);
    server.signal("TERM");
    let mut received = 0;
    while let Some(piece) = client.piece(&mut body) {
        received += piece.expect("the whole body").len();
        client.wait(Duration::from_millis(2));
    }
    assert_eq!(received, large.len());
    assert!(client.ends());
    assert_eq!(server.finish().code(), Some(0));
}
