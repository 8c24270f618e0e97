//! `site serve`: opens everything, says what is served, and serves it.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use actix_web::http::header::HeaderValue;
use anyhow::{Context, Result, anyhow, ensure};

use super::addresses::Addresses;
use super::opened::{self, Opened};
use crate::carrier::{self, Carried, CarrierKind};
use crate::cli::{self, AccessLogFormat, Serve};
use crate::http::{Options, SecureHosts};
use crate::sandbox::{self, Identity, Needs};
use crate::server::{
    ConnectionLimits, Ending, Format, KeyPair, Listening, Live, Output, Proxies, ServiceManager, Speech, Timeouts, Tls,
    descriptors_for, most_connections,
};

/// Connections that may be open if nothing is said.
const DEFAULT_CONNECTIONS: usize = 16 << 10;

/// For closing a connection whose last response was sent.
const LINGER: Duration = Duration::from_secs(2);

/// Serves until a signal ends it.
///
/// # Errors
/// Whatever keeps the site from being opened or the addresses from being listened on; one line with the remedy.
pub(crate) fn serve(flags: Serve) -> Result<()> {
    let Serve { listening, answers, limits, logs, process } = flags;
    let identity = Identity::look_up(process.user.as_deref(), process.group.as_deref())?;
    let mut read = Vec::from_iter(answers.dist_dir.clone());
    let append = Vec::from_iter(logs.access_log_file.clone());
    let addresses = Addresses::read(&listening, logs.admin_listen_on.as_slice())?;
    let manager = ServiceManager::connect();
    let proxies = proxies(&logs.trusted_proxy, logs.proxy_protocol)?;
    let redirect = secure_hosts(&listening.redirect_http)?;
    let Opened { carried: Carried { kind, site, directory }, overlay, options } = opened::open(answers)?;
    let tls = tls(listening.tls_cert, listening.tls_key)?;
    let bound = addresses.bind()?;
    let urls = bound.urls()?;
    let access_log = access_log(logs.access_log, logs.access_log_file)?;
    let start_line = format!(
        "site {} serves pack {} ({kind}, {} files, {} bytes){} on {}",
        env!("CARGO_PKG_VERSION"),
        site.pack().hash(),
        site.len(),
        site.pack().identity_bytes(),
        if bound.activated { " by socket activation" } else { "" },
        urls,
    );
    let pack = site.pack().clone();
    let live = Live::new(site, overlay);
    carrier::settle(kind, &pack);
    // Counting the cores reads files.
    let workers = process.workers.map_or_else(default_workers, usize::from);
    let limits_of_connections = connection_limits(&limits, kind)?;
    read.extend(tls.iter().flat_map(Tls::paths));
    log::info!("sandbox: {}", sandbox::enter(&Needs { level: process.sandbox, identity, read, append })?);
    if let Some(directory) = directory {
        let publish = live.clone();
        let publish = move |site: Option<_>| site.map_or_else(|| publish.keep(), |site| publish.replace(site));
        directory.follow(publish).context("starting to watch the folder")?;
    }
    let ending = Ending { delay: seconds(process.shutdown_delay), timeout: seconds(process.shutdown_timeout) };
    let strict_transport_security = strict_transport_security(listening.hsts);
    let secure_options = Options { strict_transport_security, ..options.clone() };
    let plain_options = Options { secure_hosts: redirect, ..options };
    Listening {
        plain: (bound.plain, plain_options),
        secure: (bound.secure, secure_options),
        tls,
        workers,
        access_log,
        admin: bound.admin,
        carrier: kind.to_string(),
        proxies,
        timeouts: timeouts(&limits),
        limits: limits_of_connections,
        ending,
        live,
        start_line,
        manager: manager.serving(format!("serving on {urls}")),
    }
    .serve()
}

fn tls(certificates: Vec<std::path::PathBuf>, keys: Vec<std::path::PathBuf>) -> Result<Option<Tls>> {
    if certificates.is_empty() && keys.is_empty() {
        return Ok(None);
    }
    let (count, key_count) = (certificates.len(), keys.len());
    ensure!(
        count == key_count,
        "--tls-key: {count} certificates have {key_count} keys; give each --tls-cert one --tls-key, in the same order"
    );
    let pairs = certificates.into_iter().zip(keys).map(|(certificate, key)| KeyPair { certificate, key });
    Tls::open(pairs.collect()).map(Some)
}

fn secure_hosts(texts: &[String]) -> Result<Option<Arc<SecureHosts>>> {
    if texts.is_empty() {
        return Ok(None);
    }
    let hosts = SecureHosts::parse(texts).map_err(|problem| anyhow!("--redirect-http: {problem}"))?;
    Ok(Some(Arc::new(hosts)))
}

fn strict_transport_security(seconds: u32) -> Option<HeaderValue> {
    (seconds > 0).then(|| HeaderValue::from_str(&format!("max-age={seconds}")).ok()).flatten()
}

fn timeouts(flags: &cli::Limits) -> Timeouts {
    Timeouts {
        head: seconds(flags.header_timeout),
        idle: seconds(flags.idle_timeout),
        write: seconds(flags.write_timeout),
        request: seconds(flags.request_timeout),
        linger: LINGER,
    }
}

fn connection_limits(flags: &cli::Limits, kind: CarrierKind) -> Result<ConnectionLimits> {
    // A file of a folder is open while it is sent.
    let descriptors = if kind == CarrierKind::Directory { 2 } else { 1 };
    let most = most_connections(descriptors);
    let total = flags.max_connections.map_or(most.min(DEFAULT_CONNECTIONS), |total| total as usize);
    ensure!(
        total <= most,
        "--max-connections {total}: the limit of open files allows {most}; raise it (ulimit -n, LimitNOFILE=) to {}",
        descriptors_for(total, descriptors)
    );
    let per_address = flags.max_connections_per_address.map_or(total.div_ceil(2), |count| count as usize);
    Ok(ConnectionLimits { total, per_address })
}

fn seconds(count: u32) -> Duration {
    Duration::from_secs(count.into())
}

fn proxies(networks: &[String], protocol: bool) -> Result<Proxies> {
    ensure!(
        !protocol || !networks.is_empty(),
        "--proxy-protocol: nobody is trusted to say whom a connection is from; name the proxies with --trusted-proxy"
    );
    let speech = if protocol { Speech::Introduced } else { Speech::Plain };
    Proxies::parse(networks, speech).map_err(|problem| anyhow!("--trusted-proxy {problem}"))
}

fn access_log(format: AccessLogFormat, file: Option<PathBuf>) -> Result<Option<(Format, Output)>> {
    let format = match format {
        AccessLogFormat::Combined => Format::Combined,
        AccessLogFormat::Json => Format::Json,
        AccessLogFormat::Off => return Ok(None),
    };
    let Some(path) = file else { return Ok(Some((format, Output::standard_error()))) };
    let opened = Output::file(path.clone()).with_context(|| {
        format!("--access-log-file {}: can't be opened for appending; name a file in a folder that exists and may be written to", path.display())
    });
    Ok(Some((format, opened?)))
}

fn default_workers() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from).min(512)
}
