//! Trusted proxies: whose requests and connections are whose, by Forwarded, X-Forwarded-* and the PROXY protocol.

use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::time::Duration;

use serde_json::Value;

use super::support::{Connection, Dist, Http2, Identity, Offer, TestServer, request, run, site};

const JSON: [&str; 2] = ["--access-log", "json"];

fn dist() -> Dist {
    Dist::with(&[("index.html", b"<p>home"), ("a.txt", b"alpha")])
}

fn trusting(networks: &str, more: &[&str]) -> TestServer {
    TestServer::with(&dist(), &[&JSON[..], &["--trusted-proxy", networks], more].concat())
}

/// What the log says about the request with this query.
fn logged(server: &TestServer, query: &str) -> Value {
    let line = server.log().wait_for(|line| line.starts_with('{') && line.contains(&format!("?{query}\"")));
    serde_json::from_str(&line.unwrap_or_else(|| panic!("no line for {query}"))).expect("JSON")
}

/// The client that the log names for a request with these fields.
fn client(server: &TestServer, query: &str, headers: &[(&str, &str)]) -> String {
    server.get_with(&format!("/a.txt?{query}"), headers).expect(200);
    logged(server, query)["client"].as_str().expect("a client").to_owned()
}

#[test]
fn nobody_is_believed_unless_trusted() {
    let fields = [("Forwarded", "for=192.0.2.7;proto=https"), ("X-Forwarded-For", "192.0.2.7")];
    for server in [TestServer::with(&dist(), &JSON), trusting("192.0.2.0/24,::1,unix", &[])] {
        assert_eq!(client(&server, "q", &fields), "127.0.0.1");
        assert_eq!(logged(&server, "q").get("peer"), None);
        let mut connection = server.connect();
        connection.send("PROXY TCP4 192.0.2.7 192.0.2.8 1 2\r\n");
        connection.send(request("GET", "/a.txt", &[]));
        assert!(connection.next_response("GET").is_none_or(|response| response.status == 400));
    }
}

#[test]
fn trusted_proxies_say_whom_requests_are_from() {
    let server = trusting("127.0.0.0/8,10.0.0.0/8", &[]);
    for (query, fields, expected) in [
        ("1", &[("Forwarded", "for=192.0.2.7")][..], "192.0.2.7"),
        (
            "2",
            &[("Forwarded", "for=198.51.100.1, for=\"[2001:db8::7]:4711\";proto=https, for=10.1.1.1")],
            "2001:db8::7",
        ),
        ("3", &[("X-Forwarded-For", "198.51.100.1, 192.0.2.7, 10.0.0.1")], "192.0.2.7"),
        ("4", &[("X-Forwarded-For", "198.51.100.1"), ("X-Forwarded-For", "192.0.2.7")], "192.0.2.7"),
        ("5", &[("Forwarded", "for=_hidden")], "127.0.0.1"),
        ("6", &[("X-Forwarded-For", "192.0.2.7, nonsense")], "127.0.0.1"),
        ("7", &[("Forwarded", "for=198.51.100.1"), ("X-Forwarded-For", "192.0.2.7")], "127.0.0.1"),
        ("8", &[], "127.0.0.1"),
    ] {
        assert_eq!(client(&server, query, fields), expected, "{fields:?}");
        let peer = logged(&server, query).get("peer").cloned();
        assert_eq!(peer, (expected != "127.0.0.1").then(|| "127.0.0.1".into()), "{fields:?}");
    }
}

/// Whoever may open a Unix socket has no address; the word for them is `unix`.
#[test]
fn peers_on_unix_sockets_are_trusted_by_a_word_of_their_own() {
    for (networks, expected) in [("unix", Some("192.0.2.7")), ("127.0.0.1", None)] {
        let dist = dist();
        let path = dist.beside("site.sock");
        let listen = format!("unix:{}", path.display());
        let flags = [&JSON[..], &["--listen-on", &listen, "--trusted-proxy", networks]].concat();
        let server = TestServer::with(&dist, &flags);
        let mut stream = UnixStream::connect(&path).expect("connected");
        let text = request("GET", "/a.txt?unix", &[("X-Forwarded-For", "192.0.2.7"), ("Connection", "close")]);
        stream.write_all(text.as_bytes()).expect("sent");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).expect("an answer");
        assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
        let line = logged(&server, "unix");
        assert_eq!((line.get("client").and_then(Value::as_str), line.get("peer")), (expected, None), "{networks}");
    }
}

/// A proxy sends the requests of many clients on one connection.
#[test]
fn each_request_of_a_connection_has_its_own_client() {
    let server = trusting("127.0.0.1", &[]);
    let (mut first, mut second) = (server.connect(), Http2::open(server.addresses()[0]));
    for n in 1..4 {
        let (target, address) = (|protocol| format!("/a.txt?{protocol}-{n}"), format!("192.0.2.{n}"));
        let field = [("x-forwarded-for", address.as_str())];
        first.fetch("GET", &target("h1"), &field).expect(200);
        second.fetch("GET", &target("h2"), &field).expect(200);
        for (protocol, version) in [("h1", "HTTP/1.1"), ("h2", "HTTP/2.0")] {
            let line = logged(&server, &format!("{protocol}-{n}"));
            assert_eq!((line["client"].as_str(), line["protocol"].as_str()), (Some(&*address), Some(version)));
        }
    }
    second.get("/a.txt?none").expect(200);
    assert_eq!(logged(&server, "none")["client"], "127.0.0.1");
}

#[test]
fn combined_format_names_the_client() {
    let server = TestServer::with(&dist(), &["--trusted-proxy", "127.0.0.1"]);
    server.get_with("/a.txt?q", &[("X-Forwarded-For", "2001:db8::7")]).expect(200);
    assert!(server.log().wait_for(|line| line.starts_with("2001:db8::7 - - [") && line.contains("?q ")).is_some());
}

/// Behind a proxy that ends TLS, a redirect to https would come back for ever.
#[test]
fn what_came_over_tls_is_not_redirected_there() {
    let server = trusting("127.0.0.1", &["--redirect-http", "site.test"]);
    for fields in [
        &[("X-Forwarded-Proto", "https")][..],
        &[("Forwarded", "for=192.0.2.7;proto=https")],
        &[("X-Forwarded-For", "192.0.2.7"), ("X-Forwarded-Proto", "HTTPS")],
    ] {
        let answer = server.get_with("/a.txt", fields).expect(200);
        assert_eq!(answer.required("strict-transport-security"), "max-age=31536000", "{fields:?}");
    }
    for fields in [
        &[][..],
        &[("X-Forwarded-Proto", "http")],
        &[("X-Forwarded-Proto", "https, http")],
        &[("Forwarded", "for=192.0.2.7;proto=http")],
        &[("Forwarded", "for=192.0.2.7;proto=http"), ("X-Forwarded-Proto", "https")],
        &[("Forwarded", "for=198.51.100.1;proto=https, for=192.0.2.7")],
    ] {
        let answer = server.get_with("/a.txt", fields).expect(308);
        assert_eq!(answer.required("location"), "https://site.test/a.txt", "{fields:?}");
        assert_eq!(answer.header("strict-transport-security"), None);
    }
    let untrusted = TestServer::with(&dist(), &["--redirect-http", "site.test"]);
    untrusted.get_with("/a.txt", &[("X-Forwarded-Proto", "https")]).expect(308);
}

/// A header of version 2 with this command, family and rest.
fn binary(command: u8, family: u8, rest: &[u8]) -> Vec<u8> {
    let length = u16::try_from(rest.len()).unwrap().to_be_bytes();
    [b"\r\n\r\n\0\r\nQUIT\n", &[command, family][..], &length, rest].concat()
}

const IPV4: [u8; 12] = [192, 0, 2, 7, 203, 0, 113, 7, 0x12, 0x34, 1, 0xbb];

/// A connection that begins with these bytes.
fn introduced(server: &TestServer, header: &[u8]) -> Connection {
    let mut connection = server.connect();
    connection.send(header);
    connection
}

#[test]
fn proxy_protocol_names_the_client_of_a_connection() {
    let server = trusting("127.0.0.1", &["--proxy-protocol"]);
    let local = binary(0x20, 0, &[]);
    for (query, header, expected) in [
        ("1", &b"PROXY TCP4 192.0.2.7 203.0.113.7 56324 443\r\n"[..], "192.0.2.7"),
        ("2", b"PROXY TCP6 2001:db8::7 2001:db8::1 56324 443\r\n", "2001:db8::7"),
        ("3", &binary(0x21, 0x11, &IPV4), "192.0.2.7"),
        ("4", b"PROXY UNKNOWN\r\n", "127.0.0.1"),
        ("5", &local, "127.0.0.1"),
    ] {
        let mut connection = introduced(&server, header);
        for n in 0..2 {
            connection.get(&format!("/a.txt?{query}-{n}")).expect(200);
            assert_eq!(logged(&server, &format!("{query}-{n}"))["client"], expected, "{query}");
        }
    }
    // What the client of a connection says about itself is not the proxy's word.
    let mut connection = introduced(&server, b"PROXY TCP4 192.0.2.7 203.0.113.7 56324 443\r\n");
    connection.fetch("GET", "/a.txt?said", &[("X-Forwarded-For", "198.51.100.1")]).expect(200);
    assert_eq!(logged(&server, "said")["client"], "192.0.2.7");
}

/// The header may come in any pieces, and with what follows it in one.
#[test]
fn proxy_header_is_found_however_it_is_cut() {
    let server = trusting("127.0.0.1", &["--proxy-protocol"]);
    for header in [b"PROXY TCP4 192.0.2.7 203.0.113.7 56324 443\r\n".to_vec(), binary(0x21, 0x11, &IPV4)] {
        for cut in [1, 6, 13, header.len() - 1, header.len()] {
            let query = format!("{}-{cut}", header.len());
            let bytes = [&header[..], request("GET", &format!("/a.txt?{query}"), &[]).as_bytes()].concat();
            let mut connection = introduced(&server, &bytes[..cut]);
            std::thread::sleep(Duration::from_millis(30));
            connection.send(&bytes[cut..]);
            connection.response("GET").expect(200);
            assert_eq!(logged(&server, &query)["client"], "192.0.2.7", "{query}");
        }
    }
}

#[test]
fn proxy_header_comes_before_tls_and_http2() {
    let dist = dist();
    let identity = Identity::new(&dist, "site", &["site.test"]);
    let flags = [&JSON[..], &["--trusted-proxy", "127.0.0.1", "--proxy-protocol"]].concat();
    let server = TestServer::secured(&dist, &[&identity], &flags);
    let offer = Offer { host: "site.test", protocols: &["http/1.1"] };
    let mut connection = Connection::introduced(server.secure_addresses()[0], &binary(0x21, 0x11, &IPV4), offer);
    connection.get("/a.txt?tls").expect(200);
    assert_eq!(logged(&server, "tls")["client"], "192.0.2.7");
    // Prior knowledge: the preface, SETTINGS, and a request for "/?h2".
    let headers = b"\0\0\x13\x01\x05\0\0\0\x01\x82\x86\x04\x04/?h2\x41\x09site.test";
    let preface = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0";
    let _http2 = introduced(&server, &[&b"PROXY TCP4 192.0.2.8 203.0.113.7 1 2\r\n"[..], preface, headers].concat());
    assert_eq!(logged(&server, "h2")["client"], "192.0.2.8");
}

/// The proxy tells with the header that its client speaks TLS (PP2_TYPE_SSL).
#[test]
fn tls_that_the_header_tells_of_counts() {
    let server = trusting("127.0.0.1", &["--proxy-protocol", "--redirect-http", "site.test"]);
    let tls = [&IPV4[..], &[0x20, 0, 5, 1, 0, 0, 0, 0]].concat();
    introduced(&server, &binary(0x21, 0x11, &tls)).get("/a.txt").expect(200);
    introduced(&server, &binary(0x21, 0x11, &IPV4)).get("/a.txt").expect(308);
    let mut connection = introduced(&server, &binary(0x21, 0x11, &IPV4));
    connection.fetch("GET", "/a.txt", &[("X-Forwarded-Proto", "https")]).expect(308);
}

#[test]
fn connections_of_trusted_proxies_without_a_header_are_closed() {
    let admin = ["--admin-listen-on", "127.0.0.1:0"];
    let server = trusting("127.0.0.1", &[&admin[..], &["--proxy-protocol", "--header-timeout", "1"]].concat());
    for bytes in [
        request("GET", "/a.txt", &[]).into_bytes(),
        b"\x16\x03\x01\x02\0\x01\0\x01\xfc\x03\x03".to_vec(),
        b"PROXY TCP4 nobody nowhere 1 2\r\nGET / HTTP/1.1\r\nHost: x\r\n\r\n".to_vec(),
        binary(0x23, 0x11, &IPV4),
        binary(0x21, 0x11, &IPV4[..4]),
        [&b"PROXY UNKNOWN "[..], &[b'x'; 500]].concat(),
    ] {
        introduced(&server, &bytes).expect_end();
    }
    // A header that never ends, and one that never begins.
    for bytes in [&b"PROXY TCP4 192."[..], b""] {
        introduced(&server, bytes).expect_end();
    }
    let series = "site_connections_rejected_total{reason=\"proxy_header\"}";
    assert_eq!(server.metrics().value(series), 6.0);
    introduced(&server, b"PROXY UNKNOWN\r\n").get("/a.txt").expect(200);
}

#[test]
fn others_than_trusted_proxies_are_served_as_they_are() {
    let server = trusting("192.0.2.1", &["--proxy-protocol"]);
    assert_eq!(client(&server, "q", &[]), "127.0.0.1");
    let mut connection = introduced(&server, b"PROXY TCP4 192.0.2.7 203.0.113.7 1 2\r\n");
    connection.send(request("GET", "/a.txt", &[]));
    connection.response("GET").expect(400);
}

/// A proxy may have the connections of many; the clients that it names may not.
#[test]
fn connection_limit_counts_clients_and_not_proxies() {
    let limit = ["--max-connections-per-address", "2"];
    let server = trusting("127.0.0.1", &limit);
    let mut held: Vec<_> = (0..6).map(|_| server.connect()).collect();
    held.iter_mut().for_each(|connection| drop(connection.get("/a.txt").expect(200)));
    let server = trusting("127.0.0.1", &[&limit[..], &["--proxy-protocol"]].concat());
    let header = |n: u8| format!("PROXY TCP4 192.0.2.{n} 203.0.113.7 1 2\r\n").into_bytes();
    let mut held: Vec<_> = [1, 1, 2, 2].map(|n| introduced(&server, &header(n))).into();
    held.iter_mut().for_each(|connection| drop(connection.get("/a.txt").expect(200)));
    introduced(&server, &header(1)).expect_end();
    introduced(&server, &header(3)).get("/a.txt").expect(200);
    introduced(&server, b"PROXY UNKNOWN\r\n").get("/a.txt").expect(200);
}

#[test]
fn bad_networks_are_refused() {
    for (arguments, words) in [
        (&["--trusted-proxy", "10.0.0.0/33"][..], &["--trusted-proxy 10.0.0.0/33", "write a network"][..]),
        (&["--trusted-proxy", "10.0.0.1,proxy.example"], &["--trusted-proxy proxy.example", "write a network"]),
        (&["--trusted-proxy", ""], &["--trusted-proxy", "write a network"]),
        (&["--trusted-proxy", "::ffff:10.0.0.0/104"], &["--trusted-proxy ::ffff:10.0.0.0/104", "without ::ffff:"]),
        (&["--proxy-protocol"], &["--proxy-protocol", "--trusted-proxy"]),
    ] {
        let output = run(site(&[&["serve", "--listen-on", "127.0.0.1:0"], arguments].concat()));
        let message = String::from_utf8(output.stderr).unwrap();
        assert_eq!((output.status.code(), message.lines().count()), (Some(1), 1), "{arguments:?}: {message}");
        assert!(words.iter().all(|word| message.contains(word)), "{arguments:?}: {message}");
    }
}

#[test]
fn flags_have_environment_variables() {
    let mut command = site(&["serve", "--listen-on", "127.0.0.1:0"]);
    command.env("SITE_TRUSTED_PROXY", "192.0.2.0/24,127.0.0.1").env("SITE_PROXY_PROTOCOL", "true");
    command.env("SITE_ACCESS_LOG", "json").env("SITE_ADMIN_LISTEN_ON", "127.0.0.1:0");
    let server = TestServer::launch(command);
    introduced(&server, b"PROXY TCP4 198.51.100.7 203.0.113.7 1 2\r\n").get("/?env").expect(200);
    assert_eq!(logged(&server, "env")["client"], "198.51.100.7");
    assert!(server.metrics().value("site_connections_accepted_total") > 0.0);
}
