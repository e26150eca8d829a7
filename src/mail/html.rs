//! HTML made safe to show to an agent: an allow-list, no remote content, and bounds against documents built to be slow.

use std::collections::{HashMap, HashSet};
use std::sync::LazyLock;

use ammonia::{Builder, UrlRelative};
use mail_parser::decoders::html::{html_to_text, text_to_html};

use super::{html_text, limits};

/// Elements open at one time: the tree builder behind the sanitiser needs time in the square of it.
const DEPTH: usize = 256;
/// Attributes of one element: they are compared pair by pair.
const ATTRIBUTES: usize = 200;
/// Elements the tree builder may have to make. Formatting elements that are never closed are made again in every block.
const ELEMENTS: usize = 500_000;

/// Elements that hold nothing.
const VOID: [&str; 8] = ["br", "img", "hr", "col", "wbr", "input", "meta", "link"];
/// Elements whose end tag may be left out: the next one closes them, so that they never pile up.
const CLOSED_BY_NEXT: [&str; 13] =
    ["p", "li", "td", "th", "tr", "dd", "dt", "thead", "tbody", "tfoot", "colgroup", "option", "rp"];
/// Elements that are opened again in each block until they are closed.
const FORMATTING: [&str; 14] =
    ["a", "b", "big", "code", "em", "font", "i", "nobr", "s", "small", "strike", "strong", "tt", "u"];

static SANITISER: LazyLock<Builder<'static>> = LazyLock::new(|| {
    let tags = [
        "a",
        "abbr",
        "b",
        "bdi",
        "blockquote",
        "br",
        "caption",
        "center",
        "cite",
        "code",
        "col",
        "colgroup",
        "dd",
        "del",
        "dfn",
        "div",
        "dl",
        "dt",
        "em",
        "figcaption",
        "figure",
        "font",
        "h1",
        "h2",
        "h3",
        "h4",
        "h5",
        "h6",
        "hr",
        "i",
        "img",
        "ins",
        "kbd",
        "li",
        "ol",
        "p",
        "pre",
        "q",
        "rp",
        "rt",
        "ruby",
        "s",
        "samp",
        "small",
        "span",
        "strike",
        "strong",
        "sub",
        "sup",
        "table",
        "tbody",
        "td",
        "tfoot",
        "th",
        "thead",
        "tr",
        "tt",
        "u",
        "ul",
        "var",
        "wbr",
    ];
    let attributes: HashMap<&str, HashSet<&str>> = HashMap::from([
        ("a", HashSet::from(["href"])),
        ("img", HashSet::from(["src", "alt", "width", "height"])),
        ("td", HashSet::from(["colspan", "rowspan", "align"])),
        ("th", HashSet::from(["colspan", "rowspan", "align"])),
        ("ol", HashSet::from(["start"])),
        ("font", HashSet::from(["color"])),
    ]);
    let mut builder = Builder::default();
    builder
        .tags(tags.into())
        .clean_content_tags(HashSet::from([
            "script", "style", "title", "noscript", "template", "svg", "math", "object", "iframe",
        ]))
        .tag_attributes(attributes)
        .generic_attributes(HashSet::from(["title", "dir", "lang"]))
        .url_schemes(HashSet::from(["http", "https", "mailto", "tel", "cid", "data"]))
        .url_relative(UrlRelative::Deny)
        .link_rel(Some("noopener noreferrer nofollow"))
        .attribute_filter(|element, attribute, value| match (element, attribute) {
            // Remote pictures tell the sender who reads when: only what came with the mail is shown.
            ("img", "src") => is_own_picture(value).then(|| value.into()),
            ("a", "href") => is_link(value).then(|| value.into()),
            _ => Some(value.into()),
        });
    builder
});

fn scheme(url: &str) -> String {
    url.chars()
        .filter(|c| !c.is_whitespace() && !c.is_control())
        .take_while(|c| *c != ':')
        .take(12)
        .collect::<String>()
        .to_lowercase()
}

fn is_own_picture(url: &str) -> bool {
    let picture = || {
        ["png", "jpeg", "jpg", "gif", "webp"].iter().any(|kind| url.starts_with(&format!("data:image/{kind};base64,")))
    };
    scheme(url) == "cid" || picture()
}

fn is_link(url: &str) -> bool {
    matches!(scheme(url).as_str(), "http" | "https" | "mailto" | "tel")
}

/// `html` without anything that runs, loads or overlays. A document that would take too long becomes its text.
#[must_use]
pub fn sanitise(html: &str) -> String {
    if is_affordable(html) {
        SANITISER.clean(html).to_string()
    } else {
        text_to_html(&html_to_text(limits::head(html, limits::HTML_BYTES)))
    }
}

/// The document stays within the bounds in which the sanitiser is fast.
fn is_affordable(html: &str) -> bool {
    if html.len() > limits::HTML_BYTES {
        return false;
    }
    let (mut depth, mut formatting, mut elements) = (0usize, 0usize, 0usize);
    for piece in html.split('<').skip(1) {
        let closes = piece.starts_with('/');
        let name_at = usize::from(closes);
        let length = piece[name_at..].bytes().take_while(u8::is_ascii_alphanumeric).count();
        let name = piece[name_at..name_at + length].to_ascii_lowercase();
        let is_formatting = FORMATTING.contains(&name.as_str());
        if CLOSED_BY_NEXT.contains(&name.as_str()) {
            // Counted below as an element only.
        } else if closes {
            depth = depth.saturating_sub(1);
            formatting = formatting.saturating_sub(usize::from(is_formatting));
        } else if length > 0 && !VOID.contains(&name.as_str()) {
            depth += 1;
            formatting += usize::from(is_formatting);
        }
        elements += 1 + formatting;
        if depth > DEPTH || elements > ELEMENTS || attributes(piece) > ATTRIBUTES {
            return false;
        }
    }
    true
}

/// How many attributes the tag at the beginning of `piece` has at most.
fn attributes(piece: &str) -> usize {
    let mut quote = None;
    let mut count = 0;
    for byte in piece.bytes() {
        match (quote, byte) {
            (None, b'>') => break,
            (None, b'"' | b'\'') => quote = Some(byte),
            (None, b' ' | b'\t' | b'\n' | b'\r' | b'\x0c' | b'/') => count += 1,
            (Some(open), byte) if open == byte => quote = None,
            _ => {}
        }
    }
    count
}

/// Links whose text names another host than they lead to, as `shown → target`; at most ten.
#[must_use]
pub fn misleading_links(html: &str) -> Vec<String> {
    let html = limits::head(html, limits::HTML_BYTES);
    let mut found = Vec::new();
    for piece in html.split("<a ").skip(1).chain(html.split("<A ").skip(1)).take(2_000) {
        let Some((tag, rest)) = piece.split_once('>') else { continue };
        let Some(target) = html_text::attribute(&format!(" {tag}"), "href").and_then(host) else { continue };
        let inner = rest.split("</").next().unwrap_or_default();
        let shown = html_text::text(limits::head(inner, 500));
        let Some(shown) = shown_host(shown.trim()) else { continue };
        if !is_same_site(&shown, &target) {
            let line = format!("{shown} → {target}");
            if !found.contains(&line) {
                found.push(line);
            }
        }
        if found.len() >= 10 {
            break;
        }
    }
    found
}

/// The host of an absolute web address, lower case.
fn host(url: &str) -> Option<String> {
    let url = url.trim();
    let rest = url.split_once("://").filter(|(scheme, _)| scheme.to_ascii_lowercase().starts_with("http"))?.1;
    let authority = rest.split(['/', '?', '#', '\\']).next()?;
    let host = authority.rsplit('@').next()?.split(':').next()?.trim_end_matches('.').to_lowercase();
    (!host.is_empty()).then_some(host)
}

/// The host a link's text shows, when the text is a web address and nothing else.
fn shown_host(text: &str) -> Option<String> {
    if text.contains(char::is_whitespace) || text.contains('@') {
        return None;
    }
    if text.contains("://") {
        return host(text);
    }
    let name = text.split('/').next()?.to_lowercase();
    let labels: Vec<&str> = name.split('.').collect();
    let last = labels.last()?;
    let is_name = labels.len() > 1
        && labels.iter().all(|label| !label.is_empty() && label.chars().all(|c| c.is_alphanumeric() || c == '-'))
        && (name.starts_with("www.") || ["com", "net", "org", "jp", "example"].contains(last));
    is_name.then_some(name)
}

/// One is the other or a host below it.
fn is_same_site(shown: &str, target: &str) -> bool {
    let (a, b) = (shown.trim_start_matches("www."), target.trim_start_matches("www."));
    a == b || a.ends_with(&format!(".{b}")) || b.ends_with(&format!(".{a}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_that_runs_or_loads_is_left() {
        for html in [
            "<script>alert(1)</script>x",
            "<img src=x onerror=alert(1)>x",
            "<a href=\"javascript:alert(1)\">x</a>",
            "<a href=\"java\tscript:alert(1)\">x</a>",
            "<a href=\"data:text/html,<script>alert(1)</script>\">x</a>",
            "<svg onload=alert(1)>x</svg>x",
            "<style>@import 'http://e.example/'</style>x",
            "<div style=\"background:url(http://e.example/)\">x</div>",
            "<form action=\"http://e.example/\"><input name=q></form>x",
            "<meta http-equiv=refresh content=\"0;url=http://e.example/\">x",
            "<iframe src=\"http://e.example/\"></iframe>x",
            "<img src=\"http://e.example/track.gif\">x",
            "<img src=\"data:image/svg+xml;base64,AAAA\">x",
            "<base href=\"http://e.example/\">x",
            "<math><mtext></form><form><mglyph><style></math><img src onerror=alert(1)>x",
        ] {
            let clean = sanitise(html).to_lowercase();
            for bad in ["script", "onerror", "onload", "style", "e.example", "svg", "<form", "<meta", "iframe"] {
                assert!(!clean.contains(bad), "{html} → {clean}");
            }
        }
    }

    #[test]
    fn what_is_harmless_stays() {
        let unclosed = "<p>one<br>".repeat(400);
        assert!(sanitise(&unclosed).contains("<p>one<br></p>"));
        let html = "<p>a <b>b</b> <a href=\"https://w.example/\">w</a> <img src=\"cid:1@x\" alt=\"p\"></p>";
        let clean = sanitise(html);
        for good in
            ["<b>b</b>", "href=\"https://w.example/\"", "rel=\"noopener noreferrer nofollow\"", "src=\"cid:1@x\""]
        {
            assert!(clean.contains(good), "{clean}");
        }
    }

    #[test]
    fn slow_documents_become_text() {
        for html in [
            "<div>".repeat(100_000) + "end",
            format!("<{}>end", "a ".repeat(200_000)),
            format!("<p>{}</p>{}end", "<b>".repeat(200), "<p>x</p>".repeat(50_000)),
            "<!--".repeat(100_000),
        ] {
            assert!(!sanitise(&html).contains("<div><div>"));
        }
    }

    #[test]
    fn a_link_that_shows_another_host_is_told() {
        for (html, wanted) in [
            ("<a href=\"http://evil.example/\">https://bank.example/login</a>", vec!["bank.example → evil.example"]),
            (
                "<a class=x href='http://evil.example/'><b>www.bank.example</b></a>",
                vec!["www.bank.example → evil.example"],
            ),
            ("<a href=\"https://www.bank.example/x\">bank.example</a>", vec![]),
            ("<a href=\"https://evil.example/\">click here</a>", vec![]),
            ("<a href=\"mailto:a@b.example\">a@b.example</a>", vec![]),
            (
                "<a href=\"https://bank.example@evil.example/\">https://bank.example</a>",
                vec!["bank.example → evil.example"],
            ),
        ] {
            assert_eq!(misleading_links(html), wanted, "{html}");
        }
    }
}
