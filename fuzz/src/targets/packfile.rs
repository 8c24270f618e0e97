//! Files with hostile executables and packs, as `site list`, `extract`, `diff` and `check` open them.
//!
//! Where a footer lies in the file, its pack is mended first, and the marker is made to name it (unless the last byte of
//! the input is odd).

use memchr::memmem;

use crate::hostile::{file, make_whole};
use crate::pack::Location;
use crate::packfile::PackFile;

pub fn check(input: &[u8]) {
    let mut bytes = input.to_vec();
    if input.last().is_some_and(|byte| byte % 2 == 0) {
        make_whole(&mut bytes);
    }
    let Ok(opened) = PackFile::of(file(&bytes)) else { return };
    if let Some(executable) = opened.executable {
        executable.architecture();
    }
    assert_eq!(opened.length().ok(), Some(bytes.len() as u64));
    assert!(opened.before_attached().is_none_or(|before| before < bytes.len() as u64));
    read(&opened, &bytes);
}

fn read(opened: &PackFile, bytes: &[u8]) {
    let pack = &opened.pack;
    assert!(pack.bytes().is_empty(), "bodies stay in the file");
    for asset in (0..pack.len()).filter_map(|position| pack.asset(position)) {
        let Some(form) = opened.identity(&asset) else { continue };
        let stored = opened.stored(&form);
        let Location::Packed(_) = form.location else {
            assert!(stored.is_err());
            continue;
        };
        if let Ok(stored) = &stored {
            assert!(stored.len() as u64 == form.length && memmem::find(bytes, stored).is_some());
        }
        match opened.body(&form) {
            Ok(body) => assert_eq!(Some(body), stored.ok()),
            Err(error) => assert!(!format!("{error:#}").is_empty()),
        }
    }
    let mut bodies = 0;
    let damaged = opened.damaged(|_| bodies += 1);
    assert!(damaged.len() <= bodies);
}
