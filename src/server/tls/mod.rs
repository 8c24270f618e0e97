//! TLS: the settings, the handshake, and certificates that are read again when their files change.

mod certificates;

use std::collections::BTreeMap;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::SystemTime;

use anyhow::{Context, Result};
use rustls::ServerConfig;
use rustls::crypto::ring;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

use super::reloads::Reloads;
use super::wire::Wire;
use crate::watch::{Change, Watch};
use certificates::Store;

/// What is needed to speak TLS. Cloning shares it.
#[derive(Clone)]
pub(crate) struct Tls {
    acceptor: TlsAcceptor,
    store: Arc<Store>,
}

/// The files of a certificate and its key.
#[derive(Clone, Debug)]
pub(crate) struct KeyPair {
    pub(crate) certificate: PathBuf,
    pub(crate) key: PathBuf,
}

impl Tls {
    /// Reads the certificates; the first is for clients that ask for no host or for one that no certificate has.
    ///
    /// # Errors
    /// A file that can't be read or that holds something else, a key of another certificate; names the flag.
    pub(crate) fn open(pairs: Vec<KeyPair>) -> Result<Self> {
        let provider = Arc::new(ring::default_provider());
        let store = Arc::new(Store::open(pairs, Arc::clone(&provider))?);
        // rustls has no other than the settings that Mozilla calls intermediate: TLS 1.2 with forward secrecy and AEAD,
        // and TLS 1.3.
        let config = ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions()?;
        let mut config = config.with_no_client_auth().with_cert_resolver(Arc::clone(&store) as _);
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        // The strongest that both know, whatever the client puts first.
        config.ignore_client_order = true;
        // Sessions are resumed from what the client keeps, so they take no memory here.
        config.ticketer = ring::Ticketer::new().context("making keys for session tickets")?;
        Ok(Self { acceptor: TlsAcceptor::from(Arc::new(config)), store })
    }

    pub(super) async fn handshake(&self, wire: Wire) -> io::Result<TlsStream<Wire>> {
        self.acceptor.accept(wire).await
    }

    /// Reads the certificates again. If one is not valid, the old ones stay.
    pub(crate) fn reload(&self) {
        if let Err(error) = self.store.reload() {
            log::error!("TLS: the certificates stay as they were: {error:#}");
        }
    }

    pub(super) fn reloads(&self) -> &Reloads {
        self.store.reloads()
    }

    /// When the certificate of each name ends.
    pub(super) fn expiries(&self) -> BTreeMap<String, SystemTime> {
        self.store.expiries()
    }

    /// Every file that is read.
    pub(crate) fn paths(&self) -> Vec<PathBuf> {
        self.store.pairs().iter().flat_map(|pair| [pair.certificate.clone(), pair.key.clone()]).collect()
    }

    /// Starts a thread that reads the certificates again when their files change.
    ///
    /// # Errors
    /// A thread that can't be started.
    pub(crate) fn follow(&self) -> Result<()> {
        let (tls, paths) = (self.clone(), self.paths());
        let follow = move || {
            let mut watch = Watch::new(&paths);
            // What changed since they were read, before anybody watched.
            tls.reload();
            while watch.wait() == Change::Seen {
                watch.renew(&paths);
                tls.reload();
            }
        };
        std::thread::Builder::new().name("certificates".into()).spawn(follow).context("watching the certificates")?;
        Ok(())
    }
}
