//! The directory carrier: a folder on disk, baked at start and again whenever it changes.
//!
//! Each baking is a snapshot with its own index. Small files and compressed bodies are held in memory, within
//! budgets; the rest is sent from disk as long as it is the file that was hashed.

use std::collections::HashMap;
use std::fs::File;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime};

use anyhow::{Context, Result};

use crate::bake::{
    Content, Description, Folder, Form, Found, Links, PageFacts, Policy, Preload, Quality, Stamp, abridge, add_asset,
    map_in_order,
};
use crate::pack::{Location, Pack, PackWriter};
use crate::site::{FileBody, Loose, Site};
use crate::watch::{Change, Watch};

/// Files up to this size are held in memory.
const SMALL: u64 = 128 << 10;

/// Bytes of small files that are held in memory.
const IDENTITY_BUDGET: u64 = 32 << 20;

/// Bytes of compressed bodies that are held in memory.
const CODED_BUDGET: u64 = 64 << 20;

/// Larger files are not compressed while people wait.
const LARGEST_CODED: u64 = 16 << 20;

/// Compressible bytes that are compressed before the site is first served.
const CODED_AT_ONCE: u64 = 4 << 20;

/// Files compressed between two looks for changes.
const SLICE: usize = 64;

/// Larger pages are taken for something else: their scripts and styles are not looked for.
const LARGEST_PAGE: u64 = 64 << 20;

/// A file that changed this recently may change again without a visible change of its times.
const UNSETTLED: Duration = Duration::from_millis(100);

/// A folder that is served.
pub(crate) struct Directory {
    path: PathBuf,
    preload: Preload,
    policy: Policy,
    entries: HashMap<String, Entry>,
    snapshot: Arc<Folder>,
    /// Paths in order, as of the last baking.
    order: Vec<String>,
    notices: Vec<String>,
}

/// What is known about a file.
struct Entry {
    content: Content,
    description: Description,
    /// What the page says, once the policy wants to know.
    page: Option<PageFacts>,
    /// The content was read long enough after the file's last change to be trusted as long as its stamp stays.
    settled: bool,
    /// The compressed bodies, once they were made.
    coded: Option<Vec<Form>>,
}

impl Entry {
    fn read(folder: &Folder, policy: &Policy, found: &Found, in_memory: &AtomicU64) -> Result<Self> {
        let small = found.stamp.length <= SMALL;
        let fits = small && in_memory.fetch_add(found.stamp.length, Ordering::Relaxed) < IDENTITY_BUDGET;
        let keep = if policy.wants_page(&Description::of(&found.path, true)) {
            LARGEST_PAGE
        } else if fits {
            SMALL
        } else {
            0
        };
        let content = folder.read(&found.path, keep);
        let mut content = content.with_context(|| folder.root().join(&found.path).display().to_string())?;
        let description = Description::of(&found.path, content.utf8);
        let page = policy.page(&found.path, &description, &content);
        content.bytes = content.bytes.filter(|_| fits);
        let settled = content.stamp.age(SystemTime::now()) > UNSETTLED;
        Ok(Self { content, description, page, settled, coded: None })
    }

    /// What is known still holds for a file that was found so, and is enough for the policy.
    fn serves(&self, found: &Found, policy: &Policy) -> bool {
        let read = self.page.is_some() || !policy.wants_page(&self.description);
        self.settled && self.content.stamp == found.stamp && read
    }

    fn wants_coding(&self) -> bool {
        self.coded.is_none() && self.description.compressible() && self.content.stamp.length <= LARGEST_CODED
    }

    fn coded_bytes(&self) -> u64 {
        self.coded.iter().flatten().map(|form| form.length).sum()
    }
}

/// A file of a snapshot.
struct SnapshotFile {
    folder: Arc<Folder>,
    path: String,
    stamp: Stamp,
}

impl FileBody for SnapshotFile {
    fn open(&self) -> io::Result<File> {
        let file = self.folder.file(&self.path)?;
        if self.is_unchanged(&file) { Ok(file) } else { Err(io::Error::other("the file was replaced")) }
    }

    fn is_unchanged(&self, file: &File) -> bool {
        file.metadata().is_ok_and(|metadata| Stamp::of(&metadata) == self.stamp)
    }
}

impl Directory {
    /// Bakes the folder for the first time.
    ///
    /// # Errors
    /// A folder that can't be baked; the message says what to do.
    pub(crate) fn open(path: PathBuf, preload: Preload) -> Result<(Self, Site)> {
        let snapshot = Arc::new(Folder::open(&path, Links::LeaveOut)?);
        let mut directory = Self {
            path,
            preload,
            policy: Policy::default(),
            entries: HashMap::new(),
            snapshot,
            order: Vec::new(),
            notices: Vec::new(),
        };
        directory.read()?;
        if directory.uncoded().map(|(_, entry)| entry.content.stamp.length).sum::<u64>() <= CODED_AT_ONCE {
            directory.compress(usize::MAX);
        }
        let site = directory.site()?;
        Ok((directory, site))
    }

    /// Reads what is new or changed.
    fn read(&mut self) -> Result<()> {
        let folder = Folder::open(&self.path, Links::LeaveOut)?;
        let tree = folder.walk()?;
        let policy = Policy::read(&folder, &tree.policy, &tree.files, self.preload)?;
        let mut known = HashMap::new();
        for found in &tree.files {
            if self.entries.get(&found.path).is_some_and(|entry| entry.serves(found, &policy)) {
                known.extend(self.entries.remove_entry(&found.path));
            }
        }
        let held = known.values().filter_map(|entry: &Entry| entry.content.bytes.as_ref());
        let in_memory = AtomicU64::new(held.map(|bytes| bytes.len() as u64).sum());
        let unknown: Vec<Found> = tree.files.iter().filter(|found| !known.contains_key(&found.path)).cloned().collect();
        let mut read = Vec::with_capacity(unknown.len());
        let outcome = map_in_order(
            &unknown,
            |found| Entry::read(&folder, &policy, found, &in_memory),
            |_| 0,
            |found, entry| {
                read.push((found.path.clone(), entry));
                Ok(())
            },
        );
        known.extend(read);
        self.entries.extend(known);
        outcome?;
        self.order = tree.files.into_iter().map(|found| found.path).collect();
        let served: std::collections::HashSet<&String> = self.order.iter().collect();
        self.entries.retain(|path, _| served.contains(path));
        self.snapshot = Arc::new(folder);
        self.policy = policy;
        self.report([tree.notices, self.policy.notices.clone()].concat());
        Ok(())
    }

    /// Logs the notices that were not there before.
    fn report(&mut self, mut notices: Vec<String>) {
        for (path, entry) in self.order.iter().filter_map(|path| Some((path, self.entries.get(path)?))) {
            notices.extend(entry.description.notice(path));
            notices.extend(entry.page.iter().flat_map(|page| self.policy.page_notices(page)).cloned());
        }
        let new = notices.iter().filter(|notice| !self.notices.contains(notice)).cloned().collect();
        for notice in abridge(new) {
            log::warn!("{}: {notice}", self.path.display());
        }
        self.notices = notices;
    }

    fn uncoded(&self) -> impl Iterator<Item = (&String, &Entry)> {
        self.order
            .iter()
            .filter_map(|path| Some((path, self.entries.get(path)?)))
            .filter(|(_, entry)| entry.wants_coding())
    }

    /// Compresses up to `most` files; returns whether that was all.
    fn compress(&mut self, most: usize) -> bool {
        let budget = CODED_BUDGET.saturating_sub(self.entries.values().map(Entry::coded_bytes).sum());
        let paths: Vec<String> = self.uncoded().take(most).map(|(path, _)| path.clone()).collect();
        if paths.is_empty() || budget == 0 {
            return true;
        }
        let (entries, folder) = (&self.entries, &self.snapshot);
        let mut coded = Vec::new();
        let code = |path: &String| {
            let content = entries.get(path).map(|entry| entry.content.clone());
            let bytes = content.and_then(|content| {
                content.bytes.clone().or_else(|| {
                    folder.read(path, LARGEST_CODED).ok().filter(|read| read.entity_tag == content.entity_tag)?.bytes
                })
            });
            // A file that has changed meanwhile is about to be baked again.
            Ok::<_, ()>(bytes.map_or_else(Vec::new, |bytes| Form::compressed(&bytes, Quality::Fast)))
        };
        let size = |forms: &Vec<Form>| forms.iter().map(|form| form.length as usize).sum();
        let _ = map_in_order(&paths, code, size, |path, forms| {
            coded.push((path.clone(), forms));
            Ok(())
        });
        for (path, forms) in coded {
            if let Some(entry) = self.entries.get_mut(&path) {
                entry.coded = Some(forms);
            }
        }
        paths.len() < most
    }

    /// Makes a site of what is known.
    fn site(&self) -> Result<Site> {
        let mut writer = PackWriter::new(Vec::new());
        let mut loose = Vec::new();
        for path in &self.order {
            let Some(entry) = self.entries.get(path) else { continue };
            let identity = Form::identity(&entry.content);
            let mut representations = Vec::new();
            for form in entry.coded.iter().flatten().chain([&identity]) {
                representations.push(form.record(Location::Loose(loose.len() as u64)));
                loose.push(match &form.bytes {
                    Some(bytes) => Loose::Bytes(bytes.clone()),
                    None => Loose::File(Arc::new(SnapshotFile {
                        folder: Arc::clone(&self.snapshot),
                        path: path.clone(),
                        stamp: entry.content.stamp,
                    })),
                });
            }
            let page = entry.page.clone().unwrap_or_default();
            add_asset(&mut writer, &self.policy, path, (&entry.description, &page), representations);
        }
        writer.policy(self.policy.sections());
        let index = writer.finish().context("indexing the folder")?;
        Ok(Site::new(Pack::open(index.into()).context("indexing the folder")?, loose))
    }

    /// Follows the folder's changes for as long as the process lives, on a thread of its own. `publish` gets each new
    /// site, and nothing where there should be one but none could be baked.
    ///
    /// # Errors
    /// A thread that can't be started.
    pub(crate) fn follow(mut self, publish: impl Fn(Option<Site>) + Send + 'static) -> io::Result<()> {
        let body = move || {
            let paths = [self.path.clone()];
            let mut watch = Watch::new(&paths);
            // What changed since the first baking, before anybody watched.
            self.bake_again(&publish);
            loop {
                self.compress_until_a_change(&watch, &publish);
                match watch.wait() {
                    Change::Seen => {}
                    Change::Ended => return,
                }
                // Before the baking: what changes during it is seen by the new watch.
                watch.renew(&paths);
                self.bake_again(&publish);
            }
        };
        std::thread::Builder::new().name("folder".into()).spawn(body).map(drop)
    }

    fn compress_until_a_change(&mut self, watch: &Watch, publish: &impl Fn(Option<Site>)) {
        if self.uncoded().next().is_none() {
            return;
        }
        while !watch.has_change() {
            if self.compress(SLICE) {
                match self.site() {
                    Ok(site) => {
                        publish(Some(site));
                        log::info!("directory: ready with compressed representations");
                    }
                    Err(error) => {
                        publish(None);
                        log::error!("{}: {error:#}", self.path.display());
                    }
                }
                return;
            }
        }
    }

    /// Bakes the folder as it is now, or keeps the site that was served.
    fn bake_again(&mut self, publish: &impl Fn(Option<Site>)) {
        let before = self.site().map(|site| site.pack().hash()).unwrap_or_default();
        let baked = self.read().and_then(|()| {
            if self.uncoded().map(|(_, entry)| entry.content.stamp.length).sum::<u64>() <= CODED_AT_ONCE {
                self.compress(usize::MAX);
            }
            self.site()
        });
        match baked {
            // The bodies may still lie in other files.
            Ok(site) if site.pack().hash() == before => publish(Some(site)),
            Ok(site) => {
                let now = format!("directory: now serving pack {} ({} files)", site.pack().hash(), site.len());
                publish(Some(site));
                log::info!("{now}");
            }
            Err(error) => {
                publish(None);
                log::error!("{}: not baked again, the site from before stays: {error:#}", self.path.display());
            }
        }
    }
}
