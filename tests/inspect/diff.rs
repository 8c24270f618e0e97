//! `site diff`.

use super::super::support::{Dist, bundle};
use super::output;

#[test]
fn changes_and_their_meaning_for_open_tabs_are_told() {
    let dist = Dist::with(&[
        ("index.html", b"<p>home"),
        ("app-BwSg8kAx.js", b"one"),
        ("style.css", b"a{}"),
        ("same.txt", b"same"),
    ]);
    let old = bundle(&dist, "old", &[]);
    dist.remove("app-BwSg8kAx.js");
    dist.file("app-CxTh9lBy.js", "two!").file("style.css", "b{}").file("index.html", "<p>new home");
    let new = bundle(&dist, "new", &[]);
    let text = output("diff", &[&old, &new], &[]);
    for words in [
        "+           +4  app-CxTh9lBy.js",
        "-           -3  app-BwSg8kAx.js",
        "~           +4  index.html",
        "~           +0  style.css",
        "1 added, 1 removed, 2 changed; 4 → 4 files, 17 → 22 bytes (+5)",
        "open tabs may break: app-BwSg8kAx.js: gone",
        "open tabs may break: style.css: other bytes",
        "--keep-from",
    ] {
        assert!(text.contains(words), "{words:?} is not in:\n{text}");
    }
    let json: serde_json::Value = serde_json::from_str(&output("diff", &[&old, &dist.path()], &["--json"])).unwrap();
    assert_eq!(json["open_tabs"]["missing"][0], "app-BwSg8kAx.js");
    assert_eq!(json["open_tabs"]["keep_working"], false);
    assert_eq!(json["changed"][0]["new_size"], 11);
}

#[test]
fn equal_releases_do_not_differ() {
    let dist = Dist::with(&[("index.html", b"<p>home"), ("style.css", b"a{}")]);
    let path = bundle(&dist, "my-site", &[]);
    let text = output("diff", &[&path, &dist.path()], &[]);
    assert!(text.contains("0 added, 0 removed, 0 changed"), "{text}");
    assert!(text.contains("open tabs keep working"), "{text}");
}
