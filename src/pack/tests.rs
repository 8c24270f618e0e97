//! What is written is read again, and what is damaged is refused.

use bytes::Bytes;

use super::footer::checksum;
use super::*;

fn sample() -> Vec<u8> {
    let mut writer = PackWriter::new(Vec::new());
    let headers = writer.header_set(vec![("content-type".into(), "text/html; charset=utf-8".into())]);
    for (path, body) in [("b.html", "bee"), ("a/index.html", "bee"), ("a.html", "")] {
        let entity_tag = EntityTagText::of(body.as_bytes());
        let location = writer.body(entity_tag, body.as_bytes()).unwrap();
        let length = body.len() as u64;
        let representations = vec![RepresentationRecord { coding: Coding::Identity, entity_tag, location, length }];
        writer.asset(NewAsset { path: path.into(), flags: AssetFlags::default(), headers, representations });
    }
    writer.finish().unwrap()
}

#[test]
fn written_assets_are_found_with_their_bodies_and_headers() {
    let pack = Pack::open(sample().into()).unwrap();
    assert_eq!(pack.len(), 3);
    let asset = pack.asset(pack.find(b"a/", b"index.html").unwrap()).unwrap();
    let representation = pack.representation(&asset, 0).unwrap();
    let Location::Packed(offset) = representation.location else { panic!("not packed") };
    assert_eq!(pack.body(offset, representation.length).unwrap(), "bee");
    assert_eq!(pack.entity_tag_bytes(&asset, 0).unwrap(), EntityTagText::of(b"bee").as_bytes());
    let fields: Vec<_> = pack.header_set(asset.headers).collect();
    assert_eq!(fields, [(0, Bytes::from("text/html; charset=utf-8"))]);
    assert_eq!(pack.header_names().collect::<Vec<_>>(), [b"content-type"]);
    assert!(pack.find(b"a", b"").is_none() && pack.find(b"a", b"/").is_none());
    assert!(pack.representation(&asset, 1).is_none());
}

#[test]
fn equal_bodies_are_stored_once() {
    let pack = Pack::open(sample().into()).unwrap();
    let places: Vec<_> = [b"b.html".as_slice(), b"a/index.html"]
        .map(|path| pack.representation(&pack.asset(pack.find(path, b"").unwrap()).unwrap(), 0).unwrap().location)
        .to_vec();
    assert_eq!(places[0], places[1]);
}

#[test]
fn truncated_padded_and_damaged_packs_are_refused() {
    let whole = sample();
    for length in 0..whole.len() {
        assert!(Pack::open(Bytes::copy_from_slice(&whole[..length])).is_err(), "{length} bytes");
        assert!(Pack::open(Bytes::copy_from_slice(&whole[whole.len() - length..])).is_err(), "last {length} bytes");
    }
    for at in 3..whole.len() {
        let mut damaged = whole.clone();
        damaged[at] ^= 1;
        assert!(Pack::open(damaged.into()).is_err(), "byte {at}");
    }
}

#[test]
fn another_version_is_named() {
    let mut pack = sample();
    let at = pack.len() - FOOTER_LEN + 8;
    pack[at] = 99;
    assert_eq!(Pack::open(pack.into()).err(), Some(PackError::Version(99)));
}

/// Any index, even one with a valid checksum, is read without a panic.
#[test]
fn hostile_indexes_yield_absent_assets() {
    let whole = sample();
    let footer_at = whole.len() - FOOTER_LEN;
    let index_at = 3;
    for at in index_at..footer_at {
        for value in [0, 1, 0x7f, 0x80, 0xff] {
            let mut hostile = whole.clone();
            hostile[at] = value;
            let footer: [u8; FOOTER_LEN] = *hostile.last_chunk().unwrap();
            let sum = checksum(&hostile[index_at..footer_at], &footer);
            hostile[footer_at + CHECKSUM_AT..][..8].copy_from_slice(&sum.to_le_bytes());
            let Ok(pack) = Pack::open(hostile.into()) else { continue };
            for position in 0..pack.len().min(9) {
                let Some(asset) = pack.asset(position) else { continue };
                for nth in 0..3 {
                    let found = pack.representation(&asset, nth);
                    if let Some(RepresentationRecord { location: Location::Packed(at), length, .. }) = found {
                        pack.body(at, length);
                    }
                    pack.entity_tag_bytes(&asset, nth);
                }
                pack.header_set(asset.headers).count();
                pack.header_origins(asset.headers).count();
                pack.header_set_hashes(asset.headers);
                pack.policy();
            }
            pack.find(b"a/index.html", b"");
            pack.header_names().count();
        }
    }
}
