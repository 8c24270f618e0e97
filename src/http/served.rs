//! A site that is served: its header fields made ready, and what is laid over it.

use std::sync::Arc;

use actix_web::http::header::{HeaderMap, HeaderName, HeaderValue};

use crate::site::{Lookup, Site, Trace, TrailingSlash};

/// Header sets that are made ready when a site is opened; beyond them, per request.
const READY_SETS: usize = 256;

type Fields = Box<[(HeaderName, HeaderValue)]>;

/// A site with its header fields made ready.
pub(crate) struct Served {
    pub(crate) site: Site,
    /// Assets that win over those of the site.
    overlay: Option<Arc<Served>>,
    /// By their numbers; nothing in the place of a name that no header field can have.
    names: Vec<Option<HeaderName>>,
    sets: Vec<Fields>,
}

impl Served {
    pub(crate) fn new(site: Site) -> Self {
        let names: Vec<_> = site.pack().header_names().map(|name| HeaderName::from_bytes(name).ok()).collect();
        let count = site.pack().header_set_count().min(READY_SETS);
        let sets = (0..count).map(|set| fields(&site, &names, set as u32).collect()).collect();
        Self { site, overlay: None, names, sets }
    }

    /// Lays the assets of another site over this one.
    pub(crate) fn under(self, overlay: Option<Arc<Served>>) -> Self {
        Self { overlay, ..self }
    }

    /// What answers requests for a path: the overlay if it has an asset at exactly that path.
    pub(crate) fn layer(&self, path: &str) -> &Self {
        let overlay = self.overlay.as_deref();
        let has = |layer: &&Self| {
            let lookup = layer.site.lookup(path, None, TrailingSlash::None, &mut Trace::off());
            matches!(lookup, Lookup::Found(_))
        };
        overlay.filter(has).unwrap_or(self)
    }

    /// Inserts the fields of an asset's header set.
    pub(super) fn insert(&self, headers: &mut HeaderMap, set: u32) {
        match self.sets.get(set as usize) {
            Some(ready) => ready.iter().for_each(|(name, value)| add(headers, name.clone(), value.clone())),
            None => fields(&self.site, &self.names, set).for_each(|(name, value)| add(headers, name, value)),
        }
    }
}

fn fields<'a>(
    site: &'a Site,
    names: &'a [Option<HeaderName>],
    set: u32,
) -> impl Iterator<Item = (HeaderName, HeaderValue)> + 'a {
    let fields = site.pack().header_set(set);
    fields.filter_map(|(name, value)| Some((names.get(name)?.clone()?, HeaderValue::from_maybe_shared(value).ok()?)))
}

pub(super) fn add(headers: &mut HeaderMap, name: HeaderName, value: HeaderValue) {
    headers.append(name, value);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pack::{Pack, PackWriter};

    #[test]
    fn fields_that_can_not_be_sent_are_left_out() {
        let mut writer = PackWriter::new(Vec::new());
        let fields = [("x-a", "1"), ("x b", "2"), ("", "3"), ("x-c", "4\r\nx-d: 5"), ("x-e", "6")];
        writer.header_set(fields.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec());
        let pack = Pack::open(writer.finish().unwrap().into()).unwrap();
        let mut headers = HeaderMap::new();
        Served::new(Site::new(pack, Vec::new())).insert(&mut headers, 0);
        let mut sent: Vec<_> = headers.iter().map(|(name, value)| (name.as_str(), value.to_str().unwrap())).collect();
        sent.sort();
        assert_eq!(sent, [("x-a", "1"), ("x-e", "6")]);
    }
}
