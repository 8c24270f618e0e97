//! TLS for tests: certificates made on the spot, and a client that looks at them instead of trusting them.

use std::fs;
use std::net::TcpStream;
use std::path::PathBuf;
use std::sync::Arc;

use rcgen::{CertificateParams, KeyPair};
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, ring};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{ClientConfig, ClientConnection, DigitallySignedStruct, Error, SignatureScheme, StreamOwned};
use x509_cert::der::Decode;
use x509_cert::ext::pkix::SubjectAltName;
use x509_cert::ext::pkix::name::GeneralName;

use super::Dist;

/// A stream of TLS over TCP.
pub(crate) type TlsStream = StreamOwned<ClientConnection, TcpStream>;

/// The files of a certificate and its key.
pub(crate) struct Identity {
    pub(crate) certificate: PathBuf,
    pub(crate) key: PathBuf,
}

impl Identity {
    /// Makes a certificate for these hosts, in files beside dist.
    pub(crate) fn new(dist: &Dist, name: &str, hosts: &[&str]) -> Self {
        let folder = dist.beside("tls");
        fs::create_dir_all(&folder).expect("a folder for certificates");
        let identity =
            Self { certificate: folder.join(format!("{name}.pem")), key: folder.join(format!("{name}.key")) };
        identity.renew(hosts);
        identity
    }

    /// Replaces both files, each by a rename.
    pub(crate) fn renew(&self, hosts: &[&str]) {
        let key = KeyPair::generate().expect("a key");
        let hosts: Vec<_> = hosts.iter().map(|host| (*host).to_owned()).collect();
        let certificate = CertificateParams::new(hosts).expect("names").self_signed(&key).expect("a certificate");
        for (path, pem) in [(&self.certificate, certificate.pem()), (&self.key, key.serialize_pem())] {
            let new = path.with_extension("new");
            fs::write(&new, pem).expect("written");
            fs::rename(&new, path).expect("renamed");
        }
    }

    /// The flags that name the files.
    pub(crate) fn flags(&self) -> [String; 4] {
        let text = |path: &PathBuf| path.to_str().expect("UTF-8").to_owned();
        ["--tls-cert".into(), text(&self.certificate), "--tls-key".into(), text(&self.key)]
    }
}

/// What a client offers.
#[derive(Clone, Copy)]
pub(crate) struct Offer<'a> {
    /// The name that it asks for; an IP address asks for none.
    pub(crate) host: &'a str,
    pub(crate) protocols: &'a [&'a str],
}

/// The settings of a client that takes every certificate.
pub(crate) fn client_settings(protocols: &[&str]) -> ClientConfig {
    let provider = Arc::new(ring::default_provider());
    let settings = ClientConfig::builder_with_provider(Arc::clone(&provider));
    let settings = settings.with_safe_default_protocol_versions().expect("versions").dangerous();
    let settings = settings.with_custom_certificate_verifier(Arc::new(AnyCertificate(provider)));
    let mut settings = settings.with_no_client_auth();
    settings.alpn_protocols = protocols.iter().map(|protocol| protocol.as_bytes().to_vec()).collect();
    settings
}

/// Shakes hands over a TCP connection.
pub(crate) fn secure(stream: TcpStream, offer: Offer<'_>) -> std::io::Result<TlsStream> {
    let name = ServerName::try_from(offer.host.to_owned()).expect("a host or an address");
    let connection = ClientConnection::new(Arc::new(client_settings(offer.protocols)), name).expect("a client");
    let mut stream = StreamOwned::new(connection, stream);
    while stream.conn.is_handshaking() {
        stream.conn.complete_io(&mut stream.sock)?;
    }
    Ok(stream)
}

/// The hosts of the certificate that the server showed.
pub(crate) fn certificate_hosts(stream: &TlsStream) -> Vec<String> {
    let chain = stream.conn.peer_certificates().expect("a certificate");
    let certificate = x509_cert::Certificate::from_der(&chain[0]).expect("a certificate");
    let (_, SubjectAltName(names)) = certificate.tbs_certificate().get_extension().expect("read").expect("names");
    let host = |name| match name {
        GeneralName::DnsName(host) => Some(host.as_str().to_owned()),
        _ => None,
    };
    names.into_iter().filter_map(host).collect()
}

/// Takes every certificate, but wants the key to be its own.
#[derive(Debug)]
struct AnyCertificate(Arc<CryptoProvider>);

impl ServerCertVerifier for AnyCertificate {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.0.signature_verification_algorithms;
        rustls::crypto::verify_tls12_signature(message, certificate, signature, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.0.signature_verification_algorithms;
        rustls::crypto::verify_tls13_signature(message, certificate, signature, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}
