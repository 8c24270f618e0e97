//! Hostile packs: made whole again where a mutation only broke a checksum, and asked everything that can be asked.

use std::fs::File;
use std::io::Write;
use std::ops::Range;

use memchr::memmem;
use rustix::fs::{MemfdFlags, memfd_create};
use xxhash_rust::xxh3::Xxh3Default;

use crate::pack::{AssetRecord, Coding, FOOTER_LEN, Footer, Location, Pack};
use crate::packfile::{MARKER_LEN, Marker};
use crate::rule::{HeaderRules, PageHashes, decode_policy_files};

/// Makes the footer at the end of `pack` agree with the bytes before it, as far as lengths and checksum go.
pub(crate) fn mend(pack: &mut [u8]) {
    let Some(index_end) = pack.len().checked_sub(FOOTER_LEN) else { return };
    let (content, footer) = pack.split_at_mut(index_end);
    let mut number = [0; 8];
    number.copy_from_slice(&footer[32..40]);
    let index_len = u64::from_le_bytes(number) % (index_end as u64 + 1);
    let index_at = index_end as u64 - index_len;
    footer[..8].copy_from_slice(Footer::MAGIC);
    footer[8..12].copy_from_slice(&crate::pack::VERSION.to_le_bytes());
    let length = (index_end + FOOTER_LEN) as u64;
    for (at, number) in [(16, length), (24, index_at), (32, index_len)] {
        footer[at..at + 8].copy_from_slice(&number.to_le_bytes());
    }
    let mut hasher = Xxh3Default::new();
    hasher.update(&content[index_at as usize..]);
    hasher.update(&footer[..40]);
    hasher.update(&footer[48..]);
    let checksum = hasher.digest();
    footer[40..48].copy_from_slice(&checksum.to_le_bytes());
}

/// Mends the pack that ends where the last footer does, and makes a marker that names a pack name this one.
pub(crate) fn make_whole(bytes: &mut [u8]) {
    let Some(at) = memmem::rfind(bytes, Footer::MAGIC) else { return };
    let Some(end) = at.checked_add(FOOTER_LEN).filter(|end| *end <= bytes.len()) else { return };
    let length = bytes[at + 16..].first_chunk().map_or(0, |chunk| u64::from_le_bytes(*chunk));
    let start = end.saturating_sub(usize::try_from(length).unwrap_or(usize::MAX));
    mend(&mut bytes[start..end]);
    let footer = bytes[at..end].first_chunk().and_then(|footer| Footer::read(footer).ok());
    let magic = &Marker::UNBUNDLED.to_bytes()[..16];
    if let (Some(footer), Some(at)) = (footer, memmem::find(bytes, magic))
        && let Some(marker) = bytes.get_mut(at..at + MARKER_LEN)
        && marker[24..].iter().any(|byte| *byte != 0)
    {
        marker.copy_from_slice(&Marker { pack: Some(footer.identity()), ..Marker::UNBUNDLED }.to_bytes());
    }
}

/// A file in memory.
pub(crate) fn file(bytes: &[u8]) -> File {
    let file = memfd_create("site", MemfdFlags::CLOEXEC).expect("a file in memory");
    let mut file = File::from(file);
    file.write_all(bytes).expect("memory takes all");
    file
}

/// Reads everything that a pack says and checks that it lies in `bytes`, the memory that was opened.
pub(crate) fn ask_everything(pack: &Pack, bytes: &[u8]) {
    let inside = |part: &[u8]| {
        let (whole, part) = (bytes.as_ptr_range(), part.as_ptr_range());
        assert!(whole.start <= part.start && part.end <= whole.end || part.is_empty(), "a slice outside of the pack");
    };
    assert!(pack.len() <= bytes.len());
    let (_, _, hash) = (pack.identity_bytes(), pack.retired_len(), pack.hash());
    assert_eq!(hash.len(), 16);
    for asset in (0..pack.len()).filter_map(|position| pack.asset(position)) {
        inside(asset.path);
        let _ = (asset.flags.fingerprinted(), asset.flags.is_retired(), asset.flags.age());
        if let Some(found) = pack.find(asset.path, b"") {
            assert_eq!(pack.asset(found).map(|found| found.path), Some(asset.path));
        }
        representations(pack, &asset, inside);
        header_set(pack, asset.headers, inside);
    }
    assert!(pack.asset(pack.len()).is_none() && pack.asset(usize::MAX).is_none());
    pack.header_names().for_each(inside);
    rules(pack, inside);
    bodies(pack);
}

fn representations(pack: &Pack, asset: &AssetRecord<'_>, inside: impl Fn(&[u8])) {
    let count = pack.representation_count(asset);
    for nth in 0..count {
        let Some(found) = pack.representation(asset, nth) else { continue };
        assert!(matches!(found.coding, Coding::Identity | Coding::Gzip | Coding::Brotli));
        let entity_tag = pack.entity_tag_bytes(asset, nth).expect("a representation has an entity tag");
        inside(&entity_tag);
        assert_eq!(entity_tag, found.entity_tag.as_bytes());
        let Location::Packed(offset) = found.location else { continue };
        if let Some(body) = pack.body(offset, found.length) {
            inside(&body);
            assert_eq!(body.len() as u64, found.length);
        }
    }
    assert!(pack.representation(asset, count).is_none() && pack.representation(asset, usize::MAX).is_none());
}

fn header_set(pack: &Pack, number: u32, inside: impl Fn(&[u8])) {
    pack.header_set(number).for_each(|(_, value)| inside(&value));
    pack.header_origins(number).for_each(&inside);
    inside(pack.header_set_hashes(number));
    PageHashes::decode(pack.header_set_hashes(number));
}

fn rules(pack: &Pack, inside: impl Fn(&[u8])) {
    let policy = pack.policy();
    for section in [&policy.redirects, &policy.redirect_patterns, &policy.header_rules, &policy.policy_files] {
        inside(section);
    }
    HeaderRules::decode(&policy.header_rules).is_empty();
    decode_policy_files(&policy.policy_files).for_each(|(name, text)| {
        inside(name.as_bytes());
        inside(text.as_bytes());
    });
}

/// No body ends behind the bodies.
fn bodies(pack: &Pack) {
    let end = pack.bodies_len();
    let beyond: [Range<u64>; 4] = [0..end + 1, end..end + 1, 1..u64::MAX, u64::MAX - 1..u64::MAX];
    for Range { start, end } in beyond {
        assert!(pack.body(start, end - start).is_none());
    }
}
