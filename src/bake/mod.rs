//! Baking: a folder becomes a pack, with everything decided that can be decided before a request.

mod cache;
mod coding;
mod fingerprint;
mod folder;
pub(crate) mod html;
pub(crate) mod keep;
mod media;
mod parallel;
mod policy;
mod read;
mod record;
mod walk;

use std::io::Write;
use std::path::Path;

use anyhow::{Context, Result};
use bytes::Bytes;

pub(crate) use cache::CodingCache;
pub(crate) use coding::{COMPRESSED, Quality, compress};
pub(crate) use folder::Folder;
pub(crate) use parallel::map_in_order;
pub(crate) use policy::{PageFacts, Policy, Preload};
pub(crate) use read::{Content, Stamp};
pub(crate) use record::DistRecord;
pub(crate) use walk::{Found, Links, Tree};

use crate::pack::{AssetFlags, Coding, EntityTagText, Location, NewAsset, PackWriter, RepresentationRecord};
use media::{Media, media};

/// What the path and the bytes of a file decide about its asset.
pub(crate) struct Description {
    media: Media,
    fingerprinted: bool,
}

impl Description {
    pub(crate) fn of(path: &str, utf8: bool) -> Self {
        let name = path.rsplit('/').next().unwrap_or(path);
        Self { media: media(name, utf8), fingerprinted: fingerprint::is_fingerprinted(name) }
    }

    /// A content coding may make the bytes smaller.
    pub(crate) fn compressible(&self) -> bool {
        self.media.compressible
    }

    /// The file is a web page.
    pub(crate) fn is_page(&self) -> bool {
        self.media.content_type.starts_with("text/html")
    }

    /// What the person who bakes should know about the file at `path`.
    pub(crate) fn notice(&self, path: &str) -> Option<String> {
        let text =
            "is text but not UTF-8, so it is sent without a charset and may be shown wrongly; convert it to UTF-8";
        self.media.unknown_charset.then(|| format!("{path}: {text}"))
    }

    /// The header fields that are the same in every successful answer.
    fn headers(&self) -> Vec<(String, String)> {
        let cache_control = if self.fingerprinted { "public, max-age=31536000, immutable" } else { "no-cache" };
        [
            ("content-type", self.media.content_type.as_str()),
            ("cache-control", cache_control),
            ("x-content-type-options", "nosniff"),
            ("referrer-policy", "strict-origin-when-cross-origin"),
        ]
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .to_vec()
    }
}

/// A representation before it has a place.
#[derive(Clone)]
pub(crate) struct Form {
    pub(crate) coding: Coding,
    pub(crate) entity_tag: EntityTagText,
    pub(crate) length: u64,
    /// Absent if the bytes stay on disk.
    pub(crate) bytes: Option<Bytes>,
}

impl Form {
    fn coded(coding: Coding, bytes: Bytes) -> Self {
        Self { coding, entity_tag: EntityTagText::of(&bytes), length: bytes.len() as u64, bytes: Some(bytes) }
    }

    /// The file's own bytes.
    pub(crate) fn identity(content: &Content) -> Self {
        Self {
            coding: Coding::Identity,
            entity_tag: content.entity_tag,
            length: content.stamp.length,
            bytes: content.bytes.clone(),
        }
    }

    /// Makes the coded forms of `bytes` that are really smaller, the most preferred first.
    pub(crate) fn compressed(bytes: &Bytes, quality: Quality) -> Vec<Self> {
        let codings = COMPRESSED.iter();
        codings.filter_map(|coding| Some(Self::coded(*coding, compress(bytes, *coding, quality)?.into()))).collect()
    }

    pub(crate) fn record(&self, location: Location) -> RepresentationRecord {
        RepresentationRecord { coding: self.coding, entity_tag: self.entity_tag, location, length: self.length }
    }
}

/// Adds the asset at `path` to a pack.
pub(crate) fn add_asset<W: Write>(
    writer: &mut PackWriter<W>,
    policy: &Policy,
    path: &str,
    (description, page): (&Description, &PageFacts),
    representations: Vec<RepresentationRecord>,
) {
    let headers = writer.new_header_set(policy.header_set(path, description.headers(), page));
    let flags = AssetFlags::new(description.fingerprinted);
    writer.asset(NewAsset { path: path.to_owned(), flags, headers, representations });
}

/// How to bake a folder into a pack that is complete in itself.
pub(crate) struct Options<'a> {
    pub(crate) quality: Quality,
    pub(crate) links: Links,
    pub(crate) preload: Preload,
    /// Where compressed bodies are kept from one baking to the next.
    pub(crate) cache: Option<&'a CodingCache>,
    /// Releases whose assets are kept.
    pub(crate) keep: Option<&'a keep::Keep>,
    /// Who is told how far it is.
    pub(crate) progress: Option<&'a dyn Progress>,
}

/// Someone who follows a baking.
pub(crate) trait Progress: Sync {
    /// What there is to do.
    fn start(&self, files: usize, bytes: u64);

    /// A file of this many bytes is done.
    fn advance(&self, bytes: u64);
}

/// What a baking did.
#[derive(Debug, Default)]
pub(crate) struct Summary {
    pub(crate) files: usize,
    /// Bytes of the files themselves.
    pub(crate) bytes: u64,
    /// What was left out or looks wrong, one line each.
    pub(crate) notices: Vec<String>,
}

/// Notices that are told one by one; of more, the number is told.
const NOTICES_TOLD: usize = 8;

/// Shortens a long list of notices, so that those of another kind are not lost among hundreds.
pub(crate) fn abridge(mut notices: Vec<String>) -> Vec<String> {
    let more = notices.len().saturating_sub(NOTICES_TOLD);
    if more > 1 {
        notices.truncate(NOTICES_TOLD);
        notices.push(format!("and {more} more of such notices"));
    }
    notices
}

/// A file that is read and compressed, waiting to be written.
struct Prepared {
    description: Description,
    page: PageFacts,
    forms: Vec<Form>,
}

/// Bakes the folder at `path` into one pack, written to `out`.
///
/// The same folder gives the same bytes, whatever the order in which the file system lists it and whatever its times.
///
/// # Errors
/// Everything that [`Folder::open`] and [`Folder::walk`] refuse, and files that can't be read; each names its path.
pub(crate) fn bake<W: Write>(path: &Path, options: &Options<'_>, out: W) -> Result<(W, Summary)> {
    let folder = Folder::open(path, options.links)?;
    let mut tree = folder.walk()?;
    let policy = Policy::read(&folder, &tree.policy, &tree.files, options.preload)?;
    // The largest first: a long compression that starts last would keep the other cores waiting.
    tree.files.sort_by(|a, b| b.stamp.length.cmp(&a.stamp.length).then_with(|| a.path.cmp(&b.path)));
    if let Some(progress) = options.progress {
        progress.start(tree.files.len(), tree.files.iter().map(|found| found.stamp.length).sum());
    }
    let notices = [tree.notices, policy.notices.clone()].concat();
    let mut summary = Summary { notices, ..Summary::default() };
    let mut writer = PackWriter::new(out);
    map_in_order(
        &tree.files,
        |found| prepare(&folder, &policy, found, options),
        |prepared| prepared.forms.iter().map(|form| form.length as usize).sum(),
        |found, prepared| {
            summary.files += 1;
            summary.bytes += found.stamp.length;
            summary.notices.extend(prepared.description.notice(&found.path));
            summary.notices.extend_from_slice(policy.page_notices(&prepared.page));
            write_asset(&mut writer, &policy, &found.path, &prepared)?;
            if let Some(progress) = options.progress {
                progress.advance(found.stamp.length);
            }
            Ok(())
        },
    )?;
    writer.policy(policy.sections());
    if let Some(keep) = options.keep {
        summary.notices.extend(keep.add(&mut writer).context("keeping assets of earlier releases")?);
    }
    let out = writer.finish().context("writing the pack")?;
    summary.notices.sort();
    Ok((out, summary))
}

fn prepare(folder: &Folder, policy: &Policy, found: &Found, options: &Options<'_>) -> Result<Prepared> {
    let content =
        folder.read(&found.path, u64::MAX).with_context(|| folder.root().join(&found.path).display().to_string())?;
    let description = Description::of(&found.path, content.utf8);
    let page = policy.page(&found.path, &description, &content).unwrap_or_default();
    let mut forms = Vec::new();
    if let (true, Some(bytes)) = (description.compressible(), &content.bytes) {
        forms = match options.cache {
            Some(cache) => cache.compressed(bytes, &content.entity_tag, options.quality),
            None => Form::compressed(bytes, options.quality),
        };
    }
    forms.push(Form::identity(&content));
    Ok(Prepared { description, page, forms })
}

fn write_asset<W: Write>(writer: &mut PackWriter<W>, policy: &Policy, path: &str, prepared: &Prepared) -> Result<()> {
    let mut representations = Vec::new();
    for form in &prepared.forms {
        let bytes = form.bytes.as_deref().unwrap_or_default();
        let location = writer.body(form.entity_tag, bytes).context("writing the pack")?;
        representations.push(form.record(location));
    }
    add_asset(writer, policy, path, (&prepared.description, &prepared.page), representations);
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::pack::Pack;

    fn options() -> Options<'static> {
        Options {
            quality: Quality::Fast,
            links: Links::Refuse,
            preload: Preload::Off,
            cache: None,
            keep: None,
            progress: None,
        }
    }

    fn write(dir: &Path, files: &[(&str, &str)]) {
        for (path, body) in files {
            let file = dir.join(path);
            fs::create_dir_all(file.parent().unwrap()).unwrap();
            fs::write(file, body).unwrap();
        }
    }

    #[test]
    fn the_same_folder_gives_the_same_bytes() {
        let (a, b) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let long = "words ".repeat(400);
        let files = [("index.html", long.as_str()), ("x/y.css", "a{}"), ("z.bin", ""), ("same.html", &long)];
        write(a.path(), &files);
        write(b.path(), &files.iter().rev().copied().collect::<Vec<_>>());
        let times = fs::FileTimes::new().set_modified(std::time::UNIX_EPOCH + std::time::Duration::from_secs(1));
        fs::File::options().write(true).open(b.path().join("z.bin")).unwrap().set_times(times).unwrap();
        let bake = |dir: &Path| bake(dir, &options(), Vec::new()).unwrap().0;
        assert_eq!(bake(a.path()), bake(b.path()));
    }

    #[test]
    fn a_sidecar_is_an_ordinary_file() {
        let dir = tempfile::tempdir().unwrap();
        write(dir.path(), &[("a.css", "a{}"), ("a.css.br", "not brotli"), ("a.css.gz", "not gzip")]);
        let (pack, summary) = bake(dir.path(), &options(), Vec::new()).unwrap();
        let pack = Pack::open(pack.into()).unwrap();
        assert_eq!(summary.files, 3);
        for path in ["a.css", "a.css.br", "a.css.gz"] {
            let asset = pack.asset(pack.find(path.as_bytes(), b"").unwrap()).unwrap();
            assert_eq!(pack.representation_count(&asset), 1, "{path}");
        }
    }

    #[test]
    fn cached_codings_give_the_same_pack() {
        let (dir, cache) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        write(dir.path(), &[("a.html", &"words ".repeat(400)), ("b.html", "short"), ("c.css", &"c{} ".repeat(400))]);
        let cache = CodingCache::open(&cache.path().join("codings")).unwrap();
        let cached = Options { cache: Some(&cache), ..options() };
        let (plain, _) = bake(dir.path(), &options(), Vec::new()).unwrap();
        for _ in 0..2 {
            assert_eq!(bake(dir.path(), &cached, Vec::new()).unwrap().0, plain);
        }
        assert_eq!(cache.hits(), 3, "the second baking compresses nothing");
    }
}
