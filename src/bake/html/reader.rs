//! From tokens to a page: follows the tokenizer, collects attributes and raw text, steers it into raw text.

use std::convert::Infallible;

use html5gum::emitters::callback::{Callback, CallbackEmitter, CallbackEvent};
use html5gum::{Error, ForwardingEmitter, Span, State};

use super::elements::{self, RawText};
use super::foreign::Foreign;
use super::{Page, Reference, ReferenceKind};

/// More attributes than this in one tag are not read.
const MOST_ATTRIBUTES: usize = 1024;

/// A start tag with its attributes, the first of each name.
#[derive(Default)]
pub(super) struct Tag {
    pub(super) name: String,
    pub(super) attributes: Vec<Attribute>,
    /// It stands in SVG or MathML.
    pub(super) foreign: bool,
}

pub(super) struct Attribute {
    pub(super) name: String,
    pub(super) value: String,
    /// Where it starts in the text.
    at: usize,
}

impl Tag {
    pub(super) fn value(&self, name: &str) -> Option<&str> {
        self.attributes.iter().find(|attribute| attribute.name == name).map(|attribute| attribute.value.as_str())
    }

    pub(super) fn has(&self, name: &str) -> bool {
        self.value(name).is_some()
    }

    /// The value is this word, in whatever case.
    pub(super) fn is(&self, name: &str, word: &str) -> bool {
        self.value(name).is_some_and(|value| value.trim().eq_ignore_ascii_case(word))
    }
}

/// Most attributes of most pages say nothing that is asked for; not keeping them saves half the time.
fn matters(name: &[u8]) -> bool {
    !matches!(name, b"class" | b"alt" | b"title" | b"role" | b"tabindex" | b"width" | b"height")
        && !name.starts_with(b"aria-")
        && !name.starts_with(b"data-")
}

/// Collects a page from the events of the tokenizer.
pub(super) struct Reader<'a> {
    text: &'a str,
    pub(super) page: &'a mut Page,
    /// How many pages this one is nested in.
    pub(super) depth: u8,
    /// The start tag that is being read.
    tag: Option<Tag>,
    foreign: Foreign,
    /// The element whose text is collected, and that text.
    raw: Option<(&'static str, RawText, String)>,
    next_state: Option<State>,
    /// The attribute that is being read is one to keep.
    keeps_value: bool,
    /// A place in the text and the line that it is on.
    line: (usize, u32),
}

impl<'a> Reader<'a> {
    pub(super) fn new(text: &'a str, page: &'a mut Page, depth: u8) -> Self {
        let (tag, raw, next_state) = (None, None, None);
        Self { text, page, depth, tag, foreign: Foreign::default(), raw, next_state, keeps_value: false, line: (0, 1) }
    }

    /// Adds a reference found in the attribute called `name`.
    pub(super) fn refer(&mut self, tag: &Tag, name: &str, url: &str, kind: ReferenceKind) {
        let at = tag.attributes.iter().find(|attribute| attribute.name == name).map_or(self.line.0, |found| found.at);
        let url = url.trim_matches(|c: char| c.is_ascii_whitespace() || c.is_ascii_control()).to_owned();
        let line = self.line_at(at);
        let value = |name| tag.value(name).map(str::to_owned);
        let (crossorigin, media) = (value("crossorigin"), value("media"));
        self.page.references.push(Reference { url, kind, line, crossorigin, media });
    }

    fn line_at(&mut self, at: usize) -> u32 {
        let (from, mut line) = if at < self.line.0 { (0, 1) } else { self.line };
        let at = at.min(self.text.len());
        let passed = self.text.as_bytes().get(from..at).unwrap_or_default();
        line = passed.iter().filter(|byte| **byte == b'\n').fold(line, |line, _| line.saturating_add(1));
        self.line = (at, line);
        line
    }

    /// Of attributes with the same name only the first counts. (End tags have none, whatever is written there.)
    fn attribute_name(&mut self, name: &[u8], at: usize) {
        let attributes = self.tag.as_mut().map(|tag| &mut tag.attributes);
        let new = |known: &Vec<Attribute>| known.iter().all(|one| one.name.as_bytes() != name);
        let room = attributes.filter(|known| matters(name) && known.len() < MOST_ATTRIBUTES && new(known));
        self.keeps_value = room.is_some();
        if let Some(attributes) = room {
            attributes.push(Attribute { name: String::from_utf8_lossy(name).into_owned(), value: String::new(), at });
        }
    }

    fn close_start_tag(&mut self, self_closing: bool) {
        let Some(mut tag) = self.tag.take() else { return };
        tag.foreign = self.foreign.start(&tag.name, self_closing);
        elements::element(self, &tag);
        let empty = tag.foreign && self_closing;
        if let (false, None, Some((name, raw))) = (empty, &self.raw, elements::raw_text(&tag)) {
            self.raw = Some((name, raw, String::new()));
        }
        if !tag.foreign {
            self.next_state = elements::state_after(&tag.name);
        }
    }

    fn end_tag(&mut self, name: &str) {
        self.foreign.end(name);
        if self.raw.as_ref().is_some_and(|(open, ..)| *open == name) {
            self.end_raw_text();
        }
    }

    fn end_raw_text(&mut self) {
        match self.raw.take() {
            Some((_, RawText::Script, text)) if !text.is_empty() => self.page.inline_scripts.push(text),
            Some((_, RawText::Style, text)) => self.page.inline_styles.push(text),
            Some((_, RawText::Title, text)) => self.page.title |= !text.trim().is_empty(),
            _ => {}
        }
    }

    /// At the end of the text, an open style counts and an open script does not (HTML §13.2.6.4.8).
    fn end(&mut self) {
        if !matches!(self.raw, Some((_, RawText::Script, _))) {
            self.end_raw_text();
        }
    }
}

impl Callback<Infallible, usize> for Reader<'_> {
    fn handle_event(&mut self, event: CallbackEvent<'_>, span: Span<usize>) -> Option<Infallible> {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        match event {
            CallbackEvent::OpenStartTag { name } => self.tag = Some(Tag { name: text(name), ..Tag::default() }),
            CallbackEvent::AttributeName { name } => self.attribute_name(name, span.start),
            CallbackEvent::AttributeValue { value } => {
                let attribute =
                    self.tag.as_mut().filter(|_| self.keeps_value).and_then(|tag| tag.attributes.last_mut());
                attribute.into_iter().for_each(|attribute| attribute.value = text(value));
            }
            CallbackEvent::CloseStartTag { self_closing } => self.close_start_tag(self_closing),
            CallbackEvent::EndTag { name } => self.end_tag(&text(name)),
            CallbackEvent::String { value } => {
                if let Some((.., collected)) = &mut self.raw {
                    collected.push_str(&String::from_utf8_lossy(value));
                }
            }
            CallbackEvent::Comment { .. } | CallbackEvent::Doctype { .. } | CallbackEvent::Error(_) => {}
        }
        None
    }
}

/// Passes the tokenizer's calls on to the reader and its decisions back.
pub(super) struct Emitter<'a> {
    inner: CallbackEmitter<Reader<'a>, Infallible, usize>,
}

impl<'a> Emitter<'a> {
    pub(super) fn new(reader: Reader<'a>) -> Self {
        Self { inner: CallbackEmitter::new(reader) }
    }
}

impl ForwardingEmitter for Emitter<'_> {
    type Token = Infallible;

    fn inner(&mut self) -> &mut impl html5gum::Emitter<Token = Infallible> {
        &mut self.inner
    }

    fn should_emit_errors(&mut self) -> bool {
        false
    }

    fn emit_error(&mut self, _: Error) {}

    fn emit_current_tag(&mut self) -> Option<State> {
        let none = html5gum::Emitter::emit_current_tag(&mut self.inner);
        self.inner.callback_mut().next_state.take().or(none)
    }

    fn adjusted_current_node_present_but_not_in_html_namespace(&mut self) -> bool {
        self.inner.callback_mut().foreign.inside()
    }

    fn emit_eof(&mut self) {
        html5gum::Emitter::emit_eof(&mut self.inner);
        self.inner.callback_mut().end();
    }
}
