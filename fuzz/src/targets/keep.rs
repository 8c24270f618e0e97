//! Hostile earlier releases, whose assets a new one keeps.

use std::os::fd::AsRawFd;
use std::path::PathBuf;

use crate::bake::keep::Keep;
use crate::hostile::{file, make_whole};
use crate::pack::{EntityTagText, Location, Pack, PackWriter};

/// Bytes that are kept at most.
const MOST: u64 = 1000;

pub fn check(input: &[u8]) {
    let mut bytes = input.to_vec();
    make_whole(&mut bytes);
    let file = file(&bytes);
    let path = PathBuf::from(format!("/proc/self/fd/{}", file.as_raw_fd()));
    let Ok(keep) = Keep::open(&[path.clone(), path], 2, MOST) else { return };
    let mut writer = PackWriter::new(Vec::new());
    if keep.add(&mut writer).is_err() {
        return;
    }
    let written = writer.finish().expect("memory takes all");
    let pack = Pack::open(written.into()).expect("what was written is a pack");
    assert_eq!(pack.retired_len(), pack.len());
    let mut kept = 0;
    for asset in (0..pack.len()).map(|position| pack.asset(position).expect("what was written is there")) {
        assert!(asset.flags.fingerprinted() && (1..=2).contains(&asset.flags.age()));
        for nth in 0..pack.representation_count(&asset) {
            let form = pack.representation(&asset, nth).expect("what was written is there");
            let Location::Packed(offset) = form.location else { panic!("a loose body was kept") };
            let body = pack.body(offset, form.length).expect("what was written is there");
            assert_eq!(EntityTagText::of(&body).as_bytes(), form.entity_tag.as_bytes());
            kept += form.length;
        }
    }
    assert!(kept <= MOST);
}
