//! `site serve`: opens everything, says what is served, and serves it.

use std::fs::File;
use std::net::TcpListener;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result, anyhow};

use super::opened::{self, Opened};
use crate::carrier::{self, Carried, CarrierKind};
use crate::cli::{AccessLogFormat, Serve};
use crate::sandbox::{self, Identity, Needs};
use crate::server::{AccessLogTarget, ListenAddress, Listening, Live};
use crate::site::Site;

/// Serves until a signal ends it.
///
/// # Errors
/// Whatever keeps the site from being opened or the addresses from being listened on; one line with the remedy.
pub(crate) fn serve(flags: Serve) -> Result<()> {
    let addresses = addresses(&flags.listen_on)?;
    let identity = Identity::look_up(flags.process.user.as_deref(), flags.process.group.as_deref())?;
    let read = Vec::from_iter(flags.answers.dist_dir.clone());
    let append = match flags.access_log {
        AccessLogFormat::Off => Vec::new(),
        AccessLogFormat::Combined => Vec::from_iter(flags.access_log_file.clone()),
    };
    let Opened { carried: Carried { kind, site, directory }, overlay, handler } = opened::open(flags.answers)?;
    let listeners = bind(&addresses)?;
    let access_log = access_log(flags.access_log, flags.access_log_file.as_deref())?;
    let start_line = start_line(kind, &site, &listeners)?;
    let pack = site.pack().clone();
    let live = Live::new(site, overlay);
    carrier::settle(kind, &pack);
    // Counting the cores reads files.
    let workers = flags.workers.map_or_else(default_workers, usize::from);
    let needs = Needs { level: flags.process.sandbox, identity, read, append };
    log::info!("sandbox: {}", sandbox::enter(&needs)?);
    log::info!("{start_line}");
    if let Some(directory) = directory {
        let publish = live.clone();
        directory.follow(move |site| publish.replace(site)).context("starting to watch the folder")?;
    }
    let shutdown_timeout = Duration::from_secs(flags.shutdown_timeout.into());
    Listening { listeners, workers, access_log, shutdown_timeout, handler, live }.serve()
}

fn addresses(texts: &[String]) -> Result<Vec<ListenAddress>> {
    texts.iter().map(|text| text.parse().map_err(|problem| anyhow!("--listen-on {text}: {problem}"))).collect()
}

fn bind(addresses: &[ListenAddress]) -> Result<Vec<TcpListener>> {
    let mut listeners = Vec::new();
    for address in addresses {
        listeners.extend(address.bind().map_err(|problem| anyhow!("--listen-on {address}: {problem}"))?);
    }
    Ok(listeners)
}

fn start_line(kind: CarrierKind, site: &Site, listeners: &[TcpListener]) -> Result<String> {
    Ok(format!(
        "site {} serves pack {} ({kind}, {} files, {} bytes) on {}",
        env!("CARGO_PKG_VERSION"),
        site.pack().hash(),
        site.len(),
        site.pack().identity_bytes(),
        urls(listeners)?,
    ))
}

fn urls(listeners: &[TcpListener]) -> Result<String> {
    let mut urls = Vec::new();
    for listener in listeners {
        urls.push(format!("http://{}", listener.local_addr().context("reading the bound address")?));
    }
    Ok(urls.join(" "))
}

fn access_log(format: AccessLogFormat, file: Option<&Path>) -> Result<AccessLogTarget> {
    Ok(match (format, file) {
        (AccessLogFormat::Off, _) => AccessLogTarget::Off,
        (AccessLogFormat::Combined, None) => AccessLogTarget::StandardError,
        (AccessLogFormat::Combined, Some(path)) => {
            let file = File::options().append(true).create(true).open(path);
            AccessLogTarget::File(file.with_context(|| {
                format!("--access-log-file {}: can't be opened for appending; name a file in a folder that exists and may be written to", path.display())
            })?)
        }
    })
}

fn default_workers() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from).min(512)
}
