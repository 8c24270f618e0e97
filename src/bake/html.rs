//! Reading a page: what its HTML says about scripts, styles, references and itself, by a real tokenizer.

mod elements;
mod foreign;
mod reader;

use std::collections::HashSet;

use html5gum::Tokenizer;

use reader::{Emitter, Reader};

/// What a page says.
#[derive(Debug, Default)]
pub(crate) struct Page {
    /// The exact text of the inline scripts that a Content-Security-Policy judges: scripts, modules, import maps and
    /// speculation rules, but no data blocks.
    pub(crate) inline_scripts: Vec<String>,
    /// The exact text of the `style` elements.
    pub(crate) inline_styles: Vec<String>,
    /// The values of event handler attributes (`onclick` …).
    pub(crate) event_handlers: Vec<String>,
    /// The values of `style` attributes.
    pub(crate) style_attributes: Vec<String>,
    /// In the order of the page.
    pub(crate) references: Vec<Reference>,
    /// What a fragment may name: every `id`, and `name` of links.
    pub(crate) ids: HashSet<String>,
    /// There is a title with a word in it.
    pub(crate) title: bool,
    /// The page itself says in which charset it is written.
    pub(crate) charset: bool,
    /// The first `<base href>`: what relative references are relative to.
    pub(crate) base: Option<String>,
}

/// A URL that a page refers to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Reference {
    /// As written, entities decoded and white space around it stripped.
    pub(crate) url: String,
    pub(crate) kind: ReferenceKind,
    /// Counted from 1.
    pub(crate) line: u32,
    /// The `crossorigin` attribute, which says in which mode the URL is fetched.
    pub(crate) crossorigin: Option<String>,
    /// The `media` attribute: the condition under which it is fetched at once.
    pub(crate) media: Option<String>,
}

/// What a page does with a URL.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum ReferenceKind {
    /// It leads there (`a`, `area`).
    Link,
    /// It goes there by itself (`meta` refresh).
    Refresh,
    /// A style sheet that rendering waits for.
    Stylesheet,
    /// A style sheet that rendering doesn't wait for: alternate, disabled, or for print only.
    DeferredStylesheet,
    /// A classic script that parsing waits for.
    Script,
    /// A classic script with `async` or `defer`.
    DeferredScript,
    /// A module: it never blocks.
    ModuleScript,
    /// A hint to load something early (`preload`, `modulepreload`, `prefetch`).
    Preload,
    Image,
    /// One of several images of which a browser takes one (`srcset`).
    ImageCandidate,
    Icon,
    /// A document inside the page (`iframe`, `object`, `embed`).
    Frame,
    /// Sound, video or their subtitles.
    Media,
    /// Where a form goes.
    Form,
    /// Anything else: manifests, feeds, canonical addresses, SVG sprites.
    Other,
}

/// Reads a page. Any text is a page; a broken one says less.
pub(crate) fn read(html: &str) -> Page {
    read_nested(html, 0)
}

/// Reads a page that lies in `depth` others (in `srcdoc` attributes).
fn read_nested(html: &str, depth: u8) -> Page {
    let text = html.strip_prefix('\u{feff}').unwrap_or(html);
    let mut page = Page { charset: text.len() != html.len(), ..Page::default() };
    let reader = Reader::new(text, &mut page, depth);
    // Reading text can't fail.
    let _ = Tokenizer::new_with_emitter(text, Emitter::new(reader)).finish();
    page
}

#[cfg(test)]
mod tests;
