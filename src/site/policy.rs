//! The site's rules at work: what a redirect rule means for a path, and which fields an answer gets.

use percent_encoding::percent_decode_str;

use super::address::{Place, split_slash};
use super::{Asset, Lookup, Site, Trace, TrailingSlash};
use crate::rule::{
    Action, Field, Glob, Match, Origin, PageHashes, addresses, decode_path, decode_policy_files, encode_path,
};

/// What an answer's fields depend on beside its own defaults.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Owner {
    /// The asset is part of this site: its rules were applied when it was baked.
    Site,
    /// The asset was laid over the site.
    Overlay,
}

impl Site {
    /// What a rule that matches `path` makes of a request.
    pub(super) fn ruled(
        &self,
        rule: &Match<'_>,
        path: &str,
        query: Option<&str>,
        trailing_slash: TrailingSlash,
        trace: &mut Trace,
    ) -> Lookup<'_> {
        let target = rule.to.path(&rule.captures);
        trace.note_from("rule", || (format!("_redirects:{}", rule.line), self.describe(rule)));
        match rule.action {
            Action::Redirect(status) => {
                let target = if rule.to.is_local() { self.settled(target, trailing_slash) } else { target };
                Lookup::Redirect { status, location: rule.to.location(&target, &rule.captures, query) }
            }
            Action::Rewrite => match self.at(&target) {
                Some(asset) => {
                    trace.note_from("file", || (asset.path().to_owned(), "the rule answers with this file".into()));
                    Lookup::Rewritten(asset)
                }
                None => {
                    trace.note("file", || format!("the rule's target {target} is no file"));
                    Lookup::NotFound(self.error_page(path))
                }
            },
            Action::Fallback => match self.at(&target) {
                Some(application) => Lookup::Fallback { application, page: self.error_page(path) },
                None => Lookup::NotFound(self.error_page(path)),
            },
            Action::Error(status) => {
                let page = self.at(&target).or_else(|| self.error_page(path));
                Lookup::Error { status, page }
            }
        }
    }

    /// The rule's line, as it was written.
    fn describe(&self, rule: &Match<'_>) -> String {
        let files = self.pack.policy().policy_files;
        let text = decode_policy_files(&files).find(|(name, _)| *name == "_redirects").map_or("", |(_, text)| text);
        let written = text.lines().nth(rule.line.saturating_sub(1) as usize).unwrap_or_default();
        let written = written.split_whitespace().collect::<Vec<_>>().join(" ");
        if rule.forced { format!("{written} (with !, so it wins over files)") } else { written }
    }

    /// Notes the rule that a file wins over.
    pub(super) fn note_beaten_rule(&self, path: &str, trace: &mut Trace) {
        if let Some(rule) = trace.is_wanted().then(|| self.redirects.first(path)).flatten() {
            let why = "a file has the path and wins, as the rule has no !";
            trace.note_from("rule", || {
                (format!("_redirects:{}", rule.line), format!("{} ({why})", self.describe(&rule)))
            });
        }
    }

    /// The asset that an encoded path means, by any of its addresses.
    fn at(&self, target: &str) -> Option<Asset<'_>> {
        let path = decode_path(target)?;
        let (stem, slash) = split_slash(&path);
        self.candidate(stem, slash, TrailingSlash::Auto).map(|(asset, _)| asset)
    }

    /// The one address of the asset at an encoded path: a redirect leads there at once, not to another redirect.
    fn settled(&self, target: String, trailing_slash: TrailingSlash) -> String {
        let place = decode_path(&target).and_then(|path| self.place(&path, trailing_slash));
        match place {
            Some(Place::Elsewhere(_, canonical)) => encode_path(&canonical),
            _ => target,
        }
    }

    /// The fields of an asset that answers at `raw`, which is not its own address; nothing if they are the prepared
    /// ones. Rules that match only the requested path come after those of the asset.
    pub(crate) fn fields_elsewhere(&self, asset: &Asset<'_>, owner: Owner, raw: &str) -> Option<Vec<Field>> {
        if self.headers.is_empty() {
            return None;
        }
        let path = requested(raw);
        let applied = |pattern: &Glob| owner == Owner::Site && addresses(asset.path()).any(|at| pattern.matches(at));
        let mut fields = asset.fields();
        let hashes = PageHashes::decode(asset.site.pack.header_set_hashes(asset.headers())).unwrap_or_default();
        let counts = |pattern: &Glob| pattern.matches(&path) && !applied(pattern);
        if owner == Owner::Overlay {
            // What is made at start may differ at the next one: its own cache policy stays.
            let (caching, mut rest): (Vec<Field>, Vec<Field>) =
                fields.into_iter().partition(|field| field.name == "cache-control");
            self.headers.apply(counts, &mut rest, &hashes);
            rest.retain(|field| field.name != "cache-control");
            return Some([rest, caching].concat());
        }
        self.headers.apply(counts, &mut fields, &hashes).then_some(fields)
    }

    /// Applies the rules for a requested path to the fields of an answer without an asset.
    pub(crate) fn apply_rules(&self, raw: &str, fields: &mut Vec<Field>) {
        if !self.headers.is_empty() {
            let path = requested(raw);
            self.headers.apply(|pattern| pattern.matches(&path), fields, &PageHashes::default());
        }
    }
}

impl Asset<'_> {
    /// The asset's prepared fields.
    pub(crate) fn fields(&self) -> Vec<Field> {
        let pack = &self.site.pack;
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let names: Vec<String> = pack.header_names().map(text).collect();
        let fields = pack.header_set(self.headers()).zip(pack.header_origins(self.headers()));
        let field = |((name, value), origin): ((usize, bytes::Bytes), &[u8])| {
            let origin = Origin::from_text(&text(origin));
            Some(Field { name: names.get(name)?.clone(), value: text(&value), origin })
        };
        fields.filter_map(field).collect()
    }
}

/// The requested path as patterns match it, even if it is not clean.
fn requested(raw: &str) -> String {
    match decode_path(raw) {
        Some(path) => path.into_owned(),
        None => percent_decode_str(raw.trim_start_matches('/')).decode_utf8_lossy().into_owned(),
    }
}
