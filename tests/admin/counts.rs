//! What the metrics count: requests, bytes, connections, reloads, certificates.

use std::time::{Duration, Instant};

use x509_cert::der::Decode;

use super::super::support::{Connection, Http2, Identity, Metrics, Offer, PATIENCE, TestServer, eventually, request};
use super::{ADMIN, dist};

/// Asserts counts, once the last response is counted, too.
#[track_caller]
fn counts(server: &TestServer, expected: &[(&str, f64)]) {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let metrics = server.metrics();
        let wrong = expected.iter().find(|(series, value)| metrics.value(series) != *value);
        match wrong {
            None => return,
            Some((series, value)) => {
                assert!(Instant::now() < deadline, "{series} is {}, not {value}", metrics.value(series));
            }
        }
        std::thread::sleep(Duration::from_millis(10));
    }
}

#[test]
fn requests_are_counted_by_status_coding_and_protocol() {
    let server = TestServer::with(&dist(), &ADMIN);
    let tag = server.get("/a.txt").expect(200).etag().to_owned();
    for _ in 0..3 {
        server.get_with("/page", &[("Accept-Encoding", "br")]).expect(200);
    }
    server.get_with("/page", &[("Accept-Encoding", "gzip")]).expect(200);
    server.get_with("/a.txt", &[("If-None-Match", &tag)]).expect(304);
    server.get_with("/a.txt", &[("Range", "bytes=0-3")]).expect(206);
    server.fetch("HEAD", "/a.txt", &[]).expect(200);
    server.get("/missing").expect(404);
    server.fetch("POST", "/", &[]).expect(405);
    let mut old = server.connect();
    old.send("GET /a.txt HTTP/1.0\r\n\r\n");
    old.response("GET").expect(200);
    let mut client = Http2::open(server.addresses()[0]);
    client.fetch("GET", "/page", &[("accept-encoding", "br")]).expect(200);
    client.get("/missing").expect(404);
    counts(
        &server,
        &[
            ("site_http_requests_total{class=\"2xx\",code=\"200\",coding=\"identity\",protocol=\"http/1.1\"}", 2.0),
            ("site_http_requests_total{class=\"2xx\",code=\"200\",coding=\"br\",protocol=\"http/1.1\"}", 3.0),
            ("site_http_requests_total{class=\"2xx\",code=\"200\",coding=\"gzip\",protocol=\"http/1.1\"}", 1.0),
            ("site_http_requests_total{class=\"2xx\",code=\"200\",coding=\"identity\",protocol=\"http/1.0\"}", 1.0),
            ("site_http_requests_total{class=\"2xx\",code=\"200\",coding=\"br\",protocol=\"h2\"}", 1.0),
            ("site_http_requests_total{class=\"3xx\",code=\"304\",coding=\"identity\",protocol=\"http/1.1\"}", 1.0),
            ("site_http_requests_total{class=\"2xx\",code=\"206\",coding=\"identity\",protocol=\"http/1.1\"}", 1.0),
            ("site_http_requests_total{class=\"4xx\",code=\"404\",coding=\"identity\",protocol=\"http/1.1\"}", 1.0),
            ("site_http_requests_total{class=\"4xx\",code=\"404\",coding=\"identity\",protocol=\"h2\"}", 1.0),
            ("site_http_requests_total{class=\"4xx\",code=\"405\",coding=\"identity\",protocol=\"http/1.1\"}", 1.0),
            ("site_http_requests_total{class=\"5xx\",code=\"503\",coding=\"identity\",protocol=\"http/1.1\"}", 0.0),
            ("site_http_request_duration_seconds_count", 13.0),
            ("site_http_request_duration_seconds_bucket{le=\"+Inf\"}", 13.0),
        ],
    );
    let metrics = server.metrics();
    assert_eq!(metrics.sum("site_http_requests_total", ""), 13.0, "no other kind is counted");
    let buckets: Vec<_> = ["0.0001", "0.001", "0.01", "0.1", "1.0", "60.0", "+Inf"]
        .map(|le| metrics.value(&format!("site_http_request_duration_seconds_bucket{{le=\"{le}\"}}")))
        .into();
    assert!(buckets.is_sorted(), "{buckets:?}");
    assert!(metrics.value("site_http_request_duration_seconds_sum") > 0.0);
}

#[test]
fn bytes_are_those_of_the_content_that_was_sent() {
    let server = TestServer::with(&dist(), &ADMIN);
    server.get("/a.txt").expect(200);
    server.fetch("HEAD", "/large.png", &[]).expect(200);
    server.get_with("/large.png", &[("Range", "bytes=0-99999")]).expect(206);
    counts(&server, &[("site_http_response_content_bytes_total", 100_010.0)]);
}

#[test]
fn refusals_and_rejections_are_counted() {
    let flags = ["--max-connections-per-address", "3", "--header-timeout", "1"];
    let server = TestServer::with(&dist(), &[&ADMIN[..], &flags].concat());
    let mut held: Vec<_> = (0..3).map(|_| server.connect()).collect();
    held[0].send("nonsense\r\n\r\n");
    held[0].response("GET").expect(400);
    held[2].send(request("GET", "/", &[("X", &"x".repeat(40_000))]));
    held[2].response("GET").expect(431);
    held[1].send("GET /a.txt HTTP/1.1\r\nHost:");
    held[1].response("GET").expect(408);
    let refusals = [("400", 1.0), ("408", 1.0), ("431", 1.0), ("414", 0.0)]
        .map(|(code, count)| (format!("site_http_refusals_total{{code=\"{code}\"}}"), count));
    let refusals: Vec<_> = refusals.iter().map(|(series, count)| (series.as_str(), *count)).collect();
    counts(&server, &refusals);
    assert_eq!(server.metrics().sum("site_http_requests_total", "class=\"4xx\""), 3.0, "refusals are answers, too");
    drop(held);
    eventually("all are closed", || server.metrics().value("site_connections_open") == 0.0);
    let mut held: Vec<_> = (0..3).map(|_| server.connect()).collect();
    for connection in &mut held {
        connection.get("/a.txt").expect(200);
    }
    server.connect().expect_end();
    counts(
        &server,
        &[
            ("site_connections_rejected_total{reason=\"address_limit\"}", 1.0),
            ("site_connections_rejected_total{reason=\"tls_handshake\"}", 0.0),
            ("site_connections_accepted_total", 7.0),
            ("site_connections_open", 3.0),
        ],
    );
}

#[test]
fn handshakes_that_fail_are_counted() {
    let dist = dist();
    let identity = Identity::new(&dist, "site", &["site.test"]);
    let server = TestServer::secured(&dist, &[&identity], &ADMIN);
    // One that leaves was not rejected: that is what load balancers' probes do.
    drop(Connection::open(server.secure_addresses()[0]));
    let mut plain = Connection::open(server.secure_addresses()[0]);
    plain.send(request("GET", "/", &[]));
    plain.rest();
    counts(&server, &[("site_connections_accepted_total", 2.0), ("site_connections_open", 0.0)]);
    counts(&server, &[("site_connections_rejected_total{reason=\"tls_handshake\"}", 1.0)]);
}

#[test]
fn what_is_served_is_named_and_followed() {
    let dist = dist();
    let server = TestServer::with(&dist, &ADMIN);
    let pack = server.pack().to_owned();
    let info =
        |metrics: &Metrics| metrics.of("site_build_info").map(|(series, _)| series.to_owned()).collect::<Vec<_>>();
    let named = |pack: &str| format!("site_build_info{{version=\"0.1.0\",pack=\"{pack}\",carrier=\"directory\"}}");
    let metrics = server.metrics();
    assert_eq!(info(&metrics), [named(&pack)]);
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs_f64();
    assert!((now - 60.0..=now).contains(&metrics.value("process_start_time_seconds")));
    assert_eq!(metrics.value("site_reloads_total{subject=\"site\",result=\"success\"}"), 0.0);
    dist.replace("a.txt", "another");
    let line = server.log().wait_for(|line| line.contains("now serving pack")).expect("a reload");
    let (_, new) = line.split_once("pack ").unwrap();
    assert_ne!(new[..16], pack);
    let metrics = server.metrics();
    assert_eq!(info(&metrics), [named(&new[..16])]);
    assert_eq!(metrics.value("site_reloads_total{subject=\"site\",result=\"success\"}"), 1.0);
    assert_eq!(metrics.value("site_reloads_total{subject=\"site\",result=\"failure\"}"), 0.0);
    for name in ["a.txt", "index.html", "page.html", "large.png", "livez"] {
        dist.remove(name);
    }
    eventually("a folder without files is no site", || {
        server.metrics().value("site_reloads_total{subject=\"site\",result=\"failure\"}") > 0.0
    });
}

#[test]
fn certificates_are_told_with_their_ends() {
    let dist = dist();
    let identity = Identity::new(&dist, "site", &["site.test", "*.site.test"]);
    let server = TestServer::secured(&dist, &[&identity], &ADMIN);
    let connection = server.connect_secure(Offer { host: "site.test", protocols: &["http/1.1"] });
    let shown = &connection.tls().conn.peer_certificates().expect("a certificate")[0];
    let shown = x509_cert::Certificate::from_der(shown).expect("a certificate");
    let end = shown.tbs_certificate().validity().not_after.to_unix_duration().as_secs_f64();
    let metrics = server.metrics();
    for name in ["site.test", "*.site.test"] {
        let series = format!("site_certificate_expiry_timestamp_seconds{{name=\"{name}\"}}");
        assert_eq!(metrics.value(&series), end);
    }
    identity.renew(&["new.test"]);
    let series = "site_reloads_total{subject=\"certificates\",result=\"success\"}";
    eventually("the new certificate is counted", || server.metrics().value(series) > 0.0);
    let names: Vec<_> =
        server.metrics().of("site_certificate_expiry_timestamp_seconds").map(|(series, _)| series.to_owned()).collect();
    assert_eq!(names, ["site_certificate_expiry_timestamp_seconds{name=\"new.test\"}"]);
    std::fs::write(&identity.certificate, "junk").unwrap();
    let series = "site_reloads_total{subject=\"certificates\",result=\"failure\"}";
    eventually("the bad certificate is counted", || server.metrics().value(series) > 0.0);
}

/// Counts of several threads are added up, and none gets lost while they are read.
#[test]
fn nothing_is_lost_under_load() {
    let server = TestServer::with(&dist(), &[&ADMIN[..], &["--workers", "3", "--access-log", "off"]].concat());
    std::thread::scope(|scope| {
        for _ in 0..6 {
            scope.spawn(|| {
                let mut connection = server.connect();
                for _ in 0..500 {
                    connection.get("/a.txt").expect(200);
                }
            });
        }
        for _ in 0..20 {
            server.metrics();
            std::thread::sleep(Duration::from_millis(10));
        }
    });
    counts(
        &server,
        &[
            ("site_http_requests_total{class=\"2xx\",code=\"200\",coding=\"identity\",protocol=\"http/1.1\"}", 3000.0),
            ("site_http_response_content_bytes_total", 30_000.0),
            ("site_http_request_duration_seconds_count", 3000.0),
            ("site_connections_accepted_total", 6.0),
        ],
    );
}
