//! HTTP/2: the same answers as HTTP/1, flow control, floods, and the end of connections (RFC 9113).

use std::time::{Duration, Instant};

use h2::Reason;
use h2::client::Builder;

use super::support::{
    CONTINUATION, Connection, Dist, END_HEADERS, END_STREAM, Frames, GET_ROOT, GOAWAY, HEADERS, Http2, Identity, PING,
    PREFACE, RST_STREAM, TestServer, frame, noise, prose,
};

const LARGE: usize = 3_000_000;

fn dist() -> Dist {
    let dist = Dist::with(&[("index.html", b"<p>home"), ("a.txt", b"alpha"), ("404.html", b"<p>missing")]);
    dist.file("large.png", noise(LARGE, 5)).file("page.html", prose(20_000)).file("app.0123456789abcdef.js", "1");
    dist
}

#[test]
fn answers_are_those_of_http1() {
    let dist = dist();
    let identity = Identity::new(&dist, "site", &["site.test"]);
    let server = TestServer::secured(&dist, &[&identity], &["--hsts", "0"]);
    let tag = server.get("/a.txt").etag().to_owned();
    for mut client in [Http2::open(server.addresses()[0]), Http2::secure(server.secure_addresses()[0])] {
        for (method, target, headers) in [
            ("GET", "/", vec![]),
            ("HEAD", "/page", vec![("accept-encoding", "br")]),
            ("GET", "/page", vec![("accept-encoding", "gzip")]),
            ("GET", "/page", vec![("accept-encoding", "identity;q=0")]),
            ("GET", "/page?x=1", vec![("accept-encoding", "*;q=0")]),
            ("GET", "/a.txt", vec![("if-none-match", tag.as_str())]),
            ("GET", "/a.txt", vec![("if-match", "\"other\"")]),
            ("GET", "/large.png", vec![("range", "bytes=10-99")]),
            ("GET", "/large.png", vec![("range", "bytes=0-9,100-199")]),
            ("GET", "/large.png", vec![("range", "bytes=9999999-")]),
            ("HEAD", "/large.png", vec![]),
            ("GET", "/app.0123456789abcdef.js", vec![]),
            ("GET", "/missing", vec![("accept", "text/html")]),
            ("GET", "/index.html", vec![]),
            ("OPTIONS", "/", vec![]),
            ("DELETE", "/a.txt", vec![]),
            ("GET", "/%2e%2e/secret", vec![]),
        ] {
            let expected = server.fetch(method, target, &headers);
            let answer = client.fetch(method, target, &headers);
            assert_eq!(answer.status, expected.status, "{method} {target}");
            assert_eq!(answer.stable_headers(), expected.stable_headers(), "{method} {target}");
            assert!(answer.body == expected.body, "{method} {target}");
            answer.required("date");
            assert_eq!(answer.header("connection"), None, "RFC 9113 section 8.2.2");
        }
    }
}

#[test]
fn large_bodies_arrive_whole_through_small_windows() {
    let server = TestServer::each(&dist());
    for server in server {
        for window in [1_000, 65_535, 1_000_000] {
            let mut builder = Builder::new();
            builder.initial_window_size(window).initial_connection_window_size(window.max(65_535));
            let mut client = Http2::with(server.addresses()[0], None, &builder);
            assert!(client.get("/large.png").expect(200).body == noise(LARGE, 5), "{window}");
        }
    }
}

#[test]
fn streams_are_answered_beside_one_that_waits() {
    let server = TestServer::of(&dist());
    let mut client = Http2::open(server.addresses()[0]);
    let (large, _) = client.send("GET", "/large.png", &[], true);
    let (head, mut body) = client.head(large);
    head.expect(200);
    for _ in 0..300 {
        // The connection's window is used up, but heads need none.
        client.fetch("HEAD", "/a.txt", &[]).expect(200);
    }
    let mut length = 0;
    while let Some(piece) = client.piece(&mut body) {
        length += piece.unwrap().len();
    }
    assert_eq!(length, LARGE);
}

#[test]
fn preface_may_come_in_pieces_and_must_come_in_time() {
    let server = TestServer::start(&["--header-timeout", "1"]);
    let mut slow = Frames::open(server.addresses()[0]);
    for byte in [PREFACE, &frame(HEADERS, END_STREAM | END_HEADERS, 1, GET_ROOT)].concat() {
        assert!(slow.send(&[byte]));
        std::thread::sleep(Duration::from_millis(2));
    }
    assert_eq!(slow.next_of(HEADERS).expect("a response").2, 1);
    for silent in [&b""[..], b"PRI", b"PRI * HTTP/2.0\r\n\r\n", &PREFACE[..24], &PREFACE[..30]] {
        let begun = Instant::now();
        let mut connection = Connection::open(server.addresses()[0]);
        connection.send(silent);
        let answer = connection.rest();
        assert!(!answer.starts_with(b"HTTP/1"), "{:?}", String::from_utf8_lossy(&answer));
        assert!(begun.elapsed() < Duration::from_secs(8), "{silent:?}");
    }
    // What only begins like a preface is HTTP/1.
    let mut connection = Connection::open(server.addresses()[0]);
    connection.send("PR");
    std::thread::sleep(Duration::from_millis(20));
    connection.send("OPFIND / HTTP/1.1\r\nHost: a\r\n\r\n");
    connection.response("PROPFIND").expect(405);
}

#[test]
fn host_and_authority_must_agree() {
    let server = TestServer::of(&dist());
    let mut client = Http2::open(server.addresses()[0]);
    client.fetch("GET", "/a.txt", &[("host", "site.test")]).expect(200);
    client.fetch("GET", "/a.txt", &[("host", "SITE.test")]).expect(200);
    client.fetch("GET", "/a.txt", &[("host", "other.test")]).expect(400);
    client.get("/a.txt").expect(200);
}

#[test]
fn unwanted_content_is_refused_and_the_connection_goes_on() {
    let server = TestServer::of(&dist());
    let mut client = Http2::open(server.addresses()[0]);
    let (small, mut content) = client.send("POST", "/a.txt", &[], false);
    content.send_data("x".repeat(100).into(), true).unwrap();
    client.response(small).expect(405);
    // More than the server lets be sent: the answer comes before its end.
    let (endless, mut content) = client.send("POST", "/a.txt", &[], false);
    content.send_data("x".repeat(200_000).into(), false).unwrap();
    client.response(endless).expect(405);
    client.get("/a.txt").expect(200);
}

#[test]
fn number_of_streams_is_limited() {
    let server = TestServer::of(&dist());
    let mut client = Frames::open(server.addresses()[0]);
    client.send(PREFACE);
    let (_, _, _, settings) = client.next_of(4).expect("SETTINGS");
    let settings: Vec<_> = settings.chunks(6).map(|s| (s[1], u32::from_be_bytes([s[2], s[3], s[4], s[5]]))).collect();
    assert!(settings.iter().any(|(name, value)| *name == 3 && *value <= 256), "MAX_CONCURRENT_STREAMS: {settings:?}");
    assert!(settings.iter().any(|(name, value)| *name == 4 && *value <= 64 << 10), "INITIAL_WINDOW: {settings:?}");
    assert!(settings.iter().any(|(name, value)| *name == 6 && *value <= 64 << 10), "MAX_HEADER_LIST: {settings:?}");
}

#[test]
fn rapid_resets_end_the_connection() {
    let server = TestServer::of(&dist());
    let mut client = Frames::open(server.addresses()[0]);
    client.send(PREFACE);
    let target = b"\x82\x86\x04\x0a/large.png\x41\x09site.test";
    let resets = (1..4_000).step_by(2).flat_map(|stream| {
        let head = frame(HEADERS, END_STREAM | END_HEADERS, stream, target);
        [head, frame(RST_STREAM, 0, stream, &8u32.to_be_bytes())].concat()
    });
    client.send(&resets.collect::<Vec<_>>());
    let (_, _, _, payload) = client.next_of(GOAWAY).expect("GOAWAY");
    assert_eq!(payload[4..8], 11u32.to_be_bytes(), "ENHANCE_YOUR_CALM");
    let mut other = Http2::open(server.addresses()[0]);
    other.get("/a.txt").expect(200);
}

#[test]
fn endless_continuation_ends_the_connection() {
    let server = TestServer::of(&dist());
    let mut client = Frames::open(server.addresses()[0]);
    client.send(PREFACE);
    client.send(&frame(HEADERS, END_STREAM, 1, GET_ROOT));
    let field = [&b"\x40\x01x\x7f\x81\x1f"[..], &[b'v'; 4096]].concat();
    let taken = (0..20_000).take_while(|_| client.send(&frame(CONTINUATION, 0, 1, &field[..4000]))).count();
    assert!(taken < 20_000, "80 MB of a header section were taken");
    server.get("/a.txt").expect(200);
}

#[test]
fn floods_of_pings_and_settings_do_not_grow_the_server() {
    let server = TestServer::of(&dist());
    let mut client = Frames::open(server.addresses()[0]);
    client.send(PREFACE);
    let flood = [frame(PING, 0, 0, &[0; 8]), frame(4, 0, 0, &[])].concat().repeat(1000);
    let before = server.resident();
    // Nothing is read here: at some point the server has to stop reading, too.
    client.give_up_writing_after(Duration::from_secs(1));
    let taken = (0..5_000).take_while(|_| client.send(&flood)).count();
    assert!(taken < 5_000, "130 MB were taken without a word read");
    assert!(server.resident() < before + (8 << 20), "{} to {}", before, server.resident());
    server.get("/a.txt").expect(200);
}

#[test]
fn stream_that_is_not_read_is_given_up() {
    let server = TestServer::with(&dist(), &["--write-timeout", "1"]);
    let mut client = Http2::open(server.addresses()[0]);
    let (response, _) = client.send("GET", "/large.png", &[], true);
    let (head, mut body) = client.head(response);
    head.expect(200);
    client.wait(Duration::from_secs(3));
    let error = std::iter::from_fn(|| client.piece(&mut body)).find_map(Result::err).expect("a reset");
    assert_eq!(error.reason(), Some(Reason::CANCEL));
    client.get("/a.txt").expect(200);
}

#[test]
fn idle_connections_end_in_an_orderly_way() {
    let server = TestServer::with(&dist(), &["--idle-timeout", "1"]);
    let mut client = Frames::open(server.addresses()[0]);
    client.send(&[PREFACE, &frame(4, 1, 0, &[]), &frame(HEADERS, END_STREAM | END_HEADERS, 1, GET_ROOT)].concat());
    client.next_of(HEADERS).expect("a response");
    let begun = Instant::now();
    let (_, _, _, payload) = client.next_of(GOAWAY).expect("GOAWAY");
    assert_eq!(payload[4..8], [0; 4], "NO_ERROR");
    // A client that does not answer is not waited for.
    assert!(client.next_of(99).is_none());
    assert!((Duration::from_millis(900)..Duration::from_secs(8)).contains(&begun.elapsed()), "{:?}", begun.elapsed());
}

#[test]
fn signal_ends_idle_connections_at_once() {
    let dist = dist();
    let identity = Identity::new(&dist, "site", &["site.test"]);
    let mut server = TestServer::secured(&dist, &[&identity], &[]);
    let mut clients = vec![Http2::open(server.addresses()[0]), Http2::secure(server.secure_addresses()[0])];
    clients.iter_mut().for_each(|client| drop(client.get("/a.txt").expect(200)));
    // One that never speaks again.
    let mut silent = Frames::open(server.addresses()[0]);
    silent.send(PREFACE);
    silent.next_of(4).expect("SETTINGS");
    let begun = Instant::now();
    server.signal("TERM");
    assert!(clients.into_iter().all(Http2::ends), "GOAWAY comes first");
    assert_eq!(server.finish().code(), Some(0));
    assert!(begun.elapsed() < Duration::from_secs(3), "{:?}", begun.elapsed());
    assert!(silent.next_of(GOAWAY).is_some());
}

#[test]
fn signal_lets_streams_under_way_finish() {
    let mut server = TestServer::of(&dist());
    let mut client = Http2::open(server.addresses()[0]);
    let (response, _) = client.send("GET", "/large.png", &[], true);
    let (head, mut body) = client.head(response);
    head.expect(200);
    server.signal("TERM");
    client.wait(Duration::from_millis(600));
    assert!(server.is_running());
    let mut length = 0;
    while let Some(piece) = client.piece(&mut body) {
        length += piece.expect("the rest").len();
    }
    assert_eq!(length, LARGE);
    assert!(client.ends());
    let begun = Instant::now();
    assert_eq!(server.finish().code(), Some(0));
    assert!(begun.elapsed() < Duration::from_secs(3), "{:?}", begun.elapsed());
}

#[test]
fn access_log_names_the_protocol_and_the_bytes() {
    let dist = dist();
    let server = TestServer::of(&dist);
    let mut client = Http2::open(server.addresses()[0]);
    client.get("/large.png").expect(200);
    client.fetch("HEAD", "/large.png", &[]).expect(200);
    let lines = server.stop();
    let line =
        |method: &str| lines.iter().find(|line| line.contains(&format!("\"{method} /large.png HTTP/2.0\""))).unwrap();
    assert!(line("GET").contains(&format!(" 200 {LARGE} ")), "{}", line("GET"));
    assert!(line("HEAD").contains(" 200 - "), "{}", line("HEAD"));
}
