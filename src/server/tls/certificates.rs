//! Certificates: reading them, choosing one for a handshake, and telling when they end.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use anyhow::{Context, Result, ensure};
use arc_swap::ArcSwap;
use rustls::crypto::CryptoProvider;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use x509_cert::der::Decode;
use x509_cert::ext::pkix::SubjectAltName;
use x509_cert::ext::pkix::name::GeneralName;

use super::super::reloads::Reloads;
use super::KeyPair;

/// A certificate that ends sooner than this is warned of.
const SOON: Duration = Duration::from_secs(14 * 24 * 60 * 60);

/// The certificates as they are now, and where they come from.
#[derive(Debug)]
pub(super) struct Store {
    pairs: Vec<KeyPair>,
    provider: Arc<CryptoProvider>,
    current: ArcSwap<Vec<Certificate>>,
    reloads: Reloads,
}

/// A certificate, its chain and its key.
#[derive(Debug)]
pub(crate) struct Certificate {
    key: Arc<CertifiedKey>,
    /// The hosts that it is for, in lower case; `*.` stands for one label.
    pub(crate) names: Vec<String>,
    /// The moment after which nobody accepts it.
    pub(crate) not_after: SystemTime,
}

impl Store {
    pub(super) fn open(pairs: Vec<KeyPair>, provider: Arc<CryptoProvider>) -> Result<Self> {
        let current = read_all(&pairs, &provider)?;
        announce(&current);
        Ok(Self { pairs, provider, current: ArcSwap::from_pointee(current), reloads: Reloads::default() })
    }

    pub(super) fn pairs(&self) -> &[KeyPair] {
        &self.pairs
    }

    /// Reads all files again and replaces the certificates if all are valid and one is new.
    pub(super) fn reload(&self) -> Result<()> {
        let new = read_all(&self.pairs, &self.provider).inspect_err(|_| self.reloads.fail())?;
        let old = self.current.load();
        let is_new = new.iter().zip(old.iter()).any(|(new, old)| new.key.cert != old.key.cert);
        // The key of an unchanged certificate can't have changed.
        if is_new {
            announce(&new);
            self.current.store(Arc::new(new));
            self.reloads.succeed();
        }
        Ok(())
    }

    pub(super) fn reloads(&self) -> &Reloads {
        &self.reloads
    }

    /// When the certificate of each name ends; of two for one name, the one that ends first.
    pub(super) fn expiries(&self) -> BTreeMap<String, SystemTime> {
        let mut expiries = BTreeMap::new();
        for certificate in self.current.load().iter() {
            let names = if certificate.names.is_empty() { &["(no name)".to_owned()][..] } else { &certificate.names };
            for name in names {
                let end = expiries.entry(name.clone()).or_insert(certificate.not_after);
                *end = certificate.not_after.min(*end);
            }
        }
        expiries
    }
}

impl ResolvesServerCert for Store {
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        let current = self.current.load();
        let named = hello.server_name().and_then(|name| {
            let name = name.to_ascii_lowercase();
            let exact = current.iter().find(|certificate| certificate.names.contains(&name));
            exact.or_else(|| current.iter().find(|certificate| certificate.is_for_siblings_of(&name)))
        });
        named.or(current.first()).map(|certificate| Arc::clone(&certificate.key))
    }
}

impl Certificate {
    /// The certificate is for every name that differs from this one in its first label only.
    fn is_for_siblings_of(&self, name: &str) -> bool {
        let parent = name.split_once('.').map(|(_, parent)| parent);
        parent.is_some_and(|parent| self.names.iter().any(|name| name.strip_prefix("*.") == Some(parent)))
    }

    /// Logs for whom it is and when it ends.
    fn announce(&self, now: SystemTime) {
        let names = if self.names.is_empty() { "no host".to_owned() } else { self.names.join(", ") };
        let end = time::OffsetDateTime::from(self.not_after);
        let end = format!(
            "{:04}-{:02}-{:02} {:02}:{:02} UTC",
            end.year(),
            u8::from(end.month()),
            end.day(),
            end.hour(),
            end.minute()
        );
        match self.not_after.duration_since(now) {
            Err(_) => log::error!("TLS: the certificate for {names} has expired on {end}; renew it"),
            Ok(left) if left < SOON => log::warn!("TLS: the certificate for {names} expires soon, on {end}; renew it"),
            Ok(_) => log::info!("TLS: certificate for {names}, valid until {end}"),
        }
    }
}

fn read_all(pairs: &[KeyPair], provider: &CryptoProvider) -> Result<Vec<Certificate>> {
    pairs.iter().map(|pair| read(pair, provider)).collect()
}

fn announce(certificates: &[Certificate]) {
    let now = SystemTime::now();
    certificates.iter().for_each(|certificate| certificate.announce(now));
}

fn read(pair: &KeyPair, provider: &CryptoProvider) -> Result<Certificate> {
    let certificate_flag = || format!("--tls-cert {}", pair.certificate.display());
    let key_flag = || format!("--tls-key {}", pair.key.display());
    let pem = read_file(&pair.certificate).with_context(certificate_flag)?;
    let chain: Vec<_> = CertificateDer::pem_slice_iter(&pem)
        .collect::<Result<_, _>>()
        .context("this is not PEM; convert it with `openssl x509 -outform pem`")
        .with_context(certificate_flag)?;
    let leaf = chain.first().context("there is no CERTIFICATE in this file").with_context(certificate_flag)?;
    let (names, not_after) =
        describe(leaf).context("the first certificate can't be read").with_context(certificate_flag)?;
    let pem = read_file(&pair.key).with_context(key_flag)?;
    let key = PrivateKeyDer::from_pem_slice(&pem)
        .context("there is no unencrypted private key in PEM form; decrypt it with `openssl pkey`")
        .with_context(key_flag)?;
    let key = provider
        .key_provider
        .load_private_key(key)
        .context("this key can't be used; take ECDSA P-256 or P-384, Ed25519, or RSA of 2048 to 8192 bits")
        .with_context(key_flag)?;
    let key = CertifiedKey::new(chain, key);
    ensure!(
        !matches!(key.keys_match(), Err(rustls::Error::InconsistentKeys(rustls::InconsistentKeys::KeyMismatch))),
        "{}: this is not the key of {}; give each certificate and its key at the same place",
        key_flag(),
        certificate_flag()
    );
    Ok(Certificate { key: Arc::new(key), names, not_after })
}

fn read_file(path: &Path) -> Result<Vec<u8>> {
    /// No certificate chain and no key is larger.
    const MAX: u64 = 1 << 20;
    let length = fs::metadata(path).and_then(|metadata| {
        if metadata.is_file() { Ok(metadata.len()) } else { Err(std::io::ErrorKind::InvalidInput.into()) }
    });
    ensure!(length.context("can't be read")? <= MAX, "this is too large for PEM");
    fs::read(path).context("can't be read; check the path and who may read it")
}

/// The hosts that a certificate is for and its end (RFC 5280 §4.1.2.5, §4.2.1.6).
fn describe(leaf: &CertificateDer<'_>) -> Result<(Vec<String>, SystemTime)> {
    let certificate = x509_cert::Certificate::from_der(leaf)?;
    let certificate = certificate.tbs_certificate();
    let names = match certificate.get_extension::<SubjectAltName>()? {
        Some((_, SubjectAltName(names))) => names
            .iter()
            .filter_map(|name| match name {
                GeneralName::DnsName(name) => Some(name.as_str().to_ascii_lowercase()),
                _ => None,
            })
            .collect(),
        None => Vec::new(),
    };
    Ok((names, certificate.validity().not_after.to_system_time()))
}
