//! Lines of the access log: method, target, host, referer and user agent, each on a line.

use crate::server::access_log::{Entry, lines};

pub fn check(input: &[u8]) {
    let mut parts = input.split(|byte| *byte == b'\n').map(Some);
    // A target of several lines can't be sent, and must do no harm all the same.
    let mut next = || parts.next().flatten();
    let (method, host, referer, user_agent) = (next(), next(), next(), next());
    let client = Some([192, 0, 2, 1].into());
    let entry =
        Entry { client, method, host, referer, user_agent, target: Some(input), status: 200, ..Entry::default() };
    let [combined, json] = lines(&entry);
    for line in [&combined, &json] {
        let (end, line) = line.split_last().expect("a line has an end");
        assert_eq!(*end, b'\n');
        assert!(line.iter().all(|byte| matches!(byte, b' '..=b'~')), "{}", String::from_utf8_lossy(line));
    }
    let object: serde_json::Value = serde_json::from_slice(&json).expect("JSON");
    for (name, part) in [("method", method), ("target", Some(input)), ("referer", referer), ("user_agent", user_agent)]
    {
        assert_eq!(
            object.get(name).and_then(|value| value.as_str()),
            part.map(String::from_utf8_lossy).as_deref(),
            "{name}"
        );
    }
    let fields = quoted(&combined);
    let said = |part: Option<&[u8]>| part.unwrap_or(b"-").to_vec();
    let request = [&said(method)[..], b" ", input, b" -"].concat();
    assert_eq!(fields, [request, said(referer), said(user_agent)]);
}

/// The quoted fields of a line, read as Apache's are.
fn quoted(line: &[u8]) -> Vec<Vec<u8>> {
    let (mut fields, mut field, mut bytes) = (Vec::new(), None::<Vec<u8>>, line.iter().copied());
    while let Some(byte) = bytes.next() {
        match (&mut field, byte) {
            (None, b'"') => field = Some(Vec::new()),
            (None, _) => {}
            (Some(_), b'"') => fields.extend(field.take()),
            (Some(field), b'\\') => field.push(match bytes.next() {
                Some(b'x') => {
                    let digits: String = bytes.by_ref().take(2).map(char::from).collect();
                    u8::from_str_radix(&digits, 16).expect("two digits")
                }
                byte => byte.expect("an escaped byte"),
            }),
            (Some(field), byte) => field.push(byte),
        }
    }
    assert!(field.is_none(), "a field has no end");
    fields
}
