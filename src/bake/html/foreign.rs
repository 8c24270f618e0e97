//! Foreign content: where in a page the tokenizer is inside SVG or MathML, whose tags are read by other rules.

/// The start tags that end foreign content, as no SVG or MathML has them (HTML §13.2.6.5).
const BREAKOUT: &[&str] = &[
    "b",
    "big",
    "blockquote",
    "body",
    "br",
    "center",
    "code",
    "dd",
    "div",
    "dl",
    "dt",
    "em",
    "embed",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "head",
    "hr",
    "i",
    "img",
    "li",
    "listing",
    "menu",
    "meta",
    "nobr",
    "ol",
    "p",
    "pre",
    "ruby",
    "s",
    "small",
    "span",
    "strike",
    "strong",
    "sub",
    "sup",
    "table",
    "tt",
    "u",
    "ul",
    "var",
];

/// Elements of SVG and MathML whose content is HTML again.
const INTEGRATION: &[&str] = &["annotation-xml", "desc", "foreignobject", "mi", "mn", "mo", "ms", "mtext", "title"];

#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    /// In `svg` or `math`.
    Foreign,
    /// In an element of [`INTEGRATION`], by its position there.
    Html(usize),
}

/// The foreign elements, and the HTML in them, that are open.
#[derive(Default)]
pub(super) struct Foreign {
    open: Vec<Place>,
}

impl Foreign {
    /// Tags here are SVG's or MathML's.
    pub(super) fn inside(&self) -> bool {
        self.open.last() == Some(&Place::Foreign)
    }

    /// Takes note of a start tag, and tells whether it is SVG's or MathML's.
    pub(super) fn start(&mut self, name: &str, self_closing: bool) -> bool {
        if self.inside() && BREAKOUT.contains(&name) {
            while self.inside() {
                self.open.pop();
            }
        }
        let root = matches!(name, "svg" | "math");
        let foreign = root || self.inside();
        match integration(name) {
            _ if self_closing => {}
            _ if root => self.open.push(Place::Foreign),
            Some(at) if foreign => self.open.push(Place::Html(at)),
            _ => {}
        }
        foreign
    }

    pub(super) fn end(&mut self, name: &str) {
        let place = match integration(name) {
            Some(at) => Place::Html(at),
            None if matches!(name, "svg" | "math") => Place::Foreign,
            None => return,
        };
        if let Some(at) = self.open.iter().rposition(|open| *open == place) {
            self.open.truncate(at);
        }
    }
}

fn integration(name: &str) -> Option<usize> {
    INTEGRATION.iter().position(|entry| *entry == name)
}
