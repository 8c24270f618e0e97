//! Clean URLs: pages answer without their extension, and the long forms lead there by one redirect.

use super::super::support::{Dist, TestServer};

fn dist() -> Dist {
    Dist::with(&[
        ("index.html", b"<p>home"),
        ("about.html", b"<p>about"),
        ("docs/index.html", b"<p>docs"),
        ("docs/guide.html", b"<p>guide"),
        ("both.html", b"<p>page"),
        ("both/index.html", b"<p>folder"),
        ("raw.html", b"<p>page beside a file"),
        ("raw", b"file without extension"),
        ("a b.html", b"<p>space"),
    ])
}

#[test]
fn pages_answer_without_their_extension() {
    let server = TestServer::of(&dist());
    for (target, body) in [
        ("/", "<p>home"),
        ("/about", "<p>about"),
        ("/docs/", "<p>docs"),
        ("/docs/guide", "<p>guide"),
        ("/both", "<p>page"),
        ("/both/", "<p>folder"),
        ("/raw", "file without extension"),
        ("/raw.html", "<p>page beside a file"),
        ("/a%20b", "<p>space"),
    ] {
        let answer = server.get(target);
        assert_eq!((answer.status, answer.text()), (200, body), "{target}");
    }
}

#[test]
fn long_forms_lead_to_the_clean_form_by_one_redirect() {
    let server = TestServer::of(&dist());
    for (target, location) in [
        ("/index.html", "/"),
        ("/about.html", "/about"),
        ("/about/", "/about"),
        ("/docs", "/docs/"),
        ("/docs/index.html", "/docs/"),
        ("/docs/guide.html", "/docs/guide"),
        ("/docs/guide/", "/docs/guide"),
        ("/about.html?x=1", "/about?x=1"),
        ("/docs/index.html?a&b=%2F", "/docs/?a&b=%2F"),
        ("/a%20b.html", "/a%20b"),
    ] {
        let redirect = server.get(target).expect(308);
        assert_eq!(redirect.required("location"), location, "{target}");
        assert_eq!(redirect.required("cache-control"), "no-cache", "{target}");
        server.get(location).expect(200);
    }
}

#[test]
fn no_redirect_leads_to_anything_but_a_page() {
    let server = TestServer::of(&dist());
    for target in ["/nothing/", "/nothing.html", "/nothing/index.html", "/about/index.html", "/docs/guide/x"] {
        let answer = server.get(target);
        if answer.status == 308 {
            server.get(answer.required("location")).expect(200);
        } else {
            assert_eq!(answer.status, 404, "{target}");
        }
    }
}
