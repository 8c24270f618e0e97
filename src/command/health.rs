//! `site health`: asks a server whether it answers, for containers in which there is nothing else to ask with.

use std::fs;
use std::io::{Read, Write};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, anyhow, bail, ensure};
use clap::Parser;
use socket2::{SockAddr, Socket, Type};

use super::addresses::DEFAULT_ADDRESS;
use super::print;
use crate::cli::{Cli, Command, Health};
use crate::server::ListenAddress;

/// Bytes of a response in which its status must have come.
const STATUS_LINE: usize = 1024;

/// What is asked, and where.
struct Question {
    /// As people write it.
    url: String,
    address: SockAddr,
    host: String,
    target: String,
}

/// Asks once.
///
/// # Errors
/// No answer in time, or one that tells of an error; a URL that can't be asked.
pub(crate) fn health(flags: &Health) -> Result<()> {
    let question = match &flags.url {
        Some(url) => Question::of(url).with_context(|| url.clone())?,
        None => Question::of_environment()?,
    };
    let url = &question.url;
    let status = question.ask(Duration::from_secs(flags.timeout.into())).with_context(|| url.clone())?;
    ensure!((200..400).contains(&status), "{url}: the status is {status}");
    print(&format!("{url}: {status}\n"))
}

impl Question {
    fn of(url: &str) -> Result<Self> {
        let (address, host, target) = if let Some(rest) = url.strip_prefix("http://") {
            let at = rest.find(['/', '?']).unwrap_or(rest.len());
            let (host, target) = rest.split_at(at);
            let has_port = host.rsplit_once(':').is_some_and(|(_, port)| !port.ends_with(']'));
            (if has_port { host.to_owned() } else { format!("{host}:80") }, host, target)
        } else if let Some(rest) = url.strip_prefix("unix:") {
            let (path, target) = rest.find(":/").map_or((rest, ""), |at| (&rest[..at], &rest[at + 1..]));
            (format!("unix:{path}"), "localhost", target)
        } else if url.starts_with("https:") {
            bail!("TLS is not spoken here; ask an address without it, as that of --admin-listen-on");
        } else {
            bail!("write http://HOST:PORT/PATH or unix:/SOCKET:/PATH");
        };
        let target = if target.starts_with('/') { target.to_owned() } else { format!("/{target}") };
        ensure!(!host.is_empty() && !host.starts_with([':', '*']), "the host is missing; write http://HOST:PORT/PATH");
        let printable = host.bytes().chain(target.bytes()).all(|byte| byte.is_ascii_graphic());
        ensure!(printable, "a URL has visible ASCII characters only; encode others with %");
        let address = address.parse::<ListenAddress>().map_err(|problem| anyhow!(problem))?;
        let address = address.local().context("name the port or the path of the socket")?;
        Ok(Self { url: url.to_owned(), address, host: host.to_owned(), target })
    }

    /// The question that fits to how the server was started.
    fn of_environment() -> Result<Self> {
        let Addresses { admin, plain, secure } = server_addresses();
        match (admin, plain.first(), secure.first()) {
            (Some(address), ..) => {
                Self::at(&address, "/readyz").with_context(|| format!("--admin-listen-on {address}"))
            }
            (_, Some(address), _) => Self::at(address, "/").with_context(|| format!("--listen-on {address}")),
            (_, _, Some(_)) => bail!("the server listens with TLS alone; give it --admin-listen-on, too"),
            (None, None, None) => Self::at(DEFAULT_ADDRESS, "/"),
        }
    }

    /// The question at an address of `--listen-on`.
    fn at(address: &str, target: &str) -> Result<Self> {
        let parsed = address.parse::<ListenAddress>().map_err(|problem| anyhow!(problem))?;
        let found = parsed.local().context("only the server knows which port or path that is; name the URL")?;
        let (url, host) = match found.as_socket() {
            Some(socket) => (format!("http://{socket}{target}"), socket.to_string()),
            None => (format!("{}:{target}", address.split(',').next().unwrap_or(address)), "localhost".to_owned()),
        };
        Ok(Self { url, address: found, host, target: target.to_owned() })
    }

    /// The status of the answer.
    fn ask(&self, patience: Duration) -> Result<u16> {
        let deadline = Instant::now() + patience;
        let late = || anyhow!("no answer in {} s", patience.as_secs());
        let socket = Socket::new(self.address.domain(), Type::STREAM, None)?;
        socket.connect_timeout(&self.address, patience).context("nobody answers there")?;
        let request = format!(
            "GET {} HTTP/1.1\r\nhost: {}\r\nuser-agent: site-health/{}\r\nconnection: close\r\n\r\n",
            self.target,
            self.host,
            env!("CARGO_PKG_VERSION")
        );
        socket.set_write_timeout(Some(patience))?;
        (&socket).write_all(request.as_bytes()).context("the request can't be sent")?;
        let mut line = Vec::new();
        while !line.contains(&b'\n') && line.len() < STATUS_LINE {
            let left = deadline.saturating_duration_since(Instant::now());
            ensure!(!left.is_zero(), late());
            socket.set_read_timeout(Some(left))?;
            let mut bytes = [0; STATUS_LINE];
            match (&socket).read(&mut bytes) {
                Ok(0) => break,
                Ok(length) => line.extend_from_slice(&bytes[..length]),
                Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => bail!(late()),
                Err(error) => return Err(error).context("the answer can't be read"),
            }
        }
        status(&line).context("the answer is not HTTP/1")
    }
}

/// The status of a response that begins with `HTTP/1.1 200`.
fn status(line: &[u8]) -> Option<u16> {
    let digits = line.strip_prefix(b"HTTP/1.")?.get(2..5)?;
    std::str::from_utf8(digits).ok()?.parse().ok()
}

/// Where a server listens, as its flags and its environment say.
#[derive(Default)]
struct Addresses {
    admin: Option<String>,
    plain: Vec<String>,
    secure: Vec<String>,
}

/// The addresses of the server in this container, which is process 1, or else of one that would be started in this
/// environment.
fn server_addresses() -> Addresses {
    let first = fs::read_to_string("/proc/1/cmdline").unwrap_or_default();
    let first = first.split_terminator('\0').map(str::to_owned).collect();
    let parsed = [first, vec!["site".to_owned(), "serve".to_owned()]].into_iter().find_map(|arguments: Vec<String>| {
        match Cli::try_parse_from(arguments).ok()?.command? {
            Command::Serve(serve) => Some(Addresses {
                admin: serve.logs.admin_listen_on,
                plain: serve.listening.listen_on,
                secure: serve.listening.tls_listen_on,
            }),
            _ => None,
        }
    });
    parsed.unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_are_read() {
        for (url, host, target, address) in [
            ("http://127.0.0.1:8080/", "127.0.0.1:8080", "/", "127.0.0.1:8080"),
            ("http://127.0.0.1", "127.0.0.1", "/", "127.0.0.1:80"),
            ("http://[::1]/readyz", "[::1]", "/readyz", "[::1]:80"),
            ("http://[::1]:81?x=y", "[::1]:81", "/?x=y", "[::1]:81"),
            ("http://localhost:8080/a?b", "localhost:8080", "/a?b", "127.0.0.1:8080"),
        ] {
            let question = Question::of(url).unwrap();
            assert_eq!((&*question.host, &*question.target), (host, target), "{url}");
            assert_eq!(question.address.as_socket().unwrap().to_string(), address, "{url}");
        }
        let question = Question::of("unix:/run/site.sock:/readyz").unwrap();
        assert_eq!(question.address.as_pathname().unwrap().to_str(), Some("/run/site.sock"));
        assert_eq!(question.target, "/readyz");
        assert_eq!(Question::of("unix:/run/site.sock").unwrap().target, "/");
    }

    #[test]
    fn what_cannot_be_asked_is_refused() {
        for url in [
            "https://127.0.0.1/",
            "127.0.0.1:80",
            "http://",
            "http://example.com/",
            "http://127.0.0.1:0/",
            "http://127.0.0.1/a b",
            "http://127.0.0.1/\r\nx: y",
            "http://user@127.0.0.1/",
            "unix:",
        ] {
            assert!(Question::of(url).is_err(), "{url}");
        }
    }

    #[test]
    fn addresses_of_the_server_become_those_of_a_client() {
        for (address, url) in [
            ("0.0.0.0:80", "http://127.0.0.1:80/readyz"),
            ("[::]:80", "http://[::1]:80/readyz"),
            (":8080", "http://127.0.0.1:8080/readyz"),
            ("192.0.2.1:80", "http://192.0.2.1:80/readyz"),
            ("unix:/run/site.sock,mode=600", "unix:/run/site.sock:/readyz"),
        ] {
            assert_eq!(Question::at(address, "/readyz").unwrap().url, url);
        }
        for unknown in ["fd:3", "systemd", "127.0.0.1:0"] {
            assert!(Question::at(unknown, "/readyz").is_err(), "{unknown}");
        }
    }

    #[test]
    fn status_is_read_from_the_first_line() {
        assert_eq!(status(b"HTTP/1.1 200 OK\r\n"), Some(200));
        assert_eq!(status(b"HTTP/1.0 503 \r\n"), Some(503));
        for line in [&b"HTTP/2 200"[..], b"220 smtp.example ESMTP", b"HTTP/1.1 ", b""] {
            assert_eq!(status(line), None);
        }
    }
}
