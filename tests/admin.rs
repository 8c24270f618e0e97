//! The admin listener: life, readiness until the end, and metrics that count what happens.

mod counts;

use std::net::{TcpListener, TcpStream};

use super::support::{Connection, Dist, Metrics, Response, TestServer, eventually, noise, prose, request, run, site};

const ADMIN: [&str; 2] = ["--admin-listen-on", "127.0.0.1:0"];

fn dist() -> Dist {
    let dist = Dist::with(&[("index.html", b"<p>home"), ("a.txt", b"0123456789"), ("livez", b"a file")]);
    dist.file("page.html", prose(20_000)).file("large.png", noise(12_000_000, 8));
    dist
}

fn ask(server: &TestServer, path: &str) -> Response {
    Connection::open(server.admin()).get(path)
}

#[test]
fn it_has_addresses_and_paths_of_its_own() {
    let server = TestServer::with(&dist(), &ADMIN);
    assert!(!server.addresses().contains(&server.admin()), "{}", server.start_line());
    for (path, words) in [("/livez", "alive"), ("/readyz", "ready")] {
        let answer = ask(&server, path).expect(200);
        assert!(answer.text().contains(words), "{}", answer.text());
        assert_eq!(answer.required("cache-control"), "no-store");
        let mut connection = Connection::open(server.admin());
        connection.fetch("HEAD", path, &[]).expect(200);
        assert_eq!(connection.fetch("POST", path, &[]).expect(405).required("allow"), "GET, HEAD");
    }
    for path in ["/", "/a.txt", "/livez/", "/metrics.txt", "/%6civez2"] {
        ask(&server, path).expect(404);
    }
    assert_eq!(server.get("/livez").expect(200).text(), "a file", "no path of the site is taken");
    server.get("/metrics").expect(404);
    server.get("/readyz").expect(404);
}

#[test]
fn there_is_none_unless_asked_for() {
    let server = TestServer::of(&dist());
    server.get("/metrics").expect(404);
    let lines = server.stop();
    assert!(!lines.iter().any(|line| line.contains("admin")), "{lines:?}");
}

#[test]
fn bad_admin_addresses_are_refused() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let taken = taken.local_addr().unwrap().to_string();
    for (address, remedy) in [("127.0.0.1", "IP:PORT"), ("localhost", "IP:PORT"), (taken.as_str(), "in use")] {
        let output = run(site(&["serve", "--listen-on", "127.0.0.1:0", "--admin-listen-on", address]));
        let message = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(1), "{message}");
        assert_eq!(message.lines().count(), 1, "{message}");
        assert!(message.contains(&format!("--admin-listen-on {address}")) && message.contains(remedy), "{message}");
    }
}

/// Load balancers look at /readyz; what still comes is served meanwhile.
#[test]
fn readiness_ends_with_the_signal_and_life_with_the_process() {
    let mut server = TestServer::with(&dist(), &[&ADMIN[..], &["--shutdown-delay", "2"]].concat());
    let admin = server.admin();
    let mut slow = Connection::narrow(server.addresses()[0]);
    slow.send(request("GET", "/large.png", &[]));
    slow.head("GET").expect("a response").expect(200);
    ask(&server, "/readyz").expect(200);
    server.signal("TERM");
    eventually("no longer ready", || ask(&server, "/readyz").status == 503);
    assert!(ask(&server, "/readyz").text().contains("stopping"));
    server.get("/a.txt").expect(200);
    ask(&server, "/livez").expect(200);
    // The delay is over; the slow response is still under way.
    eventually("the site's socket closes", || TcpStream::connect(server.addresses()[0]).is_err());
    ask(&server, "/livez").expect(200);
    assert!(ask(&server, "/readyz").expect(503).text().contains("connections open: 1"));
    assert_eq!(server.metrics().value("site_connections_open"), 1.0);
    while !slow.body(1 << 20).is_empty() {}
    assert_eq!(slow.owed(), 0, "the response came whole");
    drop(slow);
    assert_eq!(server.finish().code(), Some(0));
    assert!(TcpStream::connect(admin).is_err());
}

/// Prometheus asks for OpenMetrics first; others read its own text format only.
#[test]
fn format_is_the_one_that_is_asked_for() {
    let server = TestServer::with(&dist(), &ADMIN);
    server.get("/a.txt").expect(200);
    let mut connection = Connection::open(server.admin());
    let prometheus = "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,\
                      application/openmetrics-text;version=0.0.1;q=0.5,text/plain;version=0.0.4;q=0.2,*/*;q=0.1";
    let answer = connection.fetch("GET", "/metrics", &[("Accept", prometheus)]).expect(200);
    assert_eq!(answer.required("content-type"), "application/openmetrics-text; version=1.0.0; charset=utf-8");
    assert!(answer.text().ends_with("\n# EOF\n"));
    assert!(answer.text().contains("# TYPE site_http_requests counter\n"));
    assert!(answer.text().contains("# UNIT site_http_request_duration_seconds seconds\n"));
    for accept in ["*/*", "text/plain;version=0.0.4", "application/openmetrics-text;version=0.0.1"] {
        let answer = connection.fetch("GET", "/metrics", &[("Accept", accept)]).expect(200);
        assert_eq!(answer.required("content-type"), "text/plain; version=0.0.4; charset=utf-8", "{accept}");
        assert!(answer.text().contains("# TYPE site_http_requests_total counter\n"));
        assert!(!answer.text().contains("EOF") && !answer.text().contains("UNIT"));
        Metrics::parse(answer.text());
    }
}
