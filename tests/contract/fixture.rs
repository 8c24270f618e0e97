//! A folder with everything that is odd and still a file of a site.

use super::super::support::{Dist, noise, prose};

pub(super) fn odd() -> Dist {
    let dist = Dist::new();
    for name in [
        "with space.txt",
        "100%.txt",
        "%41.txt",
        "what?.txt",
        "hash#tag.txt",
        "a+b.txt",
        "it's \"quoted\".txt",
        "a&b=c;d,e.txt",
        "x[1]{2}|3^`.txt",
        "<angle>.txt",
        "at@colon:.txt",
        "grüße.txt",
        "日本語/ページ.html",
        "folder with space/index.html",
        "percent%20twice/index.html",
        "~tilde/-dash_under.txt",
        "dots/a..b.txt",
        "dots/ending.",
    ] {
        dist.file(name, format!("the file {name}\n"));
    }
    dist.file("index.html", "<!doctype html><title>Odd</title>")
        .file("404.html", "<!doctype html><title>Nothing here</title>")
        .file("about.html", prose(3000))
        .file("docs/guide.html", prose(5000))
        .file("docs/index.html", prose(2000))
        .file("empty.txt", "")
        .file("empty/index.html", "")
        .file("no-extension", "plain, by its looks")
        .file("unknown.zzz", noise(700, 1))
        .file("one-byte", "x")
        .file("photo.png", noise(20_000, 2))
        .file("latin1.txt", b"caf\xe9 au lait, ".repeat(100))
        .file("big.css", prose(300_000))
        .file("x.js", prose(4000))
        .file("x.js.br", noise(900, 3))
        .file("x.js.gz", prose(900))
        .file(".well-known/security.txt", "Contact: mailto:security@site.test\n")
        .file(".well-known/acme-challenge/token", "token.thumbprint")
        .file("assets/index-BxZ3k9Qa.js", prose(9000))
        .file("deep/er/and/deep/er/still/page.html", prose(1500));
    dist
}
