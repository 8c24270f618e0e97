//! The access log: one line per response in the combined format, escaped, complete at the end.

mod file;
mod json;

use std::io::{BufRead, BufReader, Read};
use std::net::SocketAddr;
use std::process::{Child, ChildStderr, Stdio};

use super::support::{Connection, Dist, Metrics, TestServer, finish, request, signal, site};

/// The parts of a line: `127.0.0.1 - - [time] "request" status bytes "referer" "user agent" microseconds`.
#[derive(Debug)]
struct Line {
    request: String,
    status: String,
    bytes: String,
    referer: String,
    user_agent: String,
}

/// Reads a line as its format says: a quote inside a quoted part must be escaped.
fn parse(line: &str) -> Option<Line> {
    let rest = line.strip_prefix("127.0.0.1 - - [")?;
    let (time, rest) = rest.split_once("] ")?;
    let shape: String = time.chars().map(|c| if c.is_ascii_digit() { '0' } else { c }).collect();
    let month = shape.get(3..6)?.to_owned();
    assert_eq!(shape.replace(&month, "Mon"), "00/Mon/0000:00:00:00 +0000", "{line}");
    let (request, rest) = quoted(rest)?;
    let (status, rest) = rest.strip_prefix(' ')?.split_once(' ')?;
    let (bytes, rest) = rest.split_once(' ')?;
    let (referer, rest) = quoted(rest)?;
    let (user_agent, rest) = quoted(rest.strip_prefix(' ')?)?;
    rest.strip_prefix(' ')?.parse::<u64>().ok()?;
    Some(Line { request, status: status.to_owned(), bytes: bytes.to_owned(), referer, user_agent })
}

/// A quoted string at the start, as written, and what follows it.
fn quoted(text: &str) -> Option<(String, &str)> {
    let inner = text.strip_prefix('"')?;
    let mut escaped = false;
    for (at, character) in inner.char_indices() {
        match character {
            '"' if !escaped => return Some((inner[..at].to_owned(), &inner[at + 1..])),
            _ => escaped = character == '\\' && !escaped,
        }
    }
    None
}

/// The access log among the lines of standard error.
fn access_lines(lines: &[String]) -> Vec<Line> {
    let own = lines.iter().filter(|line| line.starts_with("127.0.0.1 - - ["));
    own.map(|line| parse(line).unwrap_or_else(|| panic!("not a line of the format: {line}"))).collect()
}

fn dist() -> Dist {
    Dist::with(&[("a.txt", b"0123456789"), ("404.html", b"<p>missing"), ("docs/index.html", b"<p>docs")])
}

#[test]
fn every_response_has_one_line() {
    let server = TestServer::of(&dist());
    let tag = server.get("/a.txt").expect(200).etag().to_owned();
    let mut connection = server.connect();
    for (method, target, headers) in [
        ("HEAD", "/a.txt", [].as_slice()),
        ("GET", "/a.txt?x=%22&y", &[("If-None-Match", &*tag)]),
        ("GET", "/a.txt", &[("Range", "bytes=0-3")]),
        ("GET", "/missing", &[("Referer", "http://site.test/docs/"), ("User-Agent", "Test/1.0 (x; y)")]),
        ("GET", "/docs", &[]),
        ("OPTIONS", "/", &[]),
        ("POST", "/", &[]),
    ] {
        connection.fetch(method, target, headers);
    }
    drop(connection);
    let lines = access_lines(&server.stop());
    let summary: Vec<_> = lines.iter().map(|line| (&*line.request, &*line.status, &*line.bytes)).collect();
    let expected = [
        ("GET /a.txt HTTP/1.1", "200", "10"),
        ("HEAD /a.txt HTTP/1.1", "200", "0"),
        ("GET /a.txt?x=%22&y HTTP/1.1", "304", "0"),
        ("GET /a.txt HTTP/1.1", "206", "4"),
        ("GET /missing HTTP/1.1", "404", "10"),
        ("GET /docs HTTP/1.1", "308", lines[5].bytes.as_str()),
        ("OPTIONS / HTTP/1.1", "204", "0"),
        ("POST / HTTP/1.1", "405", lines[7].bytes.as_str()),
    ];
    let zero = |bytes: &str| if bytes == "-" { "0".to_owned() } else { bytes.to_owned() };
    for ((request, status, bytes), expected) in summary.iter().zip(expected) {
        assert_eq!((*request, *status, &*zero(bytes)), expected);
    }
    assert_eq!(summary.len(), expected.len());
    assert_eq!((&*lines[4].referer, &*lines[4].user_agent), ("http://site.test/docs/", "Test/1.0 (x; y)"));
    assert_eq!((&*lines[1].referer, &*lines[1].user_agent), ("-", "-"));
}

/// CWE-117: what a client sends can't forge a line, or reach the terminal of who reads it.
#[test]
fn control_characters_and_quotes_are_escaped() {
    let server = TestServer::of(&dist());
    let odd = "a\tb \" c \\ d \u{1b}[31m \u{7f} \u{9b}31m \u{fc} \\\" e";
    for (name, value) in [("User-Agent", odd), ("Referer", odd), ("User-Agent", "\"\""), ("User-Agent", "\\")] {
        let mut connection = server.connect();
        connection.send(request("GET", "/a.txt", &[(name, value)]));
        assert!(matches!(connection.response("GET").status, 200 | 400));
    }
    for target in ["/a%0ab", "/\u{9b}31m", "/\"", "/%1b[31m", "/a\u{7f}b", "/\\\" 200 5 \""] {
        let mut connection = server.connect();
        connection.send(request("GET", target, &[("Connection", "close")]));
        assert!(connection.response("GET").status >= 400, "{target}");
    }
    server.get("/a.txt").expect(200);
    let lines = server.stop();
    for line in &lines {
        assert!(!line.chars().any(|c| c.is_control() || c == '\u{fffd}'), "unescaped: {line:?}");
    }
    let own = access_lines(&lines);
    assert!(own.iter().filter(|line| line.status == "200").count() >= 1);
    let tab = own.iter().find(|line| line.user_agent.starts_with('a'));
    assert!(tab.is_none_or(|line| line.user_agent.starts_with("a\\t") || line.user_agent.starts_with("a\\x09")));
}

#[test]
fn refused_requests_have_a_line_too() {
    let server = TestServer::of(&dist());
    let mut connection = server.connect();
    connection.send("GET /a.txt HTTP/1.1\r\nHost: a b\r\n\r\n");
    connection.response("GET").expect(400);
    let lines = access_lines(&server.stop());
    assert_eq!(lines.iter().map(|line| &*line.status).collect::<Vec<_>>(), ["400"]);
}

/// Sends this many requests on each of four connections at once.
fn load(server: &TestServer, each: usize) {
    std::thread::scope(|scope| {
        for client in 0..4 {
            let mut connection = server.connect();
            scope.spawn(move || {
                for n in 0..each {
                    connection.fetch("GET", &format!("/a.txt?{client}-{n}"), &[]).expect(200);
                }
            });
        }
    });
}

/// Asserts that the queries of `load` are all there, each once.
fn complete(lines: &[Line], each: usize) {
    let mut requests: Vec<_> = lines.iter().map(|line| &line.request).collect();
    requests.sort();
    requests.dedup();
    assert_eq!((lines.len(), requests.len()), (4 * each, 4 * each));
}

#[test]
fn nothing_is_lost_at_a_clean_exit() {
    let server = TestServer::of(&dist());
    load(&server, 1500);
    complete(&access_lines(&server.stop()), 1500);
}

#[test]
fn off_writes_no_lines() {
    let server = TestServer::with(&dist(), &["--access-log", "off"]);
    server.get("/a.txt").expect(200);
    assert!(access_lines(&server.stop()).is_empty());
}

#[test]
fn lines_appear_while_the_server_runs() {
    let server = TestServer::of(&dist());
    server.get("/a.txt?now").expect(200);
    assert!(server.log().wait_for(|line| line.contains("/a.txt?now")).is_some());
}

/// A server whose standard error nobody reads after the start line.
struct Unread {
    child: Child,
    address: SocketAddr,
    admin: SocketAddr,
    reader: Option<BufReader<ChildStderr>>,
    _dist: Dist,
}

impl Unread {
    fn start(shutdown_timeout: &str) -> Self {
        let dist = dist();
        let mut command = site(&["serve", "--listen-on", "127.0.0.1:0", "--shutdown-timeout", shutdown_timeout]);
        command.args(["--dist-dir", &dist.argument(), "--admin-listen-on", "127.0.0.1:0"]);
        let mut child = command.stderr(Stdio::piped()).spawn().expect("started");
        let mut reader = BufReader::new(child.stderr.take().expect("piped"));
        let mut address_after = |words: &str| {
            let mut line = String::new();
            while !line.contains(words) {
                line.clear();
                assert_ne!(reader.read_line(&mut line).expect("a line"), 0, "no line with {words}");
            }
            let (_, rest) = line.split_once(words).expect("an address");
            rest.split_whitespace().next().expect("an address").parse().expect("IP:PORT")
        };
        let (admin, address) = (address_after("admin listener at http://"), address_after(" on http://"));
        Self { address, admin, child, reader: Some(reader), _dist: dist }
    }

    /// Sends requests whose lines are long: the agent's bytes are escaped, four characters for each.
    fn load(&self, requests: usize) {
        let agent = "\u{e9}".repeat(1000);
        let mut connection = Connection::open(self.address);
        for _ in 0..requests {
            connection.fetch("GET", "/a.txt", &[("User-Agent", &agent)]).expect(200);
        }
    }
}

impl Drop for Unread {
    fn drop(&mut self) {
        // Either may fail when the process has ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A reader of the log that is stuck must not become a site that is stuck; what did not fit is counted.
#[test]
fn serving_never_waits_for_the_log_and_dropped_lines_are_counted() {
    const REQUESTS: usize = 1500;
    let mut server = Unread::start("30");
    server.load(REQUESTS);
    let metrics = Metrics::parse(Connection::open(server.admin).get("/metrics").expect(200).text());
    let counted = metrics.value("site_access_log_dropped_lines_total");
    signal(&server.child, "TERM");
    let mut text = String::new();
    let reader = server.reader.as_mut().expect("the pipe");
    reader.read_to_string(&mut text).expect("the log, now that it is read");
    assert_eq!(finish(&mut server.child).code(), Some(0));
    let (own, others): (Vec<_>, Vec<_>) = text.lines().partition(|line| line.starts_with("127.0.0.1 - - ["));
    let dropped = others.iter().find(|line| line.contains("dropped")).expect("a count of dropped lines");
    let numbers = dropped.split(|c: char| !c.is_ascii_digit() && c != '-' && c != ':' && c != 'T');
    let numbers: Vec<usize> = numbers.filter_map(|number| number.parse().ok()).collect();
    assert!(
        own.len() < REQUESTS && numbers.contains(&(REQUESTS - own.len())) && counted == (REQUESTS - own.len()) as f64,
        "{} of {REQUESTS}, {counted} counted: {dropped}",
        own.len()
    );
}

#[test]
fn broken_log_does_not_make_the_exit_unclean() {
    let mut server = Unread::start("30");
    server.reader = None; // closes the pipe
    server.load(20);
    signal(&server.child, "TERM");
    assert_eq!(finish(&mut server.child).code(), Some(0));
}

/// A reader that is stuck for good holds neither the stop of serving nor, past the time limit, the end.
#[test]
fn stuck_log_does_not_hold_the_end() {
    let mut server = Unread::start("1");
    server.load(200);
    signal(&server.child, "TERM");
    finish(&mut server.child);
}
