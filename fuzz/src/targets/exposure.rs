//! `--expose-env` on the first line, the environment behind it, a variable on each line.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt;

use crate::carrier::environment::{Exposure, overlay};
use crate::input::first_line;
use crate::pack::Coding;
use crate::rule::{decode_path, encode_path};
use crate::site::{Body, Lookup, Trace, TrailingSlash};

pub fn check(input: &[u8]) {
    let (flag, rest) = first_line(input);
    let Ok(flag) = std::str::from_utf8(flag) else { return };
    let Ok(exposure) = flag.parse::<Exposure>() else { return };
    let (path, names) = flag.split_once('=').expect("what is parsed has names");
    assert_eq!(decode_path(path).as_deref(), path.strip_prefix('/'), "the path means itself");
    let lines = rest.unwrap_or_default().split(|byte| *byte == b'\n');
    let environment: Vec<(OsString, OsString)> = lines.filter_map(variable).collect();
    let Ok(site) = overlay(std::slice::from_ref(&exposure), &environment) else {
        return assert!(environment.iter().any(|(name, value)| name.to_str().and(value.to_str()).is_none()));
    };
    let site = site.expect("something is exposed");
    let raw = encode_path(path);
    let Lookup::Found(asset) = site.lookup(&raw, None, TrailingSlash::None, &mut Trace::off()) else {
        panic!("{raw} is not there")
    };
    let body = asset.representation(Coding::Identity).expect("there is always an identity").body;
    let Body::Bytes(body) = body else { panic!("it is in memory") };
    let text = std::str::from_utf8(&body).expect("JSON is UTF-8");
    assert_eq!(published(path, text), expected(names, &environment));
}

fn variable(line: &[u8]) -> Option<(OsString, OsString)> {
    let at = line.iter().position(|byte| *byte == b'=')?;
    Some((OsString::from_vec(line[..at].to_vec()), OsString::from_vec(line[at + 1..].to_vec())))
}

/// The variables that the content tells a browser.
fn published(path: &str, text: &str) -> BTreeMap<String, String> {
    let mut json = text;
    if path.ends_with(".js") {
        json = text.strip_prefix("window.__ENV__ = ").and_then(|rest| rest.strip_suffix(";\n")).expect("a script");
        assert!(!json.contains(['<', '>', '&', '\u{2028}', '\u{2029}', '\n']), "it can stand in a page");
    }
    let object: serde_json::Map<String, serde_json::Value> = serde_json::from_str(json).expect("JSON");
    object.into_iter().map(|(name, value)| (name, value.as_str().expect("a text").to_owned())).collect()
}

/// The variables that are named, or start with what stands before a `*`.
fn expected(names: &str, environment: &[(OsString, OsString)]) -> BTreeMap<String, String> {
    let text = |text: &OsString| text.to_str().map(str::to_owned);
    let named = |name: &str| {
        names.split(',').any(|wanted| match wanted.strip_suffix('*') {
            Some(prefix) => name.len() > prefix.len() && name.starts_with(prefix),
            None => name == wanted,
        })
    };
    let pairs = environment.iter().filter_map(|(name, value)| Some((text(name)?, text(value)?)));
    pairs.filter(|(name, _)| named(name)).collect()
}
