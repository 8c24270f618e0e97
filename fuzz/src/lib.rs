//! Fuzz targets: each reads bytes as `site` does and asserts what must hold of the outcome.
//!
//! The sources are the executable's own, shared by path as its build script shares them. Names like `crate::pack` mean
//! here what they mean there.

// The targets use a part of what these modules offer.
#[allow(dead_code, unused_imports)]
#[path = "../../src"]
mod shared {
    pub(crate) mod bake;
    pub(crate) mod pack;
    pub(crate) mod packfile;
    pub(crate) mod rule;
    pub(crate) mod site;
}

/// As in `src/http/mod.rs`, with nothing hidden.
#[allow(dead_code, unused_imports)]
#[path = "../../src/http"]
mod http {
    pub(crate) mod body;
    pub(crate) mod error_page;
    pub(crate) mod field;
    pub(crate) mod forwarded;
    pub(crate) mod handler;
    pub(crate) mod host;
    pub(crate) mod negotiation;
    pub(crate) mod preconditions;
    pub(crate) mod range;
    pub(crate) mod respond;
    pub(crate) mod secure;
    pub(crate) mod served;

    pub(crate) use forwarded::Origin;
    pub(crate) use respond::refusal_bytes;
}

/// The server as far as clients and proxies speak to it, without sockets.
#[allow(dead_code)]
#[path = "../../src/server"]
mod server {
    pub(crate) mod drain;
    pub(crate) mod gate;
    pub(crate) mod limits;
    pub(crate) mod lingering;
    pub(crate) mod proxies;
    pub(crate) mod proxy_header;
    pub(crate) mod timer;

    pub(crate) mod access_log {
        use std::time::UNIX_EPOCH;

        mod combined;
        mod entry;
        mod json;

        pub(crate) use entry::Entry;

        /// The line of an entry in each format.
        pub(crate) fn lines(entry: &Entry<'_>) -> [Vec<u8>; 2] {
            let mut lines = [Vec::new(), Vec::new()];
            combined::write(&mut lines[0], entry, UNIX_EPOCH);
            json::write(&mut lines[1], entry, UNIX_EPOCH);
            lines
        }
    }
}

#[allow(dead_code)]
#[path = "../../src/carrier"]
mod carrier {
    pub(crate) mod environment;
}

#[allow(dead_code)]
#[path = "../../src/check"]
mod check {
    mod coded;
    mod css;
    mod url;

    pub(crate) fn holds(coding: crate::pack::Coding, coded: &[u8], identity: &[u8]) -> bool {
        coded::holds(coding, coded, identity)
    }

    /// The URLs of a style sheet and the lines that they are on.
    pub(crate) fn style_references(css: &str) -> Vec<(String, u32)> {
        css::references(css).into_iter().map(|found| (found.url, found.line)).collect()
    }

    /// Path and fragment of a reference that stays on the site.
    pub(crate) fn local_path(url: &str) -> Option<(String, Option<String>)> {
        url::local(url).map(|local| (local.path.into_owned(), local.fragment.map(std::borrow::Cow::into_owned)))
    }

    pub(crate) fn join_paths(base: &str, path: &str) -> String {
        url::join(base, path)
    }
}

mod client;
mod hostile;
mod input;
mod multipart;
mod sample;
mod seeds;

/// What is fuzzed: each has an executable of its name in `src/bin/`.
pub mod targets {
    pub mod coded;
    pub mod css;
    pub mod exposure;
    pub mod forwarded;
    pub mod gate;
    pub mod handler;
    pub mod headers;
    pub mod host;
    pub mod html;
    pub mod keep;
    pub mod log;
    pub mod lookup;
    pub mod negotiation;
    pub mod pack;
    pub mod packfile;
    pub mod path;
    pub mod preconditions;
    pub mod proxy;
    pub mod range;
    pub mod redirects;
    pub mod rules;
    pub mod url;
}

use std::alloc::System;
use std::path::Path;
use std::sync::Once;
use std::{fs, panic};

use cap::Cap;

pub use seeds::seeds;
use shared::{bake, pack, packfile, rule, site};

#[global_allocator]
static MEMORY: Cap<System> = Cap::new(System, usize::MAX);

/// Runs a target on one input, with so much memory beside a multiple of the input's length.
pub fn run(target: fn(&[u8]), memory: usize, input: &[u8]) {
    static LIFTED_IN_PANICS: Once = Once::new();
    LIFTED_IN_PANICS.call_once(lift_in_panics);
    let limit = MEMORY.allocated() + memory + 256 * input.len();
    MEMORY.set_limit(limit).expect("the limit is above what is allocated");
    target(input);
    MEMORY.set_limit(usize::MAX).expect("nothing is above the highest limit");
}

/// Makes something that stays, which no input has to answer for.
pub(crate) fn unlimited<T>(make: impl FnOnce() -> T) -> T {
    let room = MEMORY.remaining();
    MEMORY.set_limit(usize::MAX).expect("nothing is above the highest limit");
    let made = make();
    MEMORY.set_limit(MEMORY.allocated().saturating_add(room)).expect("the limit is above what is allocated");
    made
}

/// Who explains a finding may take what memory it needs.
fn lift_in_panics() {
    let hook = panic::take_hook();
    panic::set_hook(Box::new(move |info| {
        let _ = MEMORY.set_limit(usize::MAX);
        hook(info);
    }));
}

/// Runs a target on the files of its corpus.
pub fn replay(name: &str, target: fn(&[u8]), memory: usize) {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus").join(name);
    let files: Vec<_> =
        fs::read_dir(&corpus).expect("each target has a corpus").collect::<Result<_, _>>().expect("files");
    assert!(!files.is_empty());
    for file in files {
        println!("{}", file.path().display());
        run(target, memory, &fs::read(file.path()).expect("a readable file"));
    }
}

/// Makes an executable of a target: `site_fuzz::target!(range);` A second argument allows more memory than 1 MiB. As a test
/// it reads the corpus.
#[macro_export]
macro_rules! target {
    ($name:ident) => {
        $crate::target!($name, 1 << 20);
    };
    ($name:ident, $memory:expr) => {
        #[cfg(not(test))]
        libfuzzer_sys::fuzz_target!(|input: &[u8]| $crate::run($crate::targets::$name::check, $memory, input));

        #[cfg(test)]
        #[test]
        fn the_corpus_holds() {
            $crate::replay(stringify!($name), $crate::targets::$name::check, $memory);
        }
    };
}
