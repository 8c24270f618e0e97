//! The site that is served at this moment: replaced as a whole, so that a request sees one site from end to end.

use std::sync::Arc;
use std::time::Duration;

use arc_swap::{ArcSwap, Guard};
use tokio::sync::watch;

use super::reloads::Reloads;
use crate::http::Served;
use crate::site::Site;

/// The current site. Cloning shares it.
#[derive(Clone)]
pub(crate) struct Live {
    shared: Arc<Shared>,
}

struct Shared {
    /// Stays the same whatever is under it.
    overlay: Option<Arc<Served>>,
    served: ArcSwap<Served>,
    replaced: watch::Sender<()>,
    reloads: Reloads,
}

impl Live {
    /// Serves `site`, with the assets of `overlay` in front of its own.
    pub(crate) fn new(site: Site, overlay: Option<Site>) -> Self {
        let overlay = overlay.map(|overlay| Arc::new(Served::new(overlay)));
        let served = ArcSwap::from_pointee(Served::new(site).under(overlay.clone()));
        let (replaced, reloads) = (watch::Sender::new(()), Reloads::default());
        Self { shared: Arc::new(Shared { overlay, served, replaced, reloads }) }
    }

    pub(crate) fn current(&self) -> Guard<Arc<Served>> {
        self.shared.served.load()
    }

    /// Serves another site from now on.
    pub(crate) fn replace(&self, site: Site) {
        if site.pack().hash() != self.current().site.pack().hash() {
            self.shared.reloads.succeed();
        }
        self.shared.served.store(Arc::new(Served::new(site).under(self.shared.overlay.clone())));
        self.shared.replaced.send_replace(());
    }

    /// Notes that there should be another site, but that it could not be made.
    pub(crate) fn keep(&self) {
        self.shared.reloads.fail();
    }

    pub(crate) fn reloads(&self) -> &Reloads {
        &self.shared.reloads
    }

    /// Waits until the site is replaced, at most for `limit`; returns whether it was.
    pub(crate) async fn wait_for_replacement(&self, seen: &Arc<Served>, limit: Duration) -> bool {
        let mut replaced = self.shared.replaced.subscribe();
        if !Arc::ptr_eq(&self.shared.served.load(), seen) {
            return true;
        }
        matches!(tokio::time::timeout(limit, replaced.changed()).await, Ok(Ok(())))
    }
}
