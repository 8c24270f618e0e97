//! The addresses that `site serve` listens on: those of the flags, the sockets it was passed, or the default.

use anyhow::{Context, Result, anyhow, bail};

use crate::cli;
use crate::server::{Inherited, ListenAddress, Listener};

/// Where to listen if nothing is said, and no socket was passed.
pub(super) const DEFAULT_ADDRESS: &str = "127.0.0.1:8080";

/// Passed sockets with these names are for TLS.
const SECURE_NAMES: [&str; 2] = ["https", "tls"];

/// The passed socket with this name is for the admin listener.
const ADMIN_NAME: &str = "admin";

/// The addresses as they are meant; none is bound yet.
pub(super) struct Addresses {
    plain: Vec<ListenAddress>,
    secure: Vec<ListenAddress>,
    admin: Vec<ListenAddress>,
    inherited: Inherited,
    activated: bool,
}

/// The sockets that listen.
pub(super) struct Bound {
    pub(super) plain: Vec<Listener>,
    pub(super) secure: Vec<Listener>,
    pub(super) admin: Vec<Listener>,
    /// A service manager passed them, and no flag says where to listen.
    pub(super) activated: bool,
}

impl Addresses {
    /// Reads the flags and receives passed sockets, which has to come before anything else is opened.
    ///
    /// # Errors
    /// What is not an address, and certificates without an address for them or the other way round.
    pub(super) fn read(flags: &cli::Listening, admin: &[String]) -> Result<Self> {
        let mut plain = addresses("--listen-on", &flags.listen_on)?;
        let mut secure = addresses("--tls-listen-on", &flags.tls_listen_on)?;
        let mut admin = addresses("--admin-listen-on", admin)?;
        let numbers = plain.iter().chain(&secure).chain(&admin).filter_map(ListenAddress::descriptor);
        let mut inherited = Inherited::receive(numbers).map_err(|problem| anyhow!("LISTEN_FDS: {problem}"))?;
        let silent = plain.is_empty() && secure.is_empty();
        let activated = silent && inherited.names().next().is_some();
        if activated {
            (plain, secure) = passed(&inherited)?;
            if admin.is_empty() && inherited.names().any(|name| name == ADMIN_NAME) {
                admin = addresses("--admin-listen-on", &[format!("systemd:{ADMIN_NAME}")])?;
            }
        } else if silent {
            plain = addresses("--listen-on", &[DEFAULT_ADDRESS])?;
        }
        match (secure.as_slice(), flags.tls_cert.is_empty() && flags.tls_key.is_empty()) {
            ([], false) => bail!("--tls-cert: there is no address for TLS; give --tls-listen-on, too"),
            ([first, ..], true) => {
                bail!("--tls-listen-on {first}: TLS takes a certificate; give --tls-cert and --tls-key, too")
            }
            _ => {}
        }
        inherited.claim(plain.iter().chain(&secure).chain(&admin));
        Ok(Self { plain, secure, admin, inherited, activated })
    }

    /// Binds the addresses and starts listening.
    ///
    /// # Errors
    /// An address that can't be listened on.
    pub(super) fn bind(self) -> Result<Bound> {
        let Self { plain, secure, admin, mut inherited, activated } = self;
        let plain = bind("--listen-on", &plain, &mut inherited)?;
        let secure = bind("--tls-listen-on", &secure, &mut inherited)?;
        let admin = bind("--admin-listen-on", &admin, &mut inherited)?;
        let unused = inherited.unused();
        if !unused.is_empty() {
            log::warn!("passed sockets are not used: {}; name them with --listen-on systemd:NAME", unused.join(", "));
        }
        Ok(Bound { plain, secure, admin, activated })
    }
}

impl Bound {
    /// The addresses as clients write them.
    ///
    /// # Errors
    /// A socket that has none.
    pub(super) fn urls(&self) -> Result<String> {
        let plain = self.plain.iter().map(|listener| listener.url("http"));
        let secure = self.secure.iter().map(|listener| listener.url("https"));
        let urls = plain.chain(secure).collect::<Result<Vec<_>, _>>();
        Ok(urls.context("reading the bound addresses")?.join(" "))
    }
}

/// The addresses for which the names of the passed sockets stand: without TLS and with it.
fn passed(inherited: &Inherited) -> Result<(Vec<ListenAddress>, Vec<ListenAddress>)> {
    let has = |name: &&&str| inherited.names().any(|passed| passed == **name);
    let secure: Vec<_> = SECURE_NAMES.iter().filter(has).map(|name| format!("systemd:{name}")).collect();
    let rest = inherited.names().any(|name| name != ADMIN_NAME && !SECURE_NAMES.contains(&name));
    Ok((addresses("--listen-on", rest.then_some("systemd").as_slice())?, addresses("--tls-listen-on", &secure)?))
}

/// Reads the addresses of a flag. A comma stands between two of them, and before the mode of a Unix socket.
fn addresses(flag: &str, pieces: &[impl AsRef<str>]) -> Result<Vec<ListenAddress>> {
    let mut texts: Vec<String> = Vec::new();
    for piece in pieces.iter().map(AsRef::as_ref) {
        match texts.last_mut() {
            Some(last) if last.starts_with("unix:") && piece.starts_with("mode=") => {
                last.push(',');
                last.push_str(piece);
            }
            _ => texts.push(piece.to_owned()),
        }
    }
    let parse = |text: String| text.parse().map_err(|problem| anyhow!("{flag} {text}: {problem}"));
    texts.into_iter().map(parse).collect()
}

fn bind(flag: &str, addresses: &[ListenAddress], inherited: &mut Inherited) -> Result<Vec<Listener>> {
    let mut listeners = Vec::new();
    for address in addresses {
        listeners.extend(address.bind(inherited).map_err(|problem| anyhow!("{flag} {address}: {problem}"))?);
    }
    Ok(listeners)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commas_stand_between_addresses_and_before_a_mode() {
        let texts = |pieces: &[&str]| {
            addresses("--listen-on", pieces).unwrap().iter().map(ToString::to_string).collect::<Vec<_>>()
        };
        assert_eq!(texts(&["unix:/a", "mode=600", ":80"]), ["unix:/a,mode=600", ":80"]);
        assert_eq!(texts(&[":80", "unix:/a", "unix:/b", "mode=600"]), [":80", "unix:/a", "unix:/b,mode=600"]);
        assert!(addresses("--listen-on", &[":80", "mode=600"]).is_err());
    }
}
