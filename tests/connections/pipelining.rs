//! Pipelining: responses come in the order of the requests, each whole, whatever the mix.

use std::time::Duration;

use super::super::support::{Connection, Random, Response, TestServer, request};
use super::{responses, server};

/// A request, and the response that it gets on a connection of its own.
struct Exchange {
    method: &'static str,
    text: String,
    alone: Response,
}

/// One request of every kind of response: with and without content, short and long, error and redirect.
fn exchanges(server: &TestServer) -> Vec<Exchange> {
    let tag = server.get("/a.txt").expect(200).etag().to_owned();
    let exchange = |method, target, headers: &[(&str, &str)], status| {
        let text = request(method, target, headers);
        let mut connection = server.connect();
        connection.send(&text);
        Exchange { method, text, alone: connection.response(method).expect(status) }
    };
    vec![
        exchange("GET", "/a.txt", &[], 200),
        exchange("HEAD", "/a.txt", &[], 200),
        exchange("GET", "/a.txt", &[("If-None-Match", &tag)], 304),
        exchange("GET", "/missing", &[], 404),
        exchange("GET", "/b.txt", &[("Range", "bytes=2-4")], 206),
        exchange("HEAD", "/missing", &[], 404),
        exchange("GET", "/docs", &[], 308),
        exchange("OPTIONS", "/", &[], 204),
        exchange("GET", "/large.png", &[], 200),
        exchange("HEAD", "/large.png", &[], 200),
    ]
}

/// Asserts that a response is the one that its request gets alone.
#[track_caller]
fn same(got: &Response, exchange: &Exchange, sequence: &str) {
    let alone = &exchange.alone;
    let equal = got.status == alone.status && got.stable_headers() == alone.stable_headers();
    assert!(equal && got.body == alone.body, "{} {:?} in {sequence}", got.status, got.headers);
}

/// Sends the sequence in one write; reads every response, then asserts that the connection still serves.
fn pipelined(server: &TestServer, sequence: &[&Exchange]) {
    let text: String = sequence.iter().map(|exchange| exchange.text.as_str()).collect();
    let mut connection = server.connect();
    connection.send(&text);
    for exchange in sequence {
        same(&connection.response(exchange.method), exchange, &text);
    }
    assert_eq!(connection.get("/b.txt").expect(200).text(), "beta, the second", "{text}");
}

/// Marks the `at`th of the sequence as the last one; asserts that it is.
fn closed_at(server: &TestServer, sequence: &[&Exchange], at: usize, option: &str) {
    let mut text = String::new();
    for (i, exchange) in sequence.iter().enumerate() {
        let line = format!("\r\nConnection: {option}\r\n\r\n");
        let closing = exchange.text.replace("\r\n\r\n", &line);
        text.push_str(if i == at { &closing } else { &exchange.text });
    }
    let mut connection = server.connect();
    connection.send(&text);
    for (i, exchange) in sequence[..=at].iter().enumerate() {
        let response = connection.response(exchange.method);
        same(&response, exchange, &text);
        assert_eq!(response.says_close(), i == at, "response {i} to {text}");
    }
    connection.expect_end();
}

#[test]
fn every_mix_of_three_requests_is_answered_in_order() {
    let server = server();
    let all = exchanges(&server);
    for first in &all {
        for second in &all {
            for third in &all {
                pipelined(&server, &[first, second, third]);
            }
        }
    }
}

#[test]
fn close_on_any_of_three_requests_ends_the_connection_after_its_response() {
    let server = server();
    let all = exchanges(&server);
    let few = &all[..6];
    for first in few {
        for second in few {
            for third in few {
                for at in 0..3 {
                    closed_at(&server, &[first, second, third], at, "close");
                }
            }
        }
    }
}

#[test]
fn long_pipelines_of_any_mix_are_answered_in_order() {
    let server = server();
    let all = exchanges(&server);
    let mut random = Random::seeded(0x9112);
    for _ in 0..30 {
        let length = 2 + random.below(40);
        let sequence: Vec<_> = (0..length).map(|_| random.choice(&all)).collect();
        pipelined(&server, &sequence);
        closed_at(&server, &sequence, random.below(length), "close");
    }
}

#[test]
fn requests_may_be_split_at_any_byte() {
    let server = server();
    let text = request("GET", "/a.txt", &[]) + &request("HEAD", "/b.txt", &[("Connection", "close")]);
    for at in 1..text.len() {
        let mut connection = server.connect();
        connection.send(&text[..at]);
        std::thread::sleep(Duration::from_millis(1));
        connection.send(&text[at..]);
        assert_eq!(connection.response("GET").expect(200).text(), "alpha", "split at {at}");
        assert_eq!(connection.response("HEAD").expect(200).content_length(), 16, "split at {at}");
        connection.expect_end();
    }
}

#[test]
fn heads_may_come_byte_by_byte() {
    let server = server();
    let mut connection = server.connect();
    for byte in request("GET", "/a.txt", &[]).bytes().chain(request("GET", "/b.txt", &[]).bytes()) {
        connection.send([byte]);
        std::thread::sleep(Duration::from_micros(200));
    }
    assert_eq!(connection.response("GET").expect(200).text(), "alpha");
    assert_eq!(connection.response("GET").expect(200).text(), "beta, the second");
}

/// A client may write all its requests before it reads anything.
#[test]
fn reader_that_starts_late_gets_everything() {
    let server = server();
    let mut connection = Connection::narrow(server.addresses()[0]);
    for _ in 0..20 {
        connection.send(request("GET", "/large.png", &[]));
    }
    connection.send(request("GET", "/a.txt", &[("Connection", "close")]));
    std::thread::sleep(Duration::from_millis(200));
    let all = responses(&mut connection);
    assert_eq!(all.len(), 21);
    let large = server.get("/large.png").expect(200).body;
    assert!(all[..20].iter().all(|response| response.body == large));
    assert_eq!(all[20].text(), "alpha");
}
