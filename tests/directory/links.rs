//! Symbolic links: served while they stay inside the folder, left out otherwise, also when made while it runs.

use std::fs;

use super::super::support::{Dist, TestServer, noise, request};
use super::becomes;

const SECRET: &str = "the secret outside";

fn dist() -> Dist {
    let dist = Dist::with(&[("index.html", b"<p>home"), ("docs/page.html", b"<p>page"), ("a.txt", b"alpha")]);
    fs::create_dir(dist.beside("outside")).unwrap();
    fs::write(dist.beside("outside").join("secret.txt"), SECRET).unwrap();
    dist
}

#[test]
fn links_inside_are_served() {
    let dist = dist();
    dist.link("b.txt", "a.txt")
        .link("docs/up.txt", "../a.txt")
        .link("manual", "docs")
        .link("absolute.txt", dist.path().join("a.txt"))
        .link("twice.txt", "b.txt");
    let server = TestServer::of(&dist);
    for target in ["/b.txt", "/docs/up.txt", "/absolute.txt", "/twice.txt"] {
        assert_eq!(server.get(target).expect(200).text(), "alpha", "{target}");
    }
    assert_eq!(server.get("/manual/page").expect(200).text(), "<p>page");
}

/// Links that lead out, or nowhere, or round in a circle, in every way that they can be made.
fn link_astray(dist: &Dist) -> Vec<&'static str> {
    fs::write(dist.beside("dist.txt"), SECRET).unwrap();
    dist.link("out.txt", "../outside/secret.txt")
        .link("out", "../outside")
        .link("docs/out.txt", dist.beside("outside").join("secret.txt"))
        .link("sibling.txt", "../dist.txt")
        .link("through.txt", "docs/../../outside/secret.txt")
        .link("system", "/etc")
        .link("broken.txt", "no-such-file")
        .link("self.txt", "self.txt")
        .link("circle", ".")
        .link("indirect.txt", "out.txt");
    vec![
        "/out.txt",
        "/out/secret.txt",
        "/docs/out.txt",
        "/sibling.txt",
        "/through.txt",
        "/system/passwd",
        "/broken.txt",
        "/self.txt",
        "/indirect.txt",
        "/circle/circle/circle/a.txt",
    ]
}

#[test]
fn links_that_lead_astray_are_left_out_with_a_warning() {
    let dist = dist();
    let targets = link_astray(&dist);
    let server = TestServer::of(&dist);
    for target in targets {
        let answer = server.get(target).expect(404);
        assert!(!answer.text().contains(SECRET), "{target}");
    }
    assert_eq!(server.get("/a.txt").expect(200).text(), "alpha");
    let lines = server.stop();
    for name in ["out.txt", "broken.txt"] {
        assert!(lines.iter().any(|line| line.contains("WARN") && line.contains(name)), "no warning about {name}");
    }
}

#[test]
fn links_made_while_it_runs_never_lead_out() {
    let dist = dist();
    let server = TestServer::of(&dist);
    let targets = link_astray(&dist);
    dist.file("marker.txt", "the links are read");
    becomes(&server, "/marker.txt", 200);
    for target in targets {
        let answer = server.get(target).expect(404);
        assert!(!answer.text().contains(SECRET), "{target}");
    }
}

/// Asks for a file whose name has just come to lead out: nothing from there may be in the answer.
fn answers_nothing_from_outside(server: &TestServer, target: &str) {
    let mut connection = server.connect();
    connection.send(request("GET", target, &[]));
    let Some(head) = connection.head("GET") else { return };
    let body = connection.body(usize::MAX);
    assert!(!body.windows(64).step_by(64).any(|window| window == [b'S'; 64]), "{target} leads out");
    assert!(matches!(head.status, 200 | 404 | 500 | 503), "{target}: {}", head.status);
}

/// A file that is streamed from disk is opened per request: the name may by then be a link, or lie behind one.
#[test]
fn file_or_folder_that_becomes_a_link_never_leads_out() {
    const LENGTH: usize = 8_000_000;
    let dist = dist();
    fs::write(dist.beside("outside").join("film.mp4"), vec![b'S'; LENGTH]).unwrap();
    dist.file("film.mp4", noise(LENGTH, 21)).file("films/film.mp4", noise(LENGTH, 22));
    let server = TestServer::of(&dist);
    let link = dist.beside("link");
    std::os::unix::fs::symlink("../outside/film.mp4", &link).unwrap();
    fs::rename(&link, dist.path().join("film.mp4")).unwrap();
    answers_nothing_from_outside(&server, "/film.mp4");
    becomes(&server, "/film.mp4", 404);
    fs::rename(dist.path().join("films"), dist.beside("films")).unwrap();
    dist.link("films", "../outside");
    answers_nothing_from_outside(&server, "/films/film.mp4");
    becomes(&server, "/films/film.mp4", 404);
}
