//! `site health`: what it asks, and what it makes of the answer.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::process::Output;
use std::time::{Duration, Instant};

use super::support::{Dist, TestServer, run, site};

fn ask(arguments: &[&str], variables: &[(&str, &str)]) -> Output {
    let mut command = site(&[&["health"], arguments].concat());
    command.envs(variables.iter().copied());
    run(command)
}

#[track_caller]
fn healthy(arguments: &[&str], variables: &[(&str, &str)]) -> String {
    let output = ask(arguments, variables);
    let message = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.success() && message.is_empty(), "{message}");
    String::from_utf8(output.stdout).unwrap()
}

/// Exit code 1 and one line that says why, in these words.
#[track_caller]
fn unhealthy(arguments: &[&str], words: &str) {
    let output = ask(arguments, &[]);
    let message = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{message}");
    assert!(output.stdout.is_empty() && message.lines().count() == 1, "{message}");
    assert!(message.contains(words), "{words:?} is not in: {message}");
}

/// Answers one connection with these bytes; returns what was asked.
fn answering(bytes: &'static [u8]) -> (String, std::thread::JoinHandle<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let answering = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let (mut asked, mut chunk) = (Vec::new(), [0; 1024]);
        while !asked.ends_with(b"\r\n\r\n") {
            let length = stream.read(&mut chunk).unwrap();
            asked.extend_from_slice(&chunk[..length]);
        }
        stream.write_all(bytes).unwrap();
        String::from_utf8(asked).unwrap()
    });
    (address, answering)
}

#[test]
fn success_and_redirect_are_healthy_and_errors_are_not() {
    let dist = Dist::with(&[("index.html", b"<p>home")]);
    let server = TestServer::of(&dist);
    let url = |path: &str| format!("http://{}{path}", server.addresses()[0]);
    assert_eq!(healthy(&[&url("/")], &[]), format!("{}: 200\n", url("/")));
    assert_eq!(healthy(&[&url("/index.html")], &[]), format!("{}: 308\n", url("/index.html")));
    unhealthy(&[&url("/missing")], "the status is 404");
}

#[test]
fn unix_socket_is_asked_with_a_path_or_without() {
    let dist = Dist::with(&[("index.html", b"<p>home"), ("a.txt", b"alpha")]);
    let path = dist.beside("site.sock");
    let address = format!("unix:{}", path.display());
    let _server = TestServer::launch(site(&["serve", "--dist-dir", &dist.argument(), "--listen-on", &address]));
    healthy(&[&address], &[]);
    healthy(&[&format!("{address}:/a.txt")], &[]);
    unhealthy(&[&format!("{address}:/missing")], "404");
    healthy(&[], &[("SITE_LISTEN_ON", &format!("{address},mode=660"))]);
}

#[test]
fn nobody_there_is_unhealthy() {
    let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    unhealthy(&[&format!("http://{free}/")], "nobody answers there");
    unhealthy(&["unix:/no/such/socket"], "nobody answers there");
}

#[test]
fn answer_that_does_not_come_is_unhealthy_in_time() {
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/", silent.local_addr().unwrap());
    let begun = Instant::now();
    unhealthy(&[&url, "--timeout", "1"], "no answer in 1 s");
    assert!(begun.elapsed() < Duration::from_secs(4));
}

/// Bytes that keep coming do not make the time longer.
#[test]
fn answer_in_drops_is_unhealthy_in_time() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        while stream.write_all(b"H").is_ok() {
            std::thread::sleep(Duration::from_millis(200));
        }
    });
    unhealthy(&[&url, "--timeout", "1"], "no answer in 1 s");
}

#[test]
fn answer_that_is_not_http_is_unhealthy() {
    for bytes in [&b"220 mail.example ESMTP\r\n"[..], b"", b"\x15\x03\x01\x00\x02\x02\x46\n", b"HTTP/1.1 2\r\n"] {
        let (address, answering) = answering(bytes);
        unhealthy(&[&format!("http://{address}/")], "not HTTP/1");
        answering.join().unwrap();
    }
}

#[test]
fn request_is_a_get_with_a_host_that_closes() {
    let (address, answering) = answering(b"HTTP/1.1 204 No Content\r\n\r\n");
    healthy(&[&format!("http://{address}/a?b")], &[]);
    let asked = answering.join().unwrap();
    assert!(asked.starts_with(&format!("GET /a?b HTTP/1.1\r\nhost: {address}\r\n")), "{asked}");
    assert!(asked.contains("\r\nconnection: close\r\n"), "{asked}");
}

#[test]
fn environment_of_the_server_says_what_to_ask() {
    let (address, answered) = answering(b"HTTP/1.1 200 OK\r\n\r\n");
    let port = address.rsplit_once(':').unwrap().1.to_owned();
    healthy(&[], &[("SITE_LISTEN_ON", &format!("0.0.0.0:{port}"))]);
    assert!(answered.join().unwrap().starts_with("GET / HTTP/1.1\r\n"));
    let (address, answered) = answering(b"HTTP/1.1 200 OK\r\n\r\n");
    let output = healthy(&[], &[("SITE_LISTEN_ON", "192.0.2.1:1"), ("SITE_ADMIN_LISTEN_ON", &address)]);
    assert_eq!(output, format!("http://{address}/readyz: 200\n"));
    assert!(answered.join().unwrap().starts_with("GET /readyz HTTP/1.1\r\n"));
}

#[test]
fn what_can_not_be_asked_is_refused_with_a_remedy() {
    unhealthy(&["https://127.0.0.1/"], "--admin-listen-on");
    unhealthy(&["http://no-such-host.invalid/"], "not an IP address");
    unhealthy(&["localhost:8080"], "http://HOST:PORT/PATH");
    for address in ["fd:3", "systemd", "127.0.0.1:0"] {
        let output = ask(&[], &[("SITE_LISTEN_ON", address)]);
        let message = String::from_utf8(output.stderr).unwrap();
        assert!(output.status.code() == Some(1) && message.contains("name the URL"), "{message}");
    }
}
