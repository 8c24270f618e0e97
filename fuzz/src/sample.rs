//! A small site with the cases that lookups know: pages, folders, twins, names in need of encoding, rules.

use std::sync::OnceLock;

use actix_web::http::header::{HeaderName, HeaderValue};
use bytes::Bytes;

use crate::bake::{Description, Form, PageFacts, Policy, Preload, Quality, add_asset};
use crate::http::served::Served;
use crate::pack::{Coding, EntityTagText, Pack, PackWriter};
use crate::rule::Field;
use crate::site::Site;
use crate::unlimited;

/// The paths of the files; the content of each is told by [`content`].
pub(crate) const PATHS: &[&str] = &[
    "index.html",
    "404.html",
    "about.html",
    "a",
    "a.html",
    "b.html",
    "b/index.html",
    "docs/404.html",
    "docs/guide.html",
    "docs/index.html",
    "docs/index/index.html",
    "assets/app-BwSg8kAx.js",
    "empty.txt",
    "sp ace & 100%.txt",
    "é/日本.html",
    ".well-known/security.txt",
    "app.html",
    "x/.html",
];

pub(crate) const REDIRECTS: &str = "\
/about /docs/ 301!
/old /new 301
/new https://other.example/x?y=z#part 302
/p/:name/:page /docs/:page?from=:name 307
/ext/* https://other.example/:splat 308
/rewritten /docs/guide 200
/in/:x /docs/:x 200
/gone/* /404.html 410
/none /404.html 404
/app/* /app.html 200
/docs/:x/y /docs/:x#:x 303
";

pub(crate) const HEADERS: &str = "\
/*
  Content-Security-Policy: default-src 'self'; script-src 'self' {hashes}
  X-All: 1
/docs/*
  ! Referrer-Policy
  X-All: 2
  Link: </a>; rel=preload
  Link: </b>; rel=preload
/app/*
  Cache-Control: max-age=60
/:one
  Set-Cookie: a=b
";

/// The content of the file at `path`: nothing, little, or enough to be worth compressing.
pub(crate) fn content(path: &str) -> Bytes {
    match path {
        "empty.txt" => Bytes::new(),
        "a" | "x/.html" => format!("<title>{path}").into(),
        _ => format!("<!doctype html><title>{path}</title>\n{}", "words and words ".repeat(20)).into(),
    }
}

/// Bakes files with these rules, compressed or as they are.
pub(crate) fn pack(paths: &[&str], policy: &Policy, quality: Option<Quality>) -> Pack {
    let mut writer = PackWriter::new(Vec::new());
    for path in paths {
        let description = Description::of(path, true);
        let body = content(path);
        let quality = quality.filter(|_| description.compressible());
        let mut forms = quality.map_or_else(Vec::new, |quality| Form::compressed(&body, quality));
        let (entity_tag, length) = (EntityTagText::of(&body), body.len() as u64);
        forms.push(Form { coding: Coding::Identity, entity_tag, length, bytes: Some(body) });
        let mut records = Vec::new();
        for form in &forms {
            let bytes = form.bytes.as_deref().unwrap_or_default();
            records.push(form.record(writer.body(form.entity_tag, bytes).expect("memory takes all")));
        }
        add_asset(&mut writer, policy, path, (&description, &PageFacts::default()), records);
    }
    writer.policy(policy.sections());
    Pack::open(writer.finish().expect("memory takes all").into()).expect("what was written is a pack")
}

/// Parses policy files for a site with these files.
pub(crate) fn policy(files: &[(&str, &str)], paths: &[&str]) -> (Policy, Vec<String>) {
    let files = files.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect();
    let paths = paths.iter().map(|path| (*path).to_owned()).collect();
    let (policy, problems) = Policy::parse(files, paths, Preload::Off);
    (policy, problems.iter().map(ToString::to_string).collect())
}

/// The site with all of its rules.
pub(crate) fn served() -> &'static Served {
    static SERVED: OnceLock<Served> = OnceLock::new();
    let make = || {
        let (policy, problems) = policy(&[("_redirects", REDIRECTS), ("_headers", HEADERS)], PATHS);
        assert_eq!(problems, Vec::<String>::new());
        Served::new(Site::new(pack(PATHS, &policy, Some(Quality::Fast)), Vec::new()))
    };
    SERVED.get_or_init(|| unlimited(make))
}

/// The files alone.
pub(crate) fn plain() -> &'static Site {
    static PLAIN: OnceLock<Site> = OnceLock::new();
    PLAIN.get_or_init(|| unlimited(|| Site::new(pack(PATHS, &Policy::default(), None), Vec::new())))
}

/// Fields that no site sets.
const OURS: &[&str] =
    &["content-length", "content-encoding", "transfer-encoding", "connection", "etag", "date", "vary"];

/// All fields can be sent, and none is one that only the server sets.
pub(crate) fn sendable(fields: &[Field]) {
    for Field { name, value, origin } in fields {
        HeaderName::from_bytes(name.as_bytes()).expect("a field's name");
        HeaderValue::from_str(value).expect("a field's value");
        assert_eq!(*name, name.to_ascii_lowercase());
        assert!(!OURS.contains(&name.as_str()), "{name}");
        assert!(value.bytes().all(|byte| byte == b'\t' || (b' '..=b'~').contains(&byte)));
        assert!(!value.contains("{hashes}") && !value.trim().is_empty(), "{name}: {value}");
        assert!(["default", "--preload", "_headers:"].iter().any(|start| origin.to_string().starts_with(start)));
    }
}
