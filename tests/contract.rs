//! The contract suite: what holds for every file of every site, whatever carries it.

mod checks;
mod fixture;
mod truth;

use std::path::Path;

use super::support::{Dist, TestServer, default_site, executable, program, run};

/// Asserts the whole contract of a running server; `folder` holds the files that its site was baked from.
fn holds(server: &TestServer, folder: &Path) {
    let pages = truth::pages(folder);
    assert!(!pages.is_empty(), "{} has no files", folder.display());
    let mut connection = server.connect();
    for page in &pages {
        println!("{} ({})", page.url, page.file.display());
        checks::page(&mut connection, page);
    }
    checks::missing(&mut connection, folder);
}

/// A server of the folder through the directory carrier.
fn directory(folder: &Path) -> TestServer {
    TestServer::start(&["--dist-dir", folder.to_str().expect("a folder with a UTF-8 name")])
}

/// A bundle of the folder, serving; the temporary folder holds it.
fn attached(folder: &Path) -> (TestServer, Dist) {
    let dist = Dist::new();
    let output = dist.beside("bundled");
    let arguments = ["bundle", folder.to_str().expect("UTF-8"), "--quality", "fast"];
    let mut command = executable(program(), &arguments);
    command.arg("--output").arg(&output);
    assert!(run(command).status.success());
    (TestServer::of_executable(&output), dist)
}

#[test]
fn attached_site_keeps_the_contract() {
    let (server, _dist) = attached(&default_site());
    assert!(server.start_line().contains("(attached, "), "{}", server.start_line());
    holds(&server, &default_site());
}

#[test]
fn embedded_site_keeps_the_contract() {
    holds(&TestServer::embedded(), &default_site());
}

#[test]
fn directory_site_keeps_the_contract() {
    holds(&directory(&default_site()), &default_site());
}

#[test]
fn odd_names_and_contents_keep_the_contract() {
    let dist = fixture::odd();
    holds(&directory(&dist.path()), &dist.path());
    holds(&TestServer::bundled(&dist), &dist.path());
}

#[test]
fn site_of_links_keeps_the_contract() {
    let dist = Dist::with(&[("pages/one.html", b"<p>one"), ("pages/two.txt", b"two")]);
    dist.link("alias.txt", "pages/two.txt").link("copies", "pages");
    holds(&directory(&dist.path()), &dist.path());
    holds(&TestServer::bundled(&dist), &dist.path());
}

/// The carriers of one folder answer alike: headers and entity tags of identity, statuses, redirects.
#[test]
fn carriers_give_identical_headers_and_entity_tags() {
    let (attached, _dist) = attached(&default_site());
    let servers =
        [("embedded", TestServer::embedded()), ("directory", directory(&default_site())), ("attached", attached)];
    let (first_name, first) = &servers[0];
    let expected = checks::answers(first, &default_site());
    for (name, server) in &servers[1..] {
        for (want, got) in expected.iter().zip(checks::answers(server, &default_site())) {
            assert_eq!(*want, got, "{first_name}, then {name}");
        }
    }
}

/// Sidecars are files of their own, not codings of the file beside them.
#[test]
fn sidecar_is_an_ordinary_file() {
    let dist = Dist::with(&[("x.txt", b"the page"), ("x.txt.br", b"not brotli"), ("x.txt.gz", b"not gzip")]);
    let server = TestServer::of(&dist);
    let page = server.get_with("/x.txt", &[("Accept-Encoding", "br, gzip")]).expect(200);
    assert_eq!((page.coding(), page.text()), (None, "the page"));
    let sidecar = server.get_with("/x.txt.br", &[("Accept-Encoding", "br, gzip")]).expect(200);
    assert_eq!((sidecar.coding(), sidecar.text()), (None, "not brotli"));
}

#[test]
fn equal_bytes_have_equal_entity_tags_and_others_do_not() {
    let dist = Dist::with(&[("a.txt", b"same"), ("b.css", b"same"), ("c.txt", b"other")]);
    let server = TestServer::of(&dist);
    let tag = |target| server.get(target).expect(200).etag().to_owned();
    assert_eq!(tag("/a.txt"), tag("/b.css"));
    assert_ne!(tag("/a.txt"), tag("/c.txt"));
}

#[test]
fn dotfiles_are_left_out_and_well_known_is_served() {
    let dist = Dist::with(&[
        ("index.html", b"<p>home"),
        (".env", b"SECRET=1"),
        (".git/config", b"[core]"),
        ("docs/.htpasswd", b"user:hash"),
        (".well-known/security.txt", b"Contact: mailto:security@site.test"),
    ]);
    let server = TestServer::of(&dist);
    for target in ["/.env", "/.git/config", "/docs/.htpasswd", "/%2eenv", "/.git/", "/.git"] {
        server.get(target).expect(404);
    }
    server.get("/.well-known/security.txt").expect(200);
}
