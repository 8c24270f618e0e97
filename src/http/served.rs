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
    names: Vec<HeaderName>,
    sets: Vec<Fields>,
}

impl Served {
    pub(crate) fn new(site: Site) -> Self {
        // A name that a hostile pack makes unusable is replaced by one that is never sent.
        let unusable = HeaderName::from_static("x-unusable");
        let name = |name: &[u8]| HeaderName::from_bytes(name).unwrap_or_else(|_| unusable.clone());
        let names: Vec<_> = site.pack().header_names().map(name).collect();
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
    names: &'a [HeaderName],
    set: u32,
) -> impl Iterator<Item = (HeaderName, HeaderValue)> + 'a {
    let fields = site.pack().header_set(set);
    fields.filter_map(|(name, value)| Some((names.get(name)?.clone(), HeaderValue::from_maybe_shared(value).ok()?)))
}

pub(super) fn add(headers: &mut HeaderMap, name: HeaderName, value: HeaderValue) {
    headers.append(name, value);
}
