//! Runtime configuration: environment variables as an asset, the one that is made at start instead of baked.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::str::FromStr;

use anyhow::{Context, Result, bail};
use bytes::Bytes;

use crate::bake::{Form, Quality};
use crate::pack::{AssetFlags, Coding, EntityTagText, NewAsset, Pack, PackWriter};
use crate::site::Site;

/// Which variables are published, and where (`--expose-env`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Exposure {
    /// Without a slash in front.
    path: String,
    format: Format,
    variables: Vec<Variables>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Format {
    /// An object.
    Json,
    /// A classic script that assigns the object to `window.__ENV__`.
    Script,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Variables {
    Named(String),
    /// Those whose names start with this and go on.
    Prefixed(String),
}

impl FromStr for Exposure {
    type Err = anyhow::Error;

    fn from_str(text: &str) -> Result<Self> {
        let Some((path, names)) = text.split_once('=') else {
            bail!("write PATH=NAMES, such as /config.json=PUBLIC_*,RELEASE")
        };
        let variables = names.split(',').map(str::parse).collect::<Result<_>>()?;
        let Some(path) = path.strip_prefix('/').filter(|path| is_plain(path)) else {
            bail!("{path:?} is not the path of a file on this site; write one such as /config.json")
        };
        let format = match path.rsplit_once('.') {
            Some((_, "json")) => Format::Json,
            Some((_, "js")) => Format::Script,
            _ => bail!("/{path}: the path must end in .json or .js"),
        };
        Ok(Self { path: path.to_owned(), format, variables })
    }
}

/// A path that means the same decoded and encoded, with nothing to resolve in it.
fn is_plain(path: &str) -> bool {
    let special = |c: char| c.is_control() || c.is_whitespace() || "%?#\\".contains(c);
    !path.contains(special) && path.split('/').all(|segment| !matches!(segment, "" | "." | ".."))
}

impl FromStr for Variables {
    type Err = anyhow::Error;

    fn from_str(text: &str) -> Result<Self> {
        if text == "*" {
            bail!("* would publish every variable, secrets included; name them, or a prefix such as PUBLIC_*");
        }
        let (name, prefixed) = text.strip_suffix('*').map_or((text, false), |prefix| (prefix, true));
        if name.is_empty() || name.contains(|c: char| c == '*' || c == '=' || c.is_control() || c.is_whitespace()) {
            bail!("{text:?} is neither a variable's name nor a prefix such as PUBLIC_*");
        }
        Ok(if prefixed { Self::Prefixed(name.to_owned()) } else { Self::Named(name.to_owned()) })
    }
}

impl Variables {
    fn include(&self, name: &OsStr) -> bool {
        let name = name.as_encoded_bytes();
        match self {
            Self::Named(wanted) => name == wanted.as_bytes(),
            Self::Prefixed(prefix) => name.strip_prefix(prefix.as_bytes()).is_some_and(|rest| !rest.is_empty()),
        }
    }
}

impl Exposure {
    /// The asset's content.
    fn content(&self, environment: &[(OsString, OsString)]) -> Result<Bytes> {
        let mut object = BTreeMap::new();
        for (name, value) in environment {
            if self.variables.iter().any(|variables| variables.include(name)) {
                let text = |text: &OsStr| text.to_str().map(str::to_owned);
                let [Some(name), Some(value)] = [text(name), text(value)] else {
                    bail!("the variable {} is not UTF-8; change its value or don't expose it", name.to_string_lossy());
                };
                object.insert(name, value);
            }
        }
        for variables in &self.variables {
            match variables {
                Variables::Named(name) if !object.contains_key(name) => {
                    log::warn!("--expose-env: {name} is not set, so /{} lacks it", self.path);
                }
                Variables::Prefixed(prefix) if !object.keys().any(|name| name.starts_with(prefix)) => {
                    log::warn!("--expose-env: no variable starts with {prefix}, so /{} has none of them", self.path);
                }
                _ => {}
            }
        }
        let json = serde_json::to_string(&object).context("writing JSON")?;
        Ok(match self.format {
            Format::Json => format!("{json}\n"),
            Format::Script => format!("window.__ENV__ = {};\n", for_script(&json)),
        }
        .into())
    }

    fn content_type(&self) -> &'static str {
        match self.format {
            Format::Json => "application/json",
            Format::Script => "text/javascript; charset=utf-8",
        }
    }
}

/// Makes JSON safe in a script, even one that is copied into a page: no end tag, no comment, no line separator.
/// (Outside of strings, JSON has none of these characters.)
fn for_script(json: &str) -> String {
    let mut script = String::with_capacity(json.len());
    for character in json.chars() {
        match character {
            '<' | '>' | '&' | '\u{2028}' | '\u{2029}' => script.push_str(&format!("\\u{:04x}", character as u32)),
            _ => script.push(character),
        }
    }
    script
}

/// Makes a site of the exposed variables alone, to be laid over the real one; nothing if nothing is exposed.
///
/// # Errors
/// Variables that are not UTF-8, a path that is exposed twice.
pub(crate) fn overlay(exposures: &[Exposure], environment: &[(OsString, OsString)]) -> Result<Option<Site>> {
    if exposures.is_empty() {
        return Ok(None);
    }
    let mut writer = PackWriter::new(Vec::new());
    for (nth, exposure) in exposures.iter().enumerate() {
        if exposures[..nth].iter().any(|other| other.path == exposure.path) {
            bail!("/{} is given twice; join the names with a comma", exposure.path);
        }
        let bytes = exposure.content(environment).with_context(|| format!("/{}", exposure.path))?;
        add(&mut writer, exposure, bytes)?;
    }
    let pack = Pack::open(writer.finish()?.into()).context("indexing the exposed variables")?;
    Ok(Some(Site::new(pack, Vec::new())))
}

fn add(writer: &mut PackWriter<Vec<u8>>, exposure: &Exposure, bytes: Bytes) -> Result<()> {
    let mut forms = Form::compressed(&bytes, Quality::Fast);
    forms.push(Form {
        coding: Coding::Identity,
        entity_tag: EntityTagText::of(&bytes),
        length: bytes.len() as u64,
        bytes: Some(bytes),
    });
    let mut representations = Vec::new();
    for form in forms {
        let location = writer.body(form.entity_tag, form.bytes.as_deref().unwrap_or_default())?;
        representations.push(form.record(location));
    }
    let fields = [
        ("content-type", exposure.content_type()),
        ("cache-control", "no-store"),
        ("x-content-type-options", "nosniff"),
        ("referrer-policy", "strict-origin-when-cross-origin"),
    ];
    let headers = writer.header_set(fields.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec());
    writer.asset(NewAsset { path: exposure.path.clone(), flags: AssetFlags::new(false), headers, representations });
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn content(exposure: &str, environment: &[(&str, &str)]) -> String {
        let environment: Vec<_> = environment.iter().map(|(name, value)| (name.into(), value.into())).collect();
        let exposure: Exposure = exposure.parse().unwrap();
        String::from_utf8(exposure.content(&environment).unwrap().to_vec()).unwrap()
    }

    #[test]
    fn only_what_is_named_is_exposed() {
        let environment = [("PUBLIC_B", "2"), ("PUBLIC_A", "1"), ("PUBLIC_", "-"), ("SECRET", "s"), ("RELEASE", "r")];
        for (names, expected) in [
            ("PUBLIC_*", r#"{"PUBLIC_A":"1","PUBLIC_B":"2"}"#),
            ("PUBLIC_A,RELEASE", r#"{"PUBLIC_A":"1","RELEASE":"r"}"#),
            ("PUBLIC", "{}"),
            ("UNSET", "{}"),
            ("PUBLIC_A,PUBLIC_*", r#"{"PUBLIC_A":"1","PUBLIC_B":"2"}"#),
        ] {
            assert_eq!(content(&format!("/c.json={names}"), &environment), format!("{expected}\n"), "{names}");
        }
    }

    #[test]
    fn values_are_escaped_for_where_they_stand() {
        let value = "\"\\\n</script><!--&\u{2028}é\u{0}";
        let json = content("/c.json=A", &[("A", value)]);
        assert_eq!(json, "{\"A\":\"\\\"\\\\\\n</script><!--&\u{2028}é\\u0000\"}\n");
        let script = content("/a/c.js=A", &[("A", value)]);
        let expected =
            r#"window.__ENV__ = {"A":"\"\\\n\u003c/script\u003e\u003c!--\u0026\u2028é\u0000"};"#.to_owned() + "\n";
        assert_eq!(script, expected);
    }

    #[test]
    fn what_is_too_wide_or_no_path_is_refused() {
        for (text, word) in [
            ("/config.json=*", "every variable"),
            ("/config.json=A,*", "every variable"),
            ("/config.json=", "neither"),
            ("/config.json=A,,B", "neither"),
            ("/config.json=**", "neither"),
            ("/config.json=A*B", "neither"),
            ("/config.json=A B", "neither"),
            ("/config.json", "PATH=NAMES"),
            ("config.json=A", "not the path"),
            ("//config.json=A", "not the path"),
            ("/../config.json=A", "not the path"),
            ("/a%2fb.json=A", "not the path"),
            ("/=A", "not the path"),
            ("/config=A", ".json or .js"),
            ("/config.html=A", ".json or .js"),
        ] {
            let problem = text.parse::<Exposure>().unwrap_err().to_string();
            assert!(problem.contains(word), "{text}: {problem}");
        }
    }

    #[test]
    fn variables_that_are_not_utf8_are_named() {
        use std::os::unix::ffi::OsStrExt;
        let environment = [("PUBLIC_X".into(), OsStr::from_bytes(b"\xff").to_owned())];
        let problem = |exposure: &str| overlay(&[exposure.parse().unwrap()], &environment).err();
        assert!(format!("{:#}", problem("/c.json=PUBLIC_*").unwrap()).contains("PUBLIC_X is not UTF-8"));
        assert!(problem("/c.json=OTHER").is_none());
        let twice = ["/c.json=A".parse().unwrap(), "/c.json=B".parse().unwrap()];
        assert!(overlay(&twice, &[]).err().unwrap().to_string().contains("twice"));
    }
}
