//! What reading a page must find, case by case.

use super::ReferenceKind::*;
use super::*;

fn urls(html: &str) -> Vec<(String, ReferenceKind)> {
    read(html).references.into_iter().map(|found| (found.url, found.kind)).collect()
}

#[test]
fn inline_scripts_are_those_that_a_policy_judges() {
    for (html, expected) in [
        ("<script>a()</script>", &["a()"] as &[&str]),
        ("<SCRIPT>a()</SCRIPT >b", &["a()"]),
        ("<script type=''>a()</script>", &["a()"]),
        ("<script type='Text/JavaScript '>a()</script>", &["a()"]),
        ("<script type=text/javascript1.5>a</script>", &["a"]),
        ("<script language=JavaScript>a</script>", &["a"]),
        ("<script type=module>a</script>", &["a"]),
        ("<script type=importmap>{}</script>", &["{}"]),
        ("<script type=speculationrules>{}</script>", &["{}"]),
        ("<script type=application/json>{}</script>", &[]),
        ("<script type=application/ld+json>{}</script>", &[]),
        ("<script type=text/template><script>a</script>", &[]),
        ("<script type=' '>a</script>", &[]),
        ("<script language=vbscript>a</script>", &[]),
        ("<script src=x.js>a</script>", &[]),
        ("<script src>a</script>", &[]),
        ("<script></script>", &[]),
        ("<script>a &amp; b < c</script>", &["a &amp; b < c"]),
        ("<script>\r\na\r\n\rb\r</script>", &["\na\n\nb\n"]),
        ("<script>'</scripty>'</script>", &["'</scripty>'"]),
        ("<script><!-- <script> </script> --></script>x", &["<!-- <script> </script> -->"]),
        ("<script>a\0b</script>", &["a\u{fffd}b"]),
        ("<script>never run", &[]),
        ("<!-- <script>a</script> --><script>b</script>", &["b"]),
        ("<textarea><script>a</script></textarea>", &[]),
        ("<title><script>a</script></title>", &[]),
        ("<style><script>a</script></style>", &[]),
        ("<iframe><script>a</script></iframe>", &[]),
        ("<p title='<script>a</script>'>", &[]),
        ("<noscript><script>a</script></noscript>", &["a"]),
        ("<template><script>a</script></template>", &["a"]),
        ("<svg><script>a &lt; b</script></svg>", &["a < b"]),
        ("<svg><script>a<![CDATA[ < b]]></script></svg>", &["a < b"]),
        ("<svg><script/><text>x</text></svg><script>b</script>", &["b"]),
        ("<svg><script xlink:href=x.js>a</script></svg>", &[]),
        ("<svg><foreignObject><script>a &lt; b</script></foreignObject></svg>", &["a &lt; b"]),
        ("<svg><path><p><script>a &lt; b</script>", &["a &lt; b"]),
        ("<svg/><script>a &lt; b</script>", &["a &lt; b"]),
        ("<iframe srcdoc='<script>a</script>'></iframe>", &["a"]),
        ("<script>é → 🎈</script>", &["é → 🎈"]),
    ] {
        assert_eq!(read(html).inline_scripts, expected, "{html}");
    }
}

#[test]
fn inline_styles_and_attributes_are_read_as_written() {
    for (html, styles) in [
        ("<style>a > b { content: '&lt;' }</style>", &["a > b { content: '&lt;' }"] as &[&str]),
        ("<style type=text/css media=print>a{}</style>", &["a{}"]),
        ("<style type=text/less>a{}</style>", &[]),
        ("<style></style>", &[""]),
        ("<style>a{}", &["a{}"]),
        ("<svg><style>a &gt; b{}</style></svg>", &["a > b{}"]),
        ("<noscript><style>a{}</style></noscript>", &["a{}"]),
    ] {
        assert_eq!(read(html).inline_styles, styles, "{html}");
    }
    let page = read(
        "<body onload='a(&quot;x&quot;)'><p STYLE='color:red' ONCLICK=b() onclick=c() on-x=d data-onclick=e onclick2=f>",
    );
    assert_eq!(page.event_handlers, ["a(\"x\")", "b()"]);
    assert_eq!(page.style_attributes, ["color:red"]);
    assert!(read("</p style='a' onclick='b'>").event_handlers.is_empty(), "end tags have no attributes");
}

#[test]
fn references_have_their_kinds() {
    for (html, expected) in [
        ("<a href='/a?b=c&amp;d#e'>", &[("/a?b=c&d#e", Link)] as &[(&str, ReferenceKind)]),
        ("<a href=' /a\n'>", &[("/a", Link)]),
        ("<a href=''>", &[("", Link)]),
        ("<area href=x>", &[("x", Link)]),
        ("<meta http-equiv=Refresh content=\"0; URL = '/x'\">", &[("/x", Refresh)]),
        ("<meta http-equiv=refresh content=5>", &[]),
        ("<link rel=stylesheet href=a.css>", &[("a.css", Stylesheet)]),
        ("<link rel='Preload Stylesheet' media=screen href=a.css>", &[("a.css", Stylesheet)]),
        ("<link rel='alternate stylesheet' href=a.css>", &[("a.css", DeferredStylesheet)]),
        ("<link rel=stylesheet media=print href=a.css>", &[("a.css", DeferredStylesheet)]),
        ("<link rel=stylesheet disabled href=a.css>", &[("a.css", DeferredStylesheet)]),
        ("<link rel='shortcut icon' href=i>", &[("i", Icon)]),
        ("<link rel=modulepreload href=m.js>", &[("m.js", Preload)]),
        ("<link rel=preconnect href=//x>", &[]),
        ("<link href=x>", &[]),
        ("<link rel=manifest href=m>", &[("m", Other)]),
        ("<script src=a.js>", &[("a.js", Script)]),
        ("<script src=a.js defer>", &[("a.js", DeferredScript)]),
        ("<script async=false src=a.js>", &[("a.js", DeferredScript)]),
        ("<script type=module src=a.js>", &[("a.js", ModuleScript)]),
        (
            "<img src=a.png srcset='b.png 1x, c,d.png 2x,e.png'>",
            &[("a.png", Image), ("b.png", ImageCandidate), ("c,d.png", ImageCandidate), ("e.png", ImageCandidate)],
        ),
        ("<img srcset='a.png, b.png'>", &[("a.png", ImageCandidate), ("b.png", ImageCandidate)]),
        ("<img srcset=' , a.png (x,y) , b'>", &[("a.png", ImageCandidate), ("b", ImageCandidate)]),
        ("<picture><source srcset=a.avif></picture>", &[("a.avif", ImageCandidate)]),
        (
            "<video src=v poster=p><source src=w><track src=t></video>",
            &[("v", Media), ("p", Image), ("w", Media), ("t", Media)],
        ),
        ("<iframe src=f></iframe><object data=o></object><embed src=e>", &[("f", Frame), ("o", Frame), ("e", Frame)]),
        ("<form action=/s><input type=image src=i><button formaction=/t>", &[("/s", Form), ("i", Image), ("/t", Form)]),
        (
            "<svg><use xlink:href='s.svg#a'/><image href=i /><a href=l>",
            &[("s.svg#a", Other), ("i", Image), ("l", Link)],
        ),
        ("<script type=text/x><img src=no></script><!--<img src=no>-->", &[]),
        ("<iframe srcdoc='<img src=a>'></iframe>", &[("a", Image)]),
    ] {
        let expected: Vec<_> = expected.iter().map(|(url, kind)| ((*url).to_owned(), *kind)).collect();
        assert_eq!(urls(html), expected, "{html}");
    }
}

#[test]
fn references_have_their_lines() {
    for newline in ["\n", "\r\n"] {
        let html = ["<p>é", "<a", " href=x><img src=y>", "<script>", "</script>", "<a href=z>"].join(newline);
        let lines: Vec<_> = read(&html).references.iter().map(|found| (found.url.clone(), found.line)).collect();
        assert_eq!(lines, [("x".into(), 3), ("y".into(), 3), ("z".into(), 6)]);
    }
}

#[test]
fn pages_describe_themselves() {
    for (html, title, charset) in [
        ("<meta charset=utf-8><title>x</title>", true, true),
        ("<meta http-equiv=Content-Type content='text/html; Charset=utf-8'><title> \n</title>", false, true),
        ("\u{feff}<title>é</title>", true, true),
        ("<svg><title>x</title></svg>", false, false),
        ("<meta name=charset content=utf-8>", false, false),
        ("", false, false),
    ] {
        let page = read(html);
        assert_eq!((page.title, page.charset), (title, charset), "{html}");
    }
    let page = read("<base href=/x/><base href=/y/><p id=a><a name=b><input name=c><svg><g id=d>");
    assert_eq!(page.base.as_deref(), Some("/x/"));
    assert_eq!(page.ids, ["a", "b", "d"].map(String::from).into());
}

#[test]
fn any_text_is_a_page() {
    let pieces =
        ["<", "svg", ">", "</", "script", " href='", "\"", "&#x", "<![CDATA[", "]]>", "é", "\0", "=", "srcset=( ,"];
    let mut seed = 7usize;
    for length in 0..400 {
        let mut html = String::new();
        for _ in 0..length % 40 {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            html.push_str(pieces[(seed >> 33) % pieces.len()]);
        }
        read(&html);
    }
    let nested = "<iframe srcdoc='".repeat(1000);
    assert!(read(&nested).references.is_empty());
    assert!(read(&"<svg>".repeat(100_000)).references.is_empty());
}
