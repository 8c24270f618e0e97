//! Seeds that are not text: packs, executables that carry one, and sections of rules.

use crate::bake::{Policy, Quality};
use crate::pack::{FOOTER_LEN, Footer, Pack};
use crate::packfile::Marker;
use crate::rule::{PageHashes, encode_policy_files};
use crate::sample::{self, policy};

/// Target, name, and bytes of each seed.
pub fn seeds() -> Vec<(&'static str, &'static str, Vec<u8>)> {
    let (files, _) = policy(&[("_redirects", REDIRECTS), ("_headers", HEADERS)], &["docs/x.html", "index.html"]);
    let small = bytes(&sample::pack(&["a"], &Policy::default(), None));
    let pages = bytes(&sample::pack(&["a", "docs/x.html"], &files, Some(Quality::Fast)));
    let sections = files.sections();
    let hashes = PageHashes { scripts: "'sha256-a'".into(), styles: "'sha256-b'".into(), ..PageHashes::default() };
    vec![
        ("rules", "exact", [b"e", &sections.redirects[..]].concat()),
        ("rules", "patterns", [b"p", &sections.redirect_patterns[..]].concat()),
        ("rules", "headers", [b"h", &sections.header_rules[..]].concat()),
        ("rules", "hashes", [b"c", &hashes.encode()[..]].concat()),
        ("rules", "files", [b"f", &encode_policy_files(&[("_headers".into(), HEADERS.into())])[..]].concat()),
        ("packfile", "alone", small.clone()),
        ("packfile", "attached", attached(&pages)),
        ("packfile", "embedded", embedded(&small)),
        ("packfile", "not-ours", executable(&[0; 48])),
        ("keep", "asset", bytes(&sample::pack(&["assets/app-BwSg8kAx.js"], &files, None))),
        (
            "keep",
            "two-assets",
            bytes(&sample::pack(&["assets/app-BwSg8kAx.js", "b-3f9a1c2b.css"], &files, Some(Quality::Fast))),
        ),
        ("pack", "one-file", small),
        ("pack", "site-with-rules", pages),
        ("pack", "empty", bytes(&sample::pack(&[], &Policy::default(), None))),
    ]
}

const REDIRECTS: &str = "/old /docs/x 301\n/p/:x/:y /docs/:y?x=:x 302!\n/app/* /index.html 200\n";
const HEADERS: &str = "/*\n  X-A: 1\n  Content-Security-Policy: script-src {hashes}\n/docs/:x\n  ! Referrer-Policy\n";

fn bytes(pack: &Pack) -> Vec<u8> {
    pack.bytes().to_vec()
}

fn attached(pack: &[u8]) -> Vec<u8> {
    let footer = pack.last_chunk::<FOOTER_LEN>().and_then(|footer| Footer::read(footer).ok()).expect("a pack");
    let marker = Marker { pack: Some(footer.identity()), ..Marker::UNBUNDLED };
    [executable(&marker.to_bytes()), pack.to_vec()].concat()
}

fn embedded(pack: &[u8]) -> Vec<u8> {
    [executable(&Marker::UNBUNDLED.to_bytes()), pack.to_vec(), vec![0; 8]].concat()
}

/// The smallest executable with these bytes in a writable segment (ELF64, little-endian, x86-64).
fn executable(data: &[u8]) -> Vec<u8> {
    let (header, segment) = (64u64, 56u64);
    let at = header + segment;
    let mut elf = b"\x7fELF\x02\x01\x01".to_vec();
    elf.resize(16, 0);
    elf.extend([2u16, 62].map(u16::to_le_bytes).concat());
    elf.extend(1u32.to_le_bytes());
    elf.extend([0, header, 0].map(u64::to_le_bytes).concat());
    elf.extend(0u32.to_le_bytes());
    elf.extend([64u16, 56, 1, 0, 0, 0].map(u16::to_le_bytes).concat());
    // PT_LOAD, readable and writable.
    elf.extend([1u32, 6].map(u32::to_le_bytes).concat());
    elf.extend([at, at, at, data.len() as u64, data.len() as u64, 1].map(u64::to_le_bytes).concat());
    elf.extend_from_slice(data);
    elf
}
