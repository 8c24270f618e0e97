//! The writer: bodies in one pass, then the index, whose sections are laid out at the end.

use std::collections::HashMap;
use std::io::{self, Write};

use super::footer::checksum;
use super::*;

/// An asset as the writer takes it.
pub(crate) struct NewAsset {
    /// The path below the site's root, with `/` between segments and none in front.
    pub(crate) path: String,
    pub(crate) flags: AssetFlags,
    /// The number that [`PackWriter::header_set`] gave.
    pub(crate) headers: u32,
    /// From the most to the least preferred coding; identity is always there.
    pub(crate) representations: Vec<RepresentationRecord>,
}

/// Writes a pack in one pass.
pub(crate) struct PackWriter<W> {
    out: W,
    written: u64,
    bodies: HashMap<(EntityTagText, u64), u64>,
    assets: Vec<NewAsset>,
    header_sets: HashMap<NewHeaderSet, u32>,
    policy: PolicySections<Vec<u8>>,
}

impl<W: Write> PackWriter<W> {
    pub(crate) fn new(out: W) -> Self {
        Self {
            out,
            written: 0,
            bodies: HashMap::new(),
            assets: Vec::new(),
            header_sets: HashMap::new(),
            policy: PolicySections::default(),
        }
    }

    /// Appends a body and returns where it is; equal bodies are stored once.
    pub(crate) fn body(&mut self, entity_tag: EntityTagText, body: &[u8]) -> io::Result<Location> {
        let key = (entity_tag, body.len() as u64);
        if let Some(&offset) = self.bodies.get(&key) {
            return Ok(Location::Packed(offset));
        }
        let offset = self.written;
        self.out.write_all(body)?;
        self.written += body.len() as u64;
        self.bodies.insert(key, offset);
        Ok(Location::Packed(offset))
    }

    /// Returns the number of a set of header fields that nobody but this program sets.
    pub(crate) fn header_set(&mut self, fields: Vec<(String, String)>) -> u32 {
        let fields = fields.into_iter().map(|(name, value)| (name, value, String::new())).collect();
        self.new_header_set(NewHeaderSet { fields, hashes: Vec::new() })
    }

    /// Returns the number of a header set: equal sets share one.
    pub(crate) fn new_header_set(&mut self, set: NewHeaderSet) -> u32 {
        let next = self.header_sets.len() as u32;
        *self.header_sets.entry(set).or_insert(next)
    }

    /// Adds the site's rules.
    pub(crate) fn policy(&mut self, policy: PolicySections<Vec<u8>>) {
        self.policy = policy;
    }

    pub(crate) fn asset(&mut self, asset: NewAsset) {
        self.assets.push(asset);
    }

    /// The assets so far.
    pub(crate) fn assets(&self) -> &[NewAsset] {
        &self.assets
    }

    /// Writes index and footer and returns the output.
    ///
    /// # Errors
    /// Those of the output, and an index over 4 GiB.
    pub(crate) fn finish(mut self) -> io::Result<W> {
        self.assets.sort_by(|a, b| a.path.as_bytes().cmp(b.path.as_bytes()));
        let header_sets = std::mem::take(&mut self.header_sets);
        let index = IndexBuilder::build(&self.assets, header_sets, std::mem::take(&mut self.policy))?;
        let index_at = self.written;
        let length = index_at + index.len() as u64 + FOOTER_LEN as u64;
        let mut footer = [0u8; FOOTER_LEN];
        footer[..8].copy_from_slice(MAGIC);
        footer[8..12].copy_from_slice(&VERSION.to_le_bytes());
        footer[16..24].copy_from_slice(&length.to_le_bytes());
        footer[24..32].copy_from_slice(&index_at.to_le_bytes());
        footer[32..40].copy_from_slice(&(index.len() as u64).to_le_bytes());
        footer[48..64].copy_from_slice(&blake3::hash(&index).as_bytes()[..16]);
        let checksum = checksum(&index, &footer);
        footer[CHECKSUM_AT..CHECKSUM_AT + 8].copy_from_slice(&checksum.to_le_bytes());
        self.out.write_all(&index)?;
        self.out.write_all(&footer)?;
        self.out.flush()?;
        Ok(self.out)
    }
}

/// Lays out the sections of an index.
#[derive(Default)]
struct IndexBuilder {
    assets: Vec<u8>,
    representations: Vec<u8>,
    text: Vec<u8>,
    header_sets: Vec<u8>,
    headers: Vec<u8>,
    header_names: Vec<u8>,
    policy: PolicySections<Vec<u8>>,
    identity_bytes: u64,
    retired: u64,
}

impl IndexBuilder {
    fn build(
        assets: &[NewAsset],
        header_sets: HashMap<NewHeaderSet, u32>,
        policy: PolicySections<Vec<u8>>,
    ) -> io::Result<Vec<u8>> {
        let mut builder = Self { policy, ..Self::default() };
        let mut sets: Vec<_> = header_sets.into_iter().collect();
        sets.sort_by_key(|(_, number)| *number);
        builder.header_sets(&sets)?;
        for asset in assets {
            builder.asset(asset)?;
        }
        builder.concatenate()
    }

    fn header_sets(&mut self, sets: &[(NewHeaderSet, u32)]) -> io::Result<()> {
        let mut names: HashMap<&str, u32> = HashMap::new();
        let mut values: HashMap<&str, (u32, u32)> = HashMap::new();
        for (NewHeaderSet { fields, hashes }, _) in sets {
            put_u32(&mut self.header_sets, self.headers.len() / HEADER_LEN)?;
            put_u32(&mut self.header_sets, fields.len())?;
            put_u32(&mut self.header_sets, self.text.len())?;
            put_u32(&mut self.header_sets, hashes.len())?;
            self.text.extend(hashes);
            for (name, value, origin) in fields {
                if !names.contains_key(name.as_str()) {
                    let (at, length) = self.text(name)?;
                    self.header_names.extend([at.to_le_bytes(), length.to_le_bytes()].concat());
                    names.insert(name, names.len() as u32);
                }
                for text in [value, origin] {
                    if !values.contains_key(text.as_str()) {
                        values.insert(text, self.text(text)?);
                    }
                }
                let ((at, length), (origin_at, origin_length)) = (values[value.as_str()], values[origin.as_str()]);
                for number in [names[name.as_str()], at, length, origin_at, origin_length] {
                    self.headers.extend(number.to_le_bytes());
                }
            }
        }
        Ok(())
    }

    fn asset(&mut self, asset: &NewAsset) -> io::Result<()> {
        self.retired += u64::from(asset.flags.is_retired());
        let (at, length) = self.text(&asset.path)?;
        self.assets.extend([at.to_le_bytes(), length.to_le_bytes()].concat());
        put_u32(&mut self.assets, self.representations.len() / REPRESENTATION_LEN)?;
        self.assets.extend(asset.headers.to_le_bytes());
        self.assets.extend([asset.flags.bits, asset.representations.len() as u8, asset.flags.age, 0, 0, 0, 0, 0]);
        for representation in &asset.representations {
            let (loose, offset) = match representation.location {
                Location::Packed(offset) => (0, offset),
                Location::Loose(row) => (1, row),
            };
            if representation.coding == Coding::Identity && !asset.flags.is_retired() {
                self.identity_bytes += representation.length;
            }
            self.representations.extend(offset.to_le_bytes());
            self.representations.extend(representation.length.to_le_bytes());
            self.representations.extend(representation.entity_tag.0);
            self.representations.extend([representation.coding as u8, loose, 0, 0, 0, 0, 0, 0]);
        }
        Ok(())
    }

    fn text(&mut self, text: &str) -> io::Result<(u32, u32)> {
        let at = number(self.text.len())?;
        self.text.extend(text.as_bytes());
        Ok((at, number(text.len())?))
    }

    fn concatenate(self) -> io::Result<Vec<u8>> {
        let mut index = Vec::new();
        let mut at = 4 + SECTIONS.len() * 12;
        put_u32(&mut index, SECTIONS.len())?;
        let totals = [self.identity_bytes, self.retired].map(u64::to_le_bytes).concat();
        let sections = SECTIONS.map(|section| match section {
            Section::Assets => &self.assets,
            Section::Representations => &self.representations,
            Section::Text => &self.text,
            Section::HeaderSets => &self.header_sets,
            Section::Headers => &self.headers,
            Section::HeaderNames => &self.header_names,
            Section::Totals => &totals,
            Section::Redirects => &self.policy.redirects,
            Section::RedirectPatterns => &self.policy.redirect_patterns,
            Section::HeaderRules => &self.policy.header_rules,
            Section::PolicyFiles => &self.policy.policy_files,
        });
        for (id, section) in SECTIONS.iter().zip(sections) {
            put_u32(&mut index, *id as usize)?;
            put_u32(&mut index, at)?;
            put_u32(&mut index, section.len())?;
            at += section.len();
        }
        sections.iter().for_each(|section| index.extend_from_slice(section));
        Ok(index)
    }
}

fn number(value: usize) -> io::Result<u32> {
    u32::try_from(value).map_err(|_| io::Error::new(io::ErrorKind::FileTooLarge, "the pack's index exceeds 4 GiB"))
}

fn put_u32(out: &mut Vec<u8>, value: usize) -> io::Result<()> {
    out.extend(number(value)?.to_le_bytes());
    Ok(())
}
