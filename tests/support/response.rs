//! A response as a client received it, parsed as strictly as RFC 9112 writes it.

use std::collections::BTreeMap;

#[derive(Clone, Debug)]
pub(crate) struct Response {
    pub(crate) status: u16,
    /// The field lines in the order of arrival, names as sent.
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Response {
    /// Parses a head, up to and including its empty line; the body is the client's to add.
    pub(crate) fn parse_head(head: &[u8]) -> Self {
        let head = std::str::from_utf8(head).expect("a head in ASCII");
        let bad = |c: char| c.is_control() && c != '\r' && c != '\n' && c != '\t';
        assert!(!head.contains(bad), "control characters in {head:?}");
        let mut lines = head.strip_suffix("\r\n\r\n").expect("a whole head").split("\r\n");
        let status_line = lines.next().expect("a status line");
        let mut words = status_line.splitn(3, ' ');
        let version = words.next().unwrap_or_default();
        assert!(matches!(version, "HTTP/1.1" | "HTTP/1.0"), "not a status line: {status_line:?}");
        let code = words.next().unwrap_or_default();
        assert!(code.len() == 3 && words.next().is_some(), "not a status line: {status_line:?}");
        let status = code.parse().expect("a status code");
        Self { status, headers: lines.map(field_line).collect(), body: Vec::new() }
    }

    /// The value of a field; a field that is there twice is a failure.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let mut values = self.headers.iter().filter(|(n, _)| n.eq_ignore_ascii_case(name));
        let value = values.next().map(|(_, value)| value.as_str());
        assert!(values.next().is_none(), "two {name} in {:?}", self.headers);
        value
    }

    /// The members of a list, from all its field lines, in lower case.
    pub(crate) fn list(&self, name: &str) -> Vec<String> {
        let lines = self.headers.iter().filter(|(n, _)| n.eq_ignore_ascii_case(name));
        let members = lines.flat_map(|(_, value)| value.split(',').map(|member| member.trim().to_ascii_lowercase()));
        members.filter(|member| !member.is_empty()).collect()
    }

    /// The value of a field that must be there.
    #[track_caller]
    pub(crate) fn required(&self, name: &str) -> &str {
        self.header(name).unwrap_or_else(|| panic!("no {name} in {} {:?}", self.status, self.headers))
    }

    /// The entity tag, which must be a strong one.
    #[track_caller]
    pub(crate) fn etag(&self) -> &str {
        let tag = self.required("etag");
        let opaque = tag.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
        let opaque = opaque.unwrap_or_else(|| panic!("not a strong entity tag: {tag}"));
        let plain = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
        assert!(opaque.len() == 22 && opaque.chars().all(plain), "not 22 base64url characters: {tag}");
        tag
    }

    pub(crate) fn coding(&self) -> Option<&str> {
        self.header("content-encoding")
    }

    pub(crate) fn content_length(&self) -> usize {
        self.required("content-length").parse().expect("a decimal Content-Length")
    }

    /// Whether the connection ends after this response, by its own words.
    pub(crate) fn says_close(&self) -> bool {
        self.list("connection").iter().any(|option| option == "close")
    }

    #[track_caller]
    pub(crate) fn expect(self, status: u16) -> Self {
        let body = String::from_utf8_lossy(&self.body[..self.body.len().min(300)]).into_owned();
        assert_eq!(self.status, status, "{:?}\n{body}", self.headers);
        self
    }

    pub(crate) fn text(&self) -> &str {
        std::str::from_utf8(&self.body).expect("a body in UTF-8")
    }

    /// The fields that must be equal between equal requests: all but the time and the fate of the connection.
    pub(crate) fn stable_headers(&self) -> BTreeMap<String, Vec<String>> {
        let mut fields: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for (name, value) in &self.headers {
            let name = name.to_ascii_lowercase();
            if !matches!(&*name, "date" | "connection" | "keep-alive") {
                fields.entry(name).or_default().push(value.clone());
            }
        }
        fields
    }
}

fn field_line(line: &str) -> (String, String) {
    let (name, value) = line.split_once(':').unwrap_or_else(|| panic!("not a field line: {line:?}"));
    let token = |c: char| c.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~".contains(c);
    assert!(!name.is_empty() && name.chars().all(token), "not a field name: {line:?}");
    (name.to_owned(), value.trim_matches([' ', '\t']).to_owned())
}
