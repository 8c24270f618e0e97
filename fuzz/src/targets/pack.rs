//! Packs of hostile bytes: opened as they are and with a footer that fits, asked everything, and served.

use actix_web::dev::RequestHead;
use actix_web::http::StatusCode;
use actix_web::http::header::{self, HeaderValue};
use bytes::Bytes;

use crate::client::{ask, lines};
use crate::hostile::{ask_everything, mend};
use crate::http::handler::{Handler, Options};
use crate::http::served::Served;
use crate::pack::Pack;
use crate::rule::encode_path;
use crate::site::{Body, Lookup, Site, Trace, TrailingSlash};

const TARGETS: &[&str] = &["/", "/a", "/a/", "/docs/x", "/old", "/p/x/y", "/%C3%A9", "/../x"];

/// Fields that answers have whatever the pack says.
const OURS: &[&str] = &[
    "accept-ranges",
    "cache-control",
    "content-encoding",
    "content-range",
    "content-type",
    "etag",
    "location",
    "referrer-policy",
    "vary",
    "x-content-type-options",
];

pub fn check(input: &[u8]) {
    open(Bytes::copy_from_slice(input));
    let mut mended = input.to_vec();
    mend(&mut mended);
    open(mended.into());
}

fn open(bytes: Bytes) {
    let pack = match Pack::open(bytes.clone()) {
        Ok(pack) => pack,
        Err(error) => return assert!(!error.to_string().is_empty()),
    };
    ask_everything(&pack, &bytes);
    let paths =
        (0..pack.len()).filter_map(|position| std::str::from_utf8(pack.asset(position)?.path).ok().map(encode_path));
    let paths: Vec<String> = paths.take(8).collect();
    let mut names: Vec<String> =
        pack.header_names().map(|name| String::from_utf8_lossy(name).to_ascii_lowercase()).collect();
    names.push(String::from_utf8_lossy(&pack.policy().header_rules).to_ascii_lowercase());
    let served = Served::new(Site::new(pack, Vec::new()));
    for raw in TARGETS.iter().copied().chain(paths.iter().map(String::as_str)) {
        look(&served.site, raw);
        serve(&served, raw, &names, bytes.len());
    }
}

fn look(site: &Site, raw: &str) {
    let asset = match site.lookup(raw, Some("q"), TrailingSlash::Never, &mut Trace::on()) {
        Lookup::Found(asset) | Lookup::Rewritten(asset) => asset,
        Lookup::Redirect { location, .. } => return assert!(!location.contains(['\r', '\n', '\0'])),
        _ => return,
    };
    asset.fields();
    for coding in asset.codings() {
        let Some(found) = asset.representation(coding) else { continue };
        let Body::Bytes(body) = found.body else { panic!("a pack holds no loose bodies") };
        assert_eq!(body.len() as u64, found.length);
    }
}

/// Every answer can be sent, and names no field that neither the pack nor the server does.
fn serve(served: &Served, raw: &str, names: &[String], most: usize) {
    let mut head = RequestHead::default();
    head.uri = raw.parse().expect("a path is a target");
    for (name, value) in [(header::HOST, "x"), (header::ACCEPT_ENCODING, "br, gzip")] {
        head.headers.insert(name, HeaderValue::from_static(value));
    }
    let handler = Handler::new(Options::default());
    let whole = ask(served, &handler, &head);
    assert!(whole.body.len() <= most.max(4096));
    for (name, _) in lines(&whole) {
        assert!(
            OURS.contains(&name.as_str()) || names.iter().any(|said| said.contains(&name)),
            "{name} is nowhere in the pack"
        );
    }
    head.headers.insert(header::RANGE, HeaderValue::from_static("bytes=1-1,3-5"));
    let part = ask(served, &handler, &head);
    assert!(part.status != StatusCode::PARTIAL_CONTENT || whole.status == StatusCode::OK);
}
