//! Pages: any text is one, and what it says can be put into header fields.

use std::fs;
use std::sync::OnceLock;

use crate::bake::{Content, Description, PageFacts, Policy, Preload, Stamp, add_asset, html};
use crate::pack::{EntityTagText, Pack, PackWriter};
use crate::rule::PageHashes;
use crate::sample::sendable;
use crate::site::{Lookup, Site, Trace, TrailingSlash};
use crate::unlimited;

const PATHS: &[&str] = &["index.html", "a.css", "b.js", "docs/c.mjs"];

const HEADERS: &str =
    "/*\n Content-Security-Policy: default-src {hashes}; script-src {hashes}; style-src-attr {hashes}\n";

pub fn check(input: &[u8]) {
    let text = String::from_utf8_lossy(input);
    let page = html::read(&text);
    let lines = text.bytes().filter(|byte| *byte == b'\n').count() as u32 + 1;
    for reference in &page.references {
        assert!((1..=lines).contains(&reference.line), "line {} of {lines}", reference.line);
        assert_eq!(reference.url.trim_matches(|c: char| c.is_ascii_whitespace()), reference.url);
    }
    assert!(page.ids.iter().all(|id| !id.is_empty()));
    assert!(page.inline_scripts.iter().all(|text| !text.is_empty()));
    assert!(page.event_handlers.iter().chain(&page.style_attributes).all(|text| !text.is_empty()));
    exact(&text, &page.inline_scripts);
    bake("docs/page.html", input);
}

/// The text of a script is what stands between its tags, where nothing is decoded or replaced.
fn exact(text: &str, scripts: &[String]) {
    let lower = text.to_ascii_lowercase();
    if ["srcdoc", "svg", "math", "\r", "\0"].iter().any(|odd| lower.contains(odd)) {
        return;
    }
    for script in scripts {
        assert!(text.contains(&format!(">{script}</")), "{script:?} is not what stands between the tags");
    }
}

/// Bakes the page, hashes and hints included.
fn bake(path: &str, input: &[u8]) {
    static POLICY: OnceLock<Policy> = OnceLock::new();
    let policy = POLICY.get_or_init(|| unlimited(policy));
    let stamp = Stamp::of(&fs::metadata("/").expect("there is a root"));
    let bytes = Some(input.to_vec().into());
    let content = Content { entity_tag: EntityTagText::of(input), utf8: true, stamp, bytes };
    let description = Description::of(path, true);
    let page: PageFacts = policy.page(path, &description, &content).expect("the policy wants pages");
    assert!(policy.page_notices(&page).iter().all(|notice| notice.starts_with(path)));
    let mut writer = PackWriter::new(Vec::new());
    add_asset(&mut writer, policy, path, (&description, &page), Vec::new());
    let pack = Pack::open(writer.finish().expect("memory takes all").into()).expect("what was written is a pack");
    PageHashes::decode(pack.header_set_hashes(0)).expect("hashes are kept");
    let site = Site::new(pack, Vec::new());
    let Lookup::Found(asset) = site.lookup("/docs/page.html", None, TrailingSlash::None, &mut Trace::off()) else {
        panic!("the page is there")
    };
    let fields = asset.fields();
    sendable(&fields);
    for link in fields.iter().filter(|field| field.name == "link") {
        let url = link.value.strip_prefix("</").and_then(|rest| rest.split_once('>')).expect("a URL of this site").0;
        assert!(PATHS.contains(&url.split('?').next().unwrap_or_default()), "{url} is hinted at");
    }
}

fn policy() -> Policy {
    let files = vec![("_headers".to_owned(), HEADERS.to_owned())];
    let (policy, problems) = Policy::parse(files, PATHS.iter().map(ToString::to_string).collect(), Preload::On);
    assert!(problems.is_empty());
    policy
}
