//! The hashes of what a page contains inline, as a Content-Security-Policy names them.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256};

use super::html::Page;
use crate::rule::PageHashes;

/// The hashes of a page, each once, in the order of the page.
pub(super) fn of(page: &Page) -> PageHashes {
    PageHashes {
        scripts: sources(&page.inline_scripts),
        styles: sources(&page.inline_styles),
        event_handlers: sources(&page.event_handlers),
        style_attributes: sources(&page.style_attributes),
    }
}

fn sources(texts: &[String]) -> String {
    let mut sources: Vec<String> = Vec::new();
    for text in texts {
        let source = format!("'sha256-{}'", STANDARD.encode(Sha256::digest(text)));
        if !sources.contains(&source) {
            sources.push(source);
        }
    }
    sources.join(" ")
}

/// What weakens the policy of the page at `path`.
pub(super) fn notices(path: &str, page: &Page) -> Vec<String> {
    let notice = |texts: &[String], what: &str, remedy: &str| {
        let count = texts.len();
        (count > 0).then(|| format!("{path}: {{hashes}} needs 'unsafe-hashes' for {count} {what}; {remedy}"))
    };
    let handlers = notice(&page.event_handlers, "event handler attributes", "add the listeners in a script instead");
    let styles = notice(&page.style_attributes, "style attributes", "move the styles to a class");
    handlers.into_iter().chain(styles).collect()
}
