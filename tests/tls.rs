//! TLS: certificates by name, their renewal, the redirect to it, and what is refused at start.

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use super::support::{
    Connection, Dist, Identity, Offer, TestServer, certificate_hosts, eventually, request, run, site,
};

const HTTP1: &[&str] = &["http/1.1"];

fn dist() -> Dist {
    Dist::with(&[("index.html", b"<p>home"), ("a.txt", b"alpha")])
}

fn hosts_for(server: &TestServer, host: &str) -> Vec<String> {
    certificate_hosts(server.connect_secure(Offer { host, protocols: HTTP1 }).tls())
}

#[test]
fn certificate_is_chosen_by_the_name_that_is_asked_for() {
    let dist = dist();
    let first = Identity::new(&dist, "first", &["first.test"]);
    let second = Identity::new(&dist, "second", &["second.test", "*.second.test"]);
    let exact = Identity::new(&dist, "exact", &["exact.second.test"]);
    let server = TestServer::secured(&dist, &[&first, &second, &exact], &[]);
    for (host, expected) in [
        ("first.test", "first.test"),
        ("second.test", "second.test"),
        ("SECOND.test", "second.test"),
        ("any.second.test", "second.test"),
        ("exact.second.test", "exact.second.test"),
        ("two.labels.second.test", "first.test"),
        ("unknown.test", "first.test"),
        // No name is asked for: RFC 6066 section 3 knows no names that are addresses.
        ("127.0.0.1", "first.test"),
    ] {
        assert_eq!(hosts_for(&server, host)[0], expected, "{host}");
    }
}

#[test]
fn protocol_is_agreed_on_in_the_handshake() {
    let dist = dist();
    let identity = Identity::new(&dist, "site", &["site.test"]);
    let server = TestServer::secured(&dist, &[&identity], &[]);
    for (protocols, agreed) in [
        (&["h2", "http/1.1"][..], Some("h2")),
        (&["http/1.1", "h2"], Some("h2")),
        (HTTP1, Some("http/1.1")),
        (&[], None),
    ] {
        let connection = server.connect_secure(Offer { host: "site.test", protocols });
        let protocol = connection.tls().conn.alpn_protocol().map(|protocol| std::str::from_utf8(protocol).unwrap());
        assert_eq!(protocol, agreed, "{protocols:?}");
    }
    let mut connection = server.connect_secure(Offer { host: "site.test", protocols: &[] });
    assert_eq!(connection.get("/a.txt").expect(200).text(), "alpha");
    assert_eq!(connection.get("/").expect(200).text(), "<p>home");
}

#[test]
fn strict_transport_security_is_said_over_tls_only() {
    let dist = dist();
    dist.file("_headers", "/a.txt\n  Strict-Transport-Security: max-age=5\n");
    let identity = Identity::new(&dist, "site", &["site.test"]);
    let server = TestServer::secured(&dist, &[&identity], &[]);
    let mut secure = server.connect_secure(Offer { host: "site.test", protocols: HTTP1 });
    for (target, status) in [("/", 200), ("/missing", 404), ("/index.html", 308)] {
        assert_eq!(secure.get(target).expect(status).required("strict-transport-security"), "max-age=31536000");
        assert_eq!(server.get(target).expect(status).header("strict-transport-security"), None, "{target}");
    }
    assert_eq!(secure.get("/a.txt").required("strict-transport-security"), "max-age=5", "the site's own");
    let server = TestServer::secured(&dist, &[&identity], &["--hsts", "0"]);
    let mut secure = server.connect_secure(Offer { host: "site.test", protocols: HTTP1 });
    assert_eq!(secure.get("/").expect(200).header("strict-transport-security"), None);
}

#[test]
fn requests_without_tls_are_sent_to_it_for_known_hosts_only() {
    let dist = dist();
    let identity = Identity::new(&dist, "site", &["site.test"]);
    let server = TestServer::secured(&dist, &[&identity], &["--redirect-http", "site.test,www.site.test:8443"]);
    for (method, target) in [("GET", "/a.txt?x=1&y=%20"), ("HEAD", "/"), ("POST", "/missing"), ("GET", "//evil.test")] {
        let response = server.fetch(method, target, &[]).expect(308);
        assert_eq!(response.required("location"), format!("https://site.test{target}"), "{method}");
    }
    let ask = |host: &str| {
        let mut connection = server.connect();
        connection.send(format!("GET /a.txt HTTP/1.1\r\nHost: {host}\r\n\r\n"));
        connection.response("GET")
    };
    assert_eq!(ask("WWW.site.test:80").expect(308).required("location"), "https://www.site.test:8443/a.txt");
    for host in ["evil.test", "site.test.evil.test", "", "127.0.0.1"] {
        assert_eq!(ask(host).expect(421).header("location"), None, "{host}");
    }
    let mut secure = server.connect_secure(Offer { host: "site.test", protocols: HTTP1 });
    assert_eq!(secure.get("/a.txt").expect(200).text(), "alpha");
}

#[test]
fn renewed_certificate_is_used_without_dropping_connections() {
    let dist = dist();
    let identity = Identity::new(&dist, "site", &["old.test"]);
    let server = TestServer::secured(&dist, &[&identity], &[]);
    let mut held = server.connect_secure(Offer { host: "old.test", protocols: HTTP1 });
    held.get("/a.txt").expect(200);
    identity.renew(&["new.test"]);
    eventually("the new certificate is shown", || hosts_for(&server, "new.test") == ["new.test"]);
    assert_eq!(held.get("/a.txt").expect(200).text(), "alpha");
}

/// As Kubernetes does it: a folder's link is led elsewhere.
#[test]
fn certificate_behind_a_link_is_renewed_when_the_link_is() {
    let dist = dist();
    let folder = dist.beside("secret");
    let place = |name: &str, host: &str| {
        fs::create_dir_all(folder.join(name)).unwrap();
        let identity = Identity::new(&dist, name, &[host]);
        fs::rename(identity.certificate, folder.join(name).join("tls.crt")).unwrap();
        fs::rename(identity.key, folder.join(name).join("tls.key")).unwrap();
        std::os::unix::fs::symlink(name, folder.join("..data_tmp")).unwrap();
        fs::rename(folder.join("..data_tmp"), folder.join("..data")).unwrap();
    };
    place("..1", "old.test");
    for name in ["tls.crt", "tls.key"] {
        std::os::unix::fs::symlink(Path::new("..data").join(name), folder.join(name)).unwrap();
    }
    let identity = Identity { certificate: folder.join("tls.crt"), key: folder.join("tls.key") };
    let server = TestServer::secured(&dist, &[&identity], &[]);
    assert_eq!(hosts_for(&server, "any.test"), ["old.test"]);
    place("..2", "new.test");
    fs::remove_dir_all(folder.join("..1")).unwrap();
    eventually("the new certificate is shown", || hosts_for(&server, "any.test") == ["new.test"]);
}

#[test]
fn bad_new_pair_leaves_the_old_one_in_place() {
    let dist = dist();
    let identity = Identity::new(&dist, "site", &["old.test"]);
    let server = TestServer::secured(&dist, &[&identity], &[]);
    fs::write(&identity.key, "no key").unwrap();
    server.signal("HUP");
    let line = server.log().wait_for(|line| line.contains("stay as they were")).expect("an error");
    assert!(line.contains("--tls-key") && line.contains("site.key"), "{line}");
    assert_eq!(hosts_for(&server, "old.test"), ["old.test"]);
    identity.renew(&["new.test"]);
    server.signal("HUP");
    eventually("the new certificate is shown", || hosts_for(&server, "new.test") == ["new.test"]);
}

#[test]
fn clients_that_never_shake_hands_are_given_up() {
    let dist = dist();
    let identity = Identity::new(&dist, "site", &["site.test"]);
    let server = TestServer::secured(&dist, &[&identity], &["--header-timeout", "1"]);
    let begun = Instant::now();
    for hello in [&b""[..], b"\x16\x03\x01", b"\x16\x03\x01\x02\0\x01\0\x01\xfc\x03\x03"] {
        let mut connection = Connection::open(server.secure_addresses()[0]);
        connection.send(hello);
        connection.rest();
    }
    assert!((Duration::from_secs(2)..Duration::from_secs(9)).contains(&begun.elapsed()), "{:?}", begun.elapsed());
    let mut plain = Connection::open(server.secure_addresses()[0]);
    plain.send_what_is_taken(request("GET", "/", &[]));
    assert!(!plain.rest().starts_with(b"HTTP/"), "an answer without TLS");
    server.connect_secure(Offer { host: "site.test", protocols: HTTP1 }).get("/").expect(200);
}

#[test]
fn only_the_secure_address_is_opened_if_no_other_is_named() {
    let dist = dist();
    let identity = Identity::new(&dist, "site", &["site.test"]);
    let flags = identity.flags();
    let folder = dist.argument();
    let arguments = ["serve", "--dist-dir", &folder, "--tls-listen-on", "127.0.0.1:0"];
    let flags: Vec<_> = arguments.into_iter().chain(flags.iter().map(String::as_str)).collect();
    let server = TestServer::launch(site(&flags));
    assert!(server.addresses().is_empty(), "{}", server.start_line());
    server.connect_secure(Offer { host: "site.test", protocols: HTTP1 }).get("/").expect(200);
}

/// Each ends with one line that names the flag and what to do.
#[test]
fn files_that_cannot_be_used_are_refused_at_start() {
    let dist = dist();
    let one = Identity::new(&dist, "one", &["one.test"]);
    let two = Identity::new(&dist, "two", &["two.test"]);
    let path = |path: &Path| path.to_str().unwrap().to_owned();
    let (certificate, key) = (path(&one.certificate), path(&one.key));
    let junk = path(&dist.beside("tls/junk"));
    fs::write(&junk, "junk").unwrap();
    let encrypted = path(&dist.beside("tls/encrypted"));
    fs::write(&encrypted, "-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----\n")
        .unwrap();
    let missing = path(&dist.beside("tls/missing"));
    let folder = path(&dist.path());
    for (certificates, keys, flag, remedy) in [
        (vec![&certificate], vec![&path(&two.key)], "--tls-key", "not the key of"),
        (vec![&certificate, &certificate], vec![&key], "--tls-key", "one --tls-key"),
        (vec![&missing], vec![&key], "--tls-cert", "can't be read"),
        (vec![&certificate], vec![&missing], "--tls-key", "can't be read"),
        (vec![&junk], vec![&key], "--tls-cert", "no CERTIFICATE"),
        (vec![&key], vec![&key], "--tls-cert", "no CERTIFICATE"),
        (vec![&certificate], vec![&junk], "--tls-key", "PEM"),
        (vec![&certificate], vec![&encrypted], "--tls-key", "openssl pkey"),
        (vec![&folder], vec![&key], "--tls-cert", "can't be read"),
    ] {
        let mut arguments = vec!["serve", "--tls-listen-on", "127.0.0.1:0"];
        certificates.iter().for_each(|path| arguments.extend(["--tls-cert", path]));
        keys.iter().for_each(|path| arguments.extend(["--tls-key", path]));
        let output = run(site(&arguments));
        let message = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(1), "{message}");
        let last = message.lines().last().unwrap();
        assert!(last.starts_with("site: ") && last.contains(flag) && last.contains(remedy), "{remedy}: {message}");
    }
}

#[test]
fn flags_that_need_each_other_say_so() {
    let dist = dist();
    let identity = Identity::new(&dist, "one", &["one.test"]);
    let certificate = identity.certificate.to_str().unwrap();
    for arguments in [
        &["--tls-listen-on", "127.0.0.1:0"][..],
        &["--tls-listen-on", "127.0.0.1:0", "--tls-cert", certificate],
        &["--tls-cert", certificate],
    ] {
        let output = run(site(&[&["serve"], arguments].concat()));
        let message = String::from_utf8(output.stderr).unwrap();
        assert!(matches!(output.status.code(), Some(1 | 2)) && message.contains("--tls-"), "{message}");
    }
    let output = run(site(&["serve", "--redirect-http", "https://example.com/"]));
    let message = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.code() == Some(1) && message.contains("--redirect-http"), "{message}");
}
