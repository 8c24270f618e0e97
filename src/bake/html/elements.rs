//! Elements: what each start tag of a page refers to and what its text is.

use html5gum::State;

use super::reader::{Reader, Tag};
use super::{ReferenceKind, read_nested};

/// Pages in pages in pages are not read any deeper.
const DEEPEST: u8 = 3;

/// Text that is collected.
pub(super) enum RawText {
    Script,
    Style,
    Title,
}

/// The kind of a script (HTML §4.12.1, "prepare the script element").
enum ScriptType {
    Classic,
    Module,
    /// Import maps and speculation rules: they have no URL, and a Content-Security-Policy judges them.
    Rules,
    /// Something that the browser does not run.
    Data,
}

/// How the tokenizer goes on after the start tag of an HTML element.
///
/// The content of `noscript` is read as markup, as browsers without scripts do.
pub(super) fn state_after(name: &str) -> Option<State> {
    match name {
        "textarea" | "title" => Some(State::RcData),
        "script" => Some(State::ScriptData),
        "style" | "iframe" | "xmp" | "noembed" | "noframes" => Some(State::RawText),
        "plaintext" => Some(State::PlainText),
        _ => None,
    }
}

/// The element's text that a page is asked for.
pub(super) fn raw_text(tag: &Tag) -> Option<(&'static str, RawText)> {
    match &*tag.name {
        "script" if is_inline_script(tag) => Some(("script", RawText::Script)),
        "style" if tag.value("type").is_none_or(|value| value.is_empty() || value.eq_ignore_ascii_case("text/css")) => {
            Some(("style", RawText::Style))
        }
        "title" if !tag.foreign => Some(("title", RawText::Title)),
        _ => None,
    }
}

fn is_inline_script(tag: &Tag) -> bool {
    let external = tag.has("src") || tag.foreign && (tag.has("href") || tag.has("xlink:href"));
    !external && !matches!(script_type(tag), ScriptType::Data)
}

fn script_type(tag: &Tag) -> ScriptType {
    let legacy = || tag.value("language").filter(|name| !name.is_empty()).map(|name| format!("text/{name}"));
    let name = match tag.value("type") {
        Some(value) => value.trim_ascii().to_ascii_lowercase(),
        None => legacy().unwrap_or_default().to_ascii_lowercase(),
    };
    match &*name {
        "" if tag.value("type").is_none_or(str::is_empty) => ScriptType::Classic,
        "module" => ScriptType::Module,
        "importmap" | "speculationrules" => ScriptType::Rules,
        _ if is_javascript(&name) => ScriptType::Classic,
        _ => ScriptType::Data,
    }
}

/// The JavaScript media types (WHATWG MIME Sniffing §4.6).
fn is_javascript(essence: &str) -> bool {
    let Some((family, name)) = essence.split_once('/') else { return false };
    let version = |name: &str| matches!(name, "1.0" | "1.1" | "1.2" | "1.3" | "1.4" | "1.5");
    match family {
        "application" => matches!(name, "javascript" | "ecmascript" | "x-javascript" | "x-ecmascript"),
        "text" => {
            matches!(name, "javascript" | "ecmascript" | "x-javascript" | "x-ecmascript" | "jscript" | "livescript")
                || name.strip_prefix("javascript").is_some_and(version)
        }
        _ => false,
    }
}

/// Takes what an element's attributes say into the page.
pub(super) fn element(reader: &mut Reader<'_>, tag: &Tag) {
    for attribute in &tag.attributes {
        let value = &attribute.value;
        match &*attribute.name {
            "id" if !value.is_empty() => drop(reader.page.ids.insert(value.clone())),
            "name" if tag.name == "a" && !value.is_empty() => drop(reader.page.ids.insert(value.clone())),
            "style" if !value.is_empty() => reader.page.style_attributes.push(value.clone()),
            name if is_event_handler(name) && !value.is_empty() => reader.page.event_handlers.push(value.clone()),
            _ => {}
        }
    }
    references(reader, tag);
}

fn is_event_handler(name: &str) -> bool {
    name.strip_prefix("on").is_some_and(|event| !event.is_empty() && event.bytes().all(|b| b.is_ascii_lowercase()))
}

fn references(reader: &mut Reader<'_>, tag: &Tag) {
    use ReferenceKind::{Form, Frame, Image, ImageCandidate, Link, Media, Other};
    let mut all = |pairs: &[(&str, ReferenceKind)]| {
        for (name, kind) in pairs {
            if let Some(url) = tag.value(name) {
                reader.refer(tag, name, url, *kind);
            }
        }
    };
    match &*tag.name {
        "a" | "area" => all(&[("href", Link), ("xlink:href", Link)]),
        "img" => all(&[("src", Image)]),
        "input" if tag.is("type", "image") => all(&[("src", Image), ("formaction", Form)]),
        "input" | "button" => all(&[("formaction", Form)]),
        "image" | "feimage" => all(&[("href", Image), ("xlink:href", Image), ("src", Image)]),
        "use" | "mpath" | "textpath" => all(&[("href", Other), ("xlink:href", Other)]),
        "video" => all(&[("src", Media), ("poster", Image)]),
        "audio" | "source" | "track" => all(&[("src", Media)]),
        "iframe" | "frame" | "embed" => all(&[("src", Frame)]),
        "object" => all(&[("data", Frame)]),
        "form" => all(&[("action", Form)]),
        "script" => script(reader, tag),
        "link" => link(reader, tag),
        "meta" => meta(reader, tag),
        "base" => base(reader, tag),
        _ => {}
    }
    for (element, name) in [("img", "srcset"), ("source", "srcset"), ("link", "imagesrcset")] {
        if let (true, Some(set)) = (tag.name == element, tag.value(name)) {
            candidates(set).for_each(|url| reader.refer(tag, name, url, ImageCandidate));
        }
    }
    if let (true, Some(nested)) = (tag.name == "iframe" && reader.depth < DEEPEST, tag.value("srcdoc")) {
        srcdoc(reader, tag, nested);
    }
}

/// The URLs of a `srcset`: each up to white space, then a descriptor up to a comma outside of parentheses.
fn candidates(mut set: &str) -> impl Iterator<Item = &str> {
    std::iter::from_fn(move || {
        set = set.trim_start_matches(|c: char| c.is_ascii_whitespace() || c == ',');
        let (url, rest) = set.split_at(set.find(|c: char| c.is_ascii_whitespace()).unwrap_or(set.len()));
        let bare = url.trim_end_matches(',');
        set = rest;
        if bare.len() == url.len() {
            let mut depth = 0u32;
            let end = rest.find(|c: char| {
                depth = depth.saturating_add(u32::from(c == '(')).saturating_sub(u32::from(c == ')'));
                c == ',' && depth == 0
            });
            set = rest.get(end.unwrap_or(rest.len())..).unwrap_or_default();
        }
        (!bare.is_empty()).then_some(bare)
    })
}

fn script(reader: &mut Reader<'_>, tag: &Tag) {
    let deferred = tag.has("async") || tag.has("defer");
    let kind = match script_type(tag) {
        ScriptType::Module => ReferenceKind::ModuleScript,
        ScriptType::Classic if deferred || tag.foreign => ReferenceKind::DeferredScript,
        ScriptType::Classic => ReferenceKind::Script,
        ScriptType::Rules | ScriptType::Data => ReferenceKind::Other,
    };
    let names: &[&str] = if tag.foreign { &["href", "xlink:href"] } else { &["src"] };
    for name in names {
        if let Some(url) = tag.value(name) {
            reader.refer(tag, name, url, kind);
        }
    }
}

fn link(reader: &mut Reader<'_>, tag: &Tag) {
    let Some(url) = tag.value("href") else { return };
    let rel = tag.value("rel").unwrap_or_default().to_ascii_lowercase();
    let has = |words: &[&str]| rel.split_ascii_whitespace().any(|word| words.contains(&word));
    let kind = if has(&["stylesheet"]) {
        let waits = !has(&["alternate"]) && !tag.has("disabled") && !tag.is("media", "print");
        if waits { ReferenceKind::Stylesheet } else { ReferenceKind::DeferredStylesheet }
    } else if has(&["icon", "apple-touch-icon", "apple-touch-icon-precomposed", "mask-icon"]) {
        ReferenceKind::Icon
    } else if has(&["preload", "modulepreload", "prefetch"]) {
        ReferenceKind::Preload
    } else if rel.trim().is_empty() || has(&["preconnect", "dns-prefetch"]) {
        // Only a host, or nothing that a browser would load.
        return;
    } else {
        ReferenceKind::Other
    };
    reader.refer(tag, "href", url, kind);
}

fn meta(reader: &mut Reader<'_>, tag: &Tag) {
    let content = tag.value("content").unwrap_or_default();
    let declares = tag.is("http-equiv", "content-type") && content.to_ascii_lowercase().contains("charset=");
    reader.page.charset |= declares || tag.value("charset").is_some_and(|charset| !charset.is_empty());
    if tag.is("http-equiv", "refresh")
        && let Some(url) = refresh_url(content)
    {
        reader.refer(tag, "content", url, ReferenceKind::Refresh);
    }
}

/// The URL in `0; url='/there'`.
fn refresh_url(content: &str) -> Option<&str> {
    let (_, rest) = content.split_once([';', ','])?;
    let rest = rest.trim_start();
    let url = match rest.get(..3) {
        Some(word) if word.eq_ignore_ascii_case("url") => rest[3..].trim_start().strip_prefix('=')?.trim_start(),
        _ => rest,
    };
    let quoted = |quote: char| url.strip_prefix(quote).map(|rest| rest.split(quote).next().unwrap_or(rest));
    Some(quoted('"').or_else(|| quoted('\'')).unwrap_or(url)).filter(|url| !url.is_empty())
}

fn base(reader: &mut Reader<'_>, tag: &Tag) {
    if let (None, Some(url)) = (&reader.page.base, tag.value("href")) {
        reader.page.base = Some(url.trim().to_owned());
    }
}

/// A page in an attribute: it shares its parent's policy and base.
fn srcdoc(reader: &mut Reader<'_>, tag: &Tag, html: &str) {
    let nested = read_nested(html, reader.depth + 1);
    nested.references.iter().for_each(|inner| reader.refer(tag, "srcdoc", &inner.url, inner.kind));
    reader.page.inline_scripts.extend(nested.inline_scripts);
    reader.page.inline_styles.extend(nested.inline_styles);
    reader.page.event_handlers.extend(nested.event_handlers);
    reader.page.style_attributes.extend(nested.style_attributes);
}
