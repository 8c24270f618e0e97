//! The flags of `site serve`.

use std::path::PathBuf;

use clap::{Args, ValueEnum, value_parser};

use super::Answers;
use crate::sandbox::Level;

#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  site serve                                   the site inside this executable, on http://127.0.0.1:8080\n  site serve --listen-on 0.0.0.0:80            for everybody\n  site serve --dist-dir ./dist --listen-on :8080   a folder, served anew whenever it changes\n  site serve --listen-on :80 --redirect-http example.com --tls-listen-on :443 --tls-cert cert.pem --tls-key key.pem\n\nEvery flag can be given in the environment instead; RUST_LOG sets what is reported (default: info)."
)]
pub(crate) struct Serve {
    #[command(flatten)]
    pub(crate) listening: Listening,

    #[command(flatten)]
    pub(crate) answers: Answers,

    #[command(flatten)]
    pub(crate) limits: Limits,

    #[command(flatten)]
    pub(crate) logs: Logs,

    #[command(flatten)]
    pub(crate) process: Process,
}

/// Where connections come from.
#[derive(Debug, Args)]
#[command(next_help_heading = "Listening")]
#[allow(rustdoc::broken_intra_doc_links)] // the help has brackets of its own
pub(crate) struct Listening {
    /// Address to listen on: IP:PORT, [IPv6]:PORT, :PORT, localhost:PORT, unix:/path, fd:N or systemd; may be repeated
    ///
    /// 0.0.0.0:PORT is every IPv4 address, [::]:PORT every IPv6 address, and :PORT both. unix:/path,mode=660 says who may
    /// connect, here owner and group; unix:@name is an abstract socket. fd:N is a listening socket that the parent process
    /// has opened; systemd:NAME is the one of this FileDescriptorName= in a socket unit, systemd all the others.
    ///
    /// [default: the sockets of a socket unit, those named https or tls for TLS; else 127.0.0.1:8080, unless
    /// --tls-listen-on is given]
    #[arg(long, value_name = "ADDR", env = "SITE_LISTEN_ON", value_delimiter = ',')]
    pub(crate) listen_on: Vec<String>,

    /// Address to listen on for HTTPS; may be repeated
    #[arg(
        long,
        value_name = "ADDR",
        env = "SITE_TLS_LISTEN_ON",
        value_delimiter = ',',
        requires = "tls_cert",
        requires = "tls_key"
    )]
    pub(crate) tls_listen_on: Vec<String>,

    /// PEM file with a certificate and its chain; may be repeated, the first is for clients that name no host
    ///
    /// A certificate is chosen by the name that the client asks for. When a file changes, or on SIGHUP, all are read
    /// again; a pair that is not valid leaves the old ones in place.
    #[arg(long, value_name = "FILE", env = "SITE_TLS_CERT", value_delimiter = ',')]
    pub(crate) tls_cert: Vec<PathBuf>,

    /// PEM file with the private key of the certificate at the same place; may be repeated
    #[arg(long, value_name = "FILE", env = "SITE_TLS_KEY", value_delimiter = ',')]
    pub(crate) tls_key: Vec<PathBuf>,

    /// Redirect what is asked for without TLS to https, for these hosts: HOST or HOST:PORT of the secure address
    ///
    /// Other hosts get an error (421): nobody can have a visitor sent to a host of his choice.
    #[arg(long, value_name = "HOSTS", env = "SITE_REDIRECT_HTTP", value_delimiter = ',')]
    pub(crate) redirect_http: Vec<String>,

    /// Seconds for which browsers are told to use TLS only (Strict-Transport-Security, over TLS); 0 for none
    #[arg(long, value_name = "SECONDS", env = "SITE_HSTS", default_value = "31536000")]
    pub(crate) hsts: u32,
}

/// What a client may take.
#[derive(Debug, Args)]
#[command(next_help_heading = "Limits")]
pub(crate) struct Limits {
    /// Seconds that a client has for the head of a request, or for a TLS handshake
    #[arg(long, value_name = "SECONDS", env = "SITE_HEADER_TIMEOUT", default_value = "10", value_parser = value_parser!(u32).range(1..))]
    pub(crate) header_timeout: u32,

    /// Seconds that a connection may stay open between requests
    #[arg(long, value_name = "SECONDS", env = "SITE_IDLE_TIMEOUT", default_value = "75", value_parser = value_parser!(u32).range(1..))]
    pub(crate) idle_timeout: u32,

    /// Seconds that a client may leave a response unread before the connection is closed
    #[arg(long, value_name = "SECONDS", env = "SITE_WRITE_TIMEOUT", default_value = "30", value_parser = value_parser!(u32).range(1..))]
    pub(crate) write_timeout: u32,

    /// Seconds that a response may take in all, however slowly the client reads
    #[arg(long, value_name = "SECONDS", env = "SITE_REQUEST_TIMEOUT", default_value = "3600", value_parser = value_parser!(u32).range(1..))]
    pub(crate) request_timeout: u32,

    /// Connections that may be open; more wait to be accepted [default: 16384, or what the file limit allows]
    #[arg(long, value_name = "N", env = "SITE_MAX_CONNECTIONS", value_parser = value_parser!(u32).range(1..))]
    pub(crate) max_connections: Option<u32>,

    /// Connections that one address (IPv6: one /64) may have open; more are closed [default: half of all]
    #[arg(long, value_name = "N", env = "SITE_MAX_CONNECTIONS_PER_ADDRESS", value_parser = value_parser!(u32).range(1..))]
    pub(crate) max_connections_per_address: Option<u32>,
}

/// What is told about the service.
#[derive(Debug, Args)]
#[command(next_help_heading = "Logs and administration")]
pub(crate) struct Logs {
    /// Address of the admin listener, for /livez, /readyz and /metrics; keep it from the public
    #[arg(long, value_name = "ADDR", env = "SITE_ADMIN_LISTEN_ON")]
    pub(crate) admin_listen_on: Option<String>,

    /// What to write for each response
    #[arg(long, value_name = "FORMAT", env = "SITE_ACCESS_LOG", default_value = "combined")]
    pub(crate) access_log: AccessLogFormat,

    /// Append the access log to this file instead of writing it to standard error; opened again on SIGHUP
    #[arg(long, value_name = "FILE", env = "SITE_ACCESS_LOG_FILE")]
    pub(crate) access_log_file: Option<PathBuf>,

    /// Network of proxies that are believed about whom requests are from: 10.0.0.0/8, an address, or unix; may be repeated
    ///
    /// The client is taken from Forwarded or X-Forwarded-For, from the right, past trusted proxies; what came to them
    /// over TLS (X-Forwarded-Proto) is not redirected there. Without this flag nobody is believed.
    #[arg(long, value_name = "NETWORK", env = "SITE_TRUSTED_PROXY", value_delimiter = ',')]
    pub(crate) trusted_proxy: Vec<String>,

    /// Connections of trusted proxies begin with a header of the PROXY protocol, version 1 or 2
    #[arg(long, env = "SITE_PROXY_PROTOCOL")]
    pub(crate) proxy_protocol: bool,
}

/// How the process runs and ends.
#[derive(Debug, Args)]
#[command(next_help_heading = "Process")]
pub(crate) struct Process {
    /// Threads that serve [default: one per core]
    #[arg(long, value_name = "N", env = "SITE_WORKERS", value_parser = value_parser!(u16).range(1..=512))]
    pub(crate) workers: Option<u16>,

    /// Seconds that responses under way have to finish after SIGTERM or SIGINT
    #[arg(long, value_name = "SECONDS", env = "SITE_SHUTDOWN_TIMEOUT", default_value = "30")]
    pub(crate) shutdown_timeout: u32,

    /// Seconds that everything goes on after SIGTERM or SIGINT, so that load balancers learn of the end first
    #[arg(long, value_name = "SECONDS", env = "SITE_SHUTDOWN_DELAY", default_value = "0")]
    pub(crate) shutdown_delay: u32,

    /// Give up opening files, starting programs and connecting anywhere, once everything is opened
    #[arg(long, value_name = "LEVEL", env = "SITE_SANDBOX", default_value = "best-effort")]
    pub(crate) sandbox: Level,

    /// Become this user once everything is opened (as root only): a name or a number
    #[arg(long, value_name = "USER", env = "SITE_USER")]
    pub(crate) user: Option<String>,

    /// Become a member of this group alone (as root only): a name or a number [default: the user's group]
    #[arg(long, value_name = "GROUP", env = "SITE_GROUP")]
    pub(crate) group: Option<String>,
}

/// The access log's format.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum AccessLogFormat {
    /// The combined log format and the duration in microseconds
    Combined,
    /// One JSON object per line
    Json,
    /// Nothing
    Off,
}
