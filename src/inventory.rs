//! What a pack holds, as rows for people and programs.

use serde::Serialize;

use crate::pack::{AssetRecord, Coding, Pack};

/// An asset as it is listed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Entry {
    pub(crate) path: String,
    #[serde(rename = "type")]
    pub(crate) content_type: String,
    /// Bytes of the file.
    pub(crate) size: u64,
    /// Bytes in the coding br.
    pub(crate) br: Option<u64>,
    pub(crate) gzip: Option<u64>,
    /// The entity tag of the file's own bytes.
    pub(crate) etag: String,
    /// Cache-Control.
    pub(crate) policy: String,
    pub(crate) fingerprinted: bool,
    /// How many releases ago it was part of the site, if it is kept for open pages only.
    pub(crate) retired: Option<u8>,
}

impl Entry {
    /// People go to pages; everything else is loaded by one.
    pub(crate) fn is_page(&self) -> bool {
        self.content_type.starts_with("text/html")
    }
}

/// Sums over the assets.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub(crate) struct Totals {
    pub(crate) files: usize,
    pub(crate) bytes: u64,
    pub(crate) br: u64,
    pub(crate) gzip: u64,
    /// Assets kept for pages of earlier releases; the sums above are without them.
    pub(crate) kept_files: usize,
    pub(crate) kept_bytes: u64,
}

impl Totals {
    fn add(&mut self, entry: &Entry) {
        if entry.retired.is_some() {
            self.kept_files += 1;
            self.kept_bytes += entry.size + entry.br.unwrap_or_default() + entry.gzip.unwrap_or_default();
            return;
        }
        self.files += 1;
        self.bytes += entry.size;
        self.br += entry.br.unwrap_or_default();
        self.gzip += entry.gzip.unwrap_or_default();
    }
}

/// The assets of a pack, in the order of their paths.
#[derive(Debug, Serialize)]
pub(crate) struct Inventory {
    pub(crate) pack: String,
    pub(crate) totals: Totals,
    #[serde(rename = "files")]
    pub(crate) entries: Vec<Entry>,
}

impl Inventory {
    pub(crate) fn of(pack: &Pack) -> Self {
        let names: Vec<&[u8]> = pack.header_names().collect();
        let assets = (0..pack.len()).filter_map(|position| pack.asset(position));
        let entries: Vec<Entry> = assets.map(|asset| entry(pack, &names, &asset)).collect();
        let mut totals = Totals::default();
        for entry in &entries {
            totals.add(entry);
        }
        Self { pack: pack.hash(), totals, entries }
    }

    /// What the release itself has.
    pub(crate) fn current(&self) -> impl Iterator<Item = &Entry> {
        self.entries.iter().filter(|entry| entry.retired.is_none())
    }
}

fn entry(pack: &Pack, names: &[&[u8]], asset: &AssetRecord<'_>) -> Entry {
    let field = |wanted: &[u8]| {
        let mut fields = pack.header_set(asset.headers).filter(|(name, _)| names.get(*name) == Some(&wanted));
        fields.next().map_or_else(String::new, |(_, value)| String::from_utf8_lossy(&value).into_owned())
    };
    let all = 0..pack.representation_count(asset);
    let find = |coding| all.clone().filter_map(|nth| pack.representation(asset, nth)).find(|r| r.coding == coding);
    let length = |coding| find(coding).map(|representation| representation.length);
    let tag = find(Coding::Identity).map(|identity| String::from_utf8_lossy(identity.entity_tag.as_bytes()).into());
    Entry {
        path: String::from_utf8_lossy(asset.path).into_owned(),
        content_type: field(b"content-type"),
        size: length(Coding::Identity).unwrap_or_default(),
        br: length(Coding::Brotli),
        gzip: length(Coding::Gzip),
        etag: tag.unwrap_or_default(),
        policy: field(b"cache-control"),
        fingerprinted: asset.flags.fingerprinted(),
        retired: asset.flags.is_retired().then(|| asset.flags.age()),
    }
}
