//! Connections: the rules of RFC 9112, over raw sockets.

mod crowds;
mod framing;
mod host;
mod limits;
mod persistence;
mod pipelining;
mod syntax;

use super::support::{Connection, Dist, Response, TestServer, noise};

/// Two small files, a folder and one file that fills many packets.
fn server() -> TestServer {
    let dist = Dist::with(&[
        ("a.txt", b"alpha"),
        ("b.txt", b"beta, the second"),
        ("docs/index.html", b"<p>docs"),
        ("404.html", b"<p>missing"),
    ]);
    dist.file("large.png", noise(600_000, 4));
    TestServer::of(&dist)
}

/// All responses up to the end of the connection; every request is taken for a GET.
#[track_caller]
fn responses(connection: &mut Connection) -> Vec<Response> {
    std::iter::from_fn(|| connection.next_response("GET")).collect()
}

/// Sends bytes and ends the sending direction: all responses.
#[track_caller]
fn exchange(server: &TestServer, bytes: impl AsRef<[u8]>) -> Vec<Response> {
    let mut connection = server.connect();
    connection.send_what_is_taken(bytes);
    connection.half_close();
    responses(&mut connection)
}

fn statuses(responses: &[Response]) -> Vec<u16> {
    responses.iter().map(|response| response.status).collect()
}

/// Asserts that the server answers at most once, with one of these statuses, and closes by itself.
#[track_caller]
fn refused(server: &TestServer, bytes: impl AsRef<[u8]>, allowed: &[u16]) {
    let mut connection = server.connect();
    connection.send_what_is_taken(&bytes);
    let answers = responses(&mut connection);
    let request = String::from_utf8_lossy(bytes.as_ref());
    let request = request.chars().take(200).collect::<String>();
    let [answer] = &answers[..] else { panic!("{:?} to {request:?}", statuses(&answers)) };
    assert!(allowed.contains(&answer.status), "{} to {request:?}", answer.status);
    assert!(answer.says_close(), "RFC 9112 section 9.6: a last response says so; {request:?}");
}
