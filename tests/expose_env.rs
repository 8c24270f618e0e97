//! `--expose-env`: environment variables as an asset of the site, whatever carries the site.

use crate::support::{Dist, TestServer, decode, eventually, run, site};

const EXPOSED: &str = "/config.json=PUBLIC_*,RELEASE";

/// Serves the folder, or the embedded site, with variables set and some of them exposed.
fn server(dist: Option<&Dist>, exposures: &[&str], variables: &[(&str, &str)]) -> TestServer {
    let mut arguments = vec!["serve", "--listen-on", "127.0.0.1:0"];
    exposures.iter().for_each(|exposure| arguments.extend(["--expose-env", exposure]));
    let folder = dist.map(Dist::argument);
    folder.iter().for_each(|folder| arguments.extend(["--dist-dir", folder]));
    let mut command = site(&arguments);
    command.envs(variables.iter().copied());
    TestServer::launch(command)
}

fn with_a_config() -> Dist {
    Dist::with(&[("index.html", b"<p>start"), ("config.json", b"{\"from\":\"file\"}"), ("other.json", b"{}")])
}

const VARIABLES: &[(&str, &str)] = &[("PUBLIC_API", "https://api.test/?a=1&b=2"), ("RELEASE", "7"), ("SECRET", "s3")];

#[test]
fn named_variables_are_served_by_every_carrier_and_win_over_a_file() {
    let dist = with_a_config();
    for dist in [None, Some(&dist)] {
        let server = server(dist, &[EXPOSED], VARIABLES);
        let answer = server.get("/config.json").expect(200);
        assert_eq!(answer.text(), "{\"PUBLIC_API\":\"https://api.test/?a=1&b=2\",\"RELEASE\":\"7\"}\n");
        assert_eq!(answer.required("content-type"), "application/json");
        assert_eq!(answer.required("cache-control"), "no-store");
        assert_eq!(answer.required("x-content-type-options"), "nosniff");
        server.get("/").expect(200);
        server.get("/config.json/").expect(404);
        server.fetch("POST", "/config.json", &[]).expect(405);
    }
}

#[test]
fn scripts_assign_what_is_safe_anywhere() {
    let variables = [("PUBLIC_NOTE", "</script>\u{2028}\"\\é")];
    let server = server(None, &["/env.js=PUBLIC_NOTE", EXPOSED], &variables);
    let answer = server.get("/env.js").expect(200);
    assert_eq!(answer.text(), "window.__ENV__ = {\"PUBLIC_NOTE\":\"\\u003c/script\\u003e\\u2028\\\"\\\\é\"};\n");
    assert_eq!(answer.required("content-type"), "text/javascript; charset=utf-8");
    assert_eq!(server.get("/config.json").expect(200).text(), "{\"PUBLIC_NOTE\":\"</script>\u{2028}\\\"\\\\é\"}\n");
}

#[test]
fn behind_the_lookup_it_is_an_asset_like_any_other() {
    let long = "words and words ".repeat(100);
    let server = server(Some(&with_a_config()), &[EXPOSED], &[("PUBLIC_TEXT", &long)]);
    let whole = server.get("/config.json").expect(200);
    let tag = whole.etag().to_owned();
    let unchanged = server.get_with("/config.json", &[("If-None-Match", &tag)]).expect(304);
    assert_eq!(unchanged.required("cache-control"), "no-store");
    server.get_with("/config.json", &[("If-Match", "\"other\"")]).expect(412);

    let head = server.fetch("HEAD", "/config.json", &[]).expect(200);
    assert_eq!(head.stable_headers(), whole.stable_headers());

    let part = server.get_with("/config.json", &[("Range", "bytes=2-7")]).expect(206);
    assert_eq!(part.body, whole.body[2..8]);
    server.get_with("/config.json", &[("Range", "bytes=99999-")]).expect(416);

    let coded = server.get_with("/config.json", &[("Accept-Encoding", "br")]).expect(200);
    assert_eq!(decode(coded.coding(), &coded.body), whole.body);
    assert!(coded.body.len() < whole.body.len() / 4 && coded.etag() != tag);
    assert_eq!(whole.required("vary"), "accept-encoding");
}

#[test]
fn it_outlives_every_baking_of_the_folder() {
    let dist = with_a_config();
    let server = server(Some(&dist), &[EXPOSED], VARIABLES);
    let before = server.get("/config.json").expect(200);
    dist.replace("config.json", "{\"from\":\"newer file\"}").replace("other.json", "{\"new\":1}");
    eventually("the other file is the new one", || server.get("/other.json").text() == "{\"new\":1}");
    let after = server.get("/config.json").expect(200);
    assert_eq!((after.text(), after.etag()), (before.text(), before.etag()));
}

#[test]
fn the_environment_can_name_several_paths() {
    let mut command = site(&["serve", "--listen-on", "127.0.0.1:0"]);
    command.env("SITE_EXPOSE_ENV", "/a.json=PUBLIC_A /deep/b.js=PUBLIC_B").envs([("PUBLIC_A", "1"), ("PUBLIC_B", "2")]);
    let server = TestServer::launch(command);
    assert_eq!(server.get("/a.json").expect(200).text(), "{\"PUBLIC_A\":\"1\"}\n");
    assert_eq!(server.get("/deep/b.js").expect(200).text(), "window.__ENV__ = {\"PUBLIC_B\":\"2\"};\n");
}

#[test]
fn an_unset_name_is_left_out_with_a_warning() {
    let server = server(None, &[EXPOSED], &[]);
    assert_eq!(server.get("/config.json").expect(200).text(), "{}\n");
    let warnings = server.stop().join("\n");
    assert!(warnings.contains("RELEASE is not set") && warnings.contains("PUBLIC_"), "{warnings}");
}

#[test]
fn what_would_publish_too_much_is_refused() {
    use std::os::unix::ffi::OsStrExt;
    for (exposure, word) in [
        ("/config.json=*", "every variable"),
        ("/config.json=", "neither a variable's name nor a prefix"),
        ("/config.json", "PATH=NAMES"),
        ("config.json=A", "not the path of a file"),
        ("/config.txt=A", ".json or .js"),
        ("/config.json=BROKEN", "BROKEN is not UTF-8"),
    ] {
        let mut command = site(&["serve", "--listen-on", "127.0.0.1:0", "--expose-env", exposure]);
        command.env("BROKEN", std::ffi::OsStr::from_bytes(b"\xff"));
        let output = run(command);
        let error = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(1), "{exposure}: {error}");
        assert!(error.starts_with("site: --expose-env") && error.contains(word), "{exposure}: {error}");
        assert_eq!(error.lines().count(), 1, "{error}");
    }
}
