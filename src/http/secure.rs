//! Secure hosts: where requests without TLS are sent.

use actix_web::dev::RequestHead;
use actix_web::http::header;

use super::host;

/// The hosts whose visitors are sent to https, and the port there.
#[derive(Clone, Debug)]
pub(crate) struct SecureHosts(Vec<(String, Option<u16>)>);

impl SecureHosts {
    /// Reads `HOST` or `HOST:PORT`, where the port is that of https.
    ///
    /// # Errors
    /// A sentence that says what is wrong with which text.
    pub(crate) fn parse(texts: &[String]) -> Result<Self, String> {
        let parse = |text: &String| {
            let problem = || format!("\"{text}\" is not a host; write a name like example.com, or example.com:8443");
            let (name, port) = split(text);
            let port = port.map(str::parse).transpose().map_err(|_| problem())?;
            if name.is_empty() || !host::is_valid(text.as_bytes()) {
                return Err(problem());
            }
            Ok((normal(name), port))
        };
        texts.iter().map(parse).collect::<Result<_, _>>().map(Self)
    }

    /// The address of the request with https, if its host is one of these.
    pub(super) fn location(&self, request: &RequestHead) -> Option<String> {
        let named = request.headers.get(header::HOST).and_then(|host| host.to_str().ok());
        let named = request.uri.authority().map(|authority| authority.as_str()).or(named)?;
        let name = normal(split(named).0);
        let (host, port) = self.0.iter().find(|(host, _)| *host == name)?;
        // `*` means the server itself (RFC 9112 §3.2.4), which has no address but its start.
        let target = request.uri.path_and_query().map_or("/", |target| target.as_str());
        let target = if target == "*" { "/" } else { target };
        Some(match port {
            Some(port) => format!("https://{host}:{port}{target}"),
            None => format!("https://{host}{target}"),
        })
    }
}

/// Splits a host and its port, also behind an IPv6 address in brackets.
fn split(text: &str) -> (&str, Option<&str>) {
    match text.rsplit_once(':') {
        Some((host, port)) if !port.ends_with(']') => (host, Some(port)),
        _ => (text, None),
    }
}

/// Names are compared without case and without the dot of the root.
fn normal(name: &str) -> String {
    name.strip_suffix('.').unwrap_or(name).to_ascii_lowercase()
}

#[cfg(test)]
mod tests {
    use actix_web::http::header::HeaderValue;

    use super::*;

    fn location(hosts: &[&str], host: &str, target: &str) -> Option<String> {
        let mut request = RequestHead::default();
        request.uri = target.parse().unwrap();
        request.headers.insert(header::HOST, HeaderValue::from_str(host).unwrap());
        SecureHosts::parse(&hosts.iter().map(|host| (*host).to_owned()).collect::<Vec<_>>()).unwrap().location(&request)
    }

    #[test]
    fn only_the_named_hosts_are_sent_elsewhere() {
        let hosts = ["example.com", "www.example.com:8443", "[2001:db8::1]"];
        for (host, target, expected) in [
            ("example.com", "/a?b=c", Some("https://example.com/a?b=c")),
            ("EXAMPLE.com.:80", "/", Some("https://example.com/")),
            ("www.example.com:8080", "/x", Some("https://www.example.com:8443/x")),
            ("[2001:db8::1]:80", "/", Some("https://[2001:db8::1]/")),
            ("example.com", "//evil.example/%0d", Some("https://example.com//evil.example/%0d")),
            ("evil.example", "/", None),
            ("example.com.evil.example", "/", None),
            ("evil.example", "http://example.com/x", Some("https://example.com/x")),
            ("example.com", "http://evil.example/x", None),
            ("example.com", "*", Some("https://example.com/")),
            ("", "/", None),
        ] {
            assert_eq!(location(&hosts, host, target).as_deref(), expected, "{host} {target}");
        }
    }

    #[test]
    fn hosts_that_are_none_are_refused() {
        for text in ["", "https://example.com", "a b", "example.com:x", "example.com:99999", ":8443", "a/b"] {
            assert!(SecureHosts::parse(&[text.to_owned()]).is_err(), "{text}");
        }
    }
}
