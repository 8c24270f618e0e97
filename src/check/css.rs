//! References of style sheets: `url()`, `@import`, `image-set()`, by a CSS tokenizer.

use cssparser::{ParseError, Parser, Token};

/// A URL that a style sheet refers to.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct CssReference {
    pub(super) url: String,
    /// Counted from 1.
    pub(super) line: u32,
    /// Another style sheet.
    pub(super) import: bool,
}

/// Where a string is a URL.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Strings {
    Plain,
    Urls,
}

/// Reads a style sheet, or the declarations of a `style` attribute. However deep blocks are nested, the stack stays small.
pub(super) fn references(css: &str) -> Vec<CssReference> {
    let mut found = Vec::new();
    read(&mut Parser::new(css), Strings::Plain, &mut found);
    found
}

fn read(parser: &mut Parser<'_>, strings: Strings, found: &mut Vec<CssReference>) {
    let mut import = false;
    loop {
        let line = parser.current_source_location().line.saturating_add(1);
        let Ok(token) = parser.next() else { return };
        let mut push = |url: &str| found.push(CssReference { url: url.trim().to_owned(), line, import });
        let inside = match token {
            Token::AtKeyword(name) => {
                import = name.eq_ignore_ascii_case("import");
                continue;
            }
            Token::UnquotedUrl(url) => {
                push(url);
                None
            }
            Token::QuotedString(url) if import || strings == Strings::Urls => {
                push(url);
                None
            }
            Token::Function(name) => Some((strings_in(name), is_url(name))),
            Token::CurlyBracketBlock | Token::ParenthesisBlock | Token::SquareBracketBlock => {
                Some((Strings::Plain, false))
            }
            _ => None,
        };
        if let Some((strings, url)) = inside {
            let first = found.len();
            let nested = parser.parse_nested_block(|block| {
                read(block, strings, found);
                Ok::<_, ParseError<()>>(())
            });
            found.iter_mut().skip(first).for_each(|reference| reference.import |= import && url);
            // Nested too deeply: what is in the block is read as if it stood here.
            drop(nested);
        }
        import = false;
    }
}

fn is_url(function: &str) -> bool {
    function.eq_ignore_ascii_case("url") || function.eq_ignore_ascii_case("src")
}

fn strings_in(function: &str) -> Strings {
    let images = ["image-set", "-webkit-image-set", "image"].iter().any(|name| function.eq_ignore_ascii_case(name));
    if is_url(function) || images { Strings::Urls } else { Strings::Plain }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_are_found_where_css_has_them() {
        for (css, expected) in [
            ("a { background: url(x.png) }", &[("x.png", false)] as &[(&str, bool)]),
            ("a { background: URL( 'x y.png' ) }", &[("x y.png", false)]),
            (
                "@import 'a.css' screen; @import url(b.css); @import url(\"c.css\");",
                &[("a.css", true), ("b.css", true), ("c.css", true)],
            ),
            ("@font-face { src: url(a.woff2) format('woff2'), local('x') }", &[("a.woff2", false)]),
            (
                "@media print { b { background: image-set('a.png' 1x, url(b.png) 2x type('image/png')) } }",
                &[("a.png", false), ("b.png", false)],
            ),
            ("a::before { content: 'url(no.png)' } /* url(no.png) */ @charset 'no';", &[]),
            ("a { --x: url(v.png); b & { mask: url(n.svg#m) } }", &[("v.png", false), ("n.svg#m", false)]),
            ("a { background: url(un", &[("un", false)]),
            ("color: red; background: url(attr.png)", &[("attr.png", false)]),
            ("a { b: url(bad'url) }", &[]),
        ] {
            let found: Vec<_> = references(css).into_iter().map(|found| (found.url, found.import)).collect();
            let expected: Vec<_> = expected.iter().map(|(url, import)| ((*url).to_owned(), *import)).collect();
            assert_eq!(found, expected, "{css}");
        }
        assert_eq!(references("a{}\n\nb{\n c: url(x) }")[0].line, 4);
    }

    #[test]
    fn any_text_is_a_style_sheet() {
        for open in ["{", "(", "[", "url(", "a{b:url('", "image-set(", "@import ", "\\", "/*"] {
            references(&open.repeat(50_000));
        }
    }
}
