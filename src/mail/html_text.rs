//! HTML to plain text in one pass, with quoted blocks as `> ` lines, so that quotes are found in HTML mail as in plain mail.

use mail_parser::decoders::html::add_html_token;

/// Depth of quoting that is written; deeper blocks stay at this depth.
const QUOTE_DEPTH: usize = 9;

/// The readable text of `html`: one line for each block, `> ` before each line of a block quote, links without their targets.
#[must_use]
pub fn text(html: &str) -> String {
    let mut writer = Writer { out: String::with_capacity(html.len() / 2), ..Writer::default() };
    let bytes = html.as_bytes();
    let mut at = 0;
    while at < bytes.len() {
        let Some(open) = bytes[at..].iter().position(|byte| *byte == b'<').map(|offset| at + offset) else {
            writer.text(&html[at..]);
            break;
        };
        writer.text(&html[at..open]);
        at = tag(html, open, &mut writer);
    }
    writer.out
}

/// Deals with what begins with `<` at `open`; returns the position after it.
fn tag(html: &str, open: usize, writer: &mut Writer) -> usize {
    let rest = &html[open..];
    if let Some(comment) = rest.strip_prefix("<!--") {
        return comment.find("-->").map_or(html.len(), |end| open + 4 + end + 3);
    }
    let name_at = if rest[1..].starts_with('/') { 2 } else { 1 };
    let name_length =
        rest[name_at..].bytes().take(24).take_while(|byte| byte.is_ascii_alphanumeric() || *byte == b':').count();
    if name_length == 0 {
        if rest[1..].starts_with(['!', '?', '/']) {
            return rest.find('>').map_or(html.len(), |end| open + end + 1);
        }
        writer.text("<");
        return open + 1;
    }
    let name = rest[name_at..name_at + name_length].to_ascii_lowercase();
    let end = tag_end(html, open + name_at + name_length);
    if name_at == 2 {
        writer.close(&name);
    } else {
        if let Some(skipped) = raw_text(&name) {
            return skip_raw(html, end, skipped);
        }
        writer.open(&name, &html[open..end]);
    }
    end
}

/// Position after the `>` that ends a tag; attribute values in quotes may hold one.
fn tag_end(html: &str, from: usize) -> usize {
    let mut quote = None;
    for (offset, byte) in html.as_bytes()[from..].iter().enumerate() {
        match (quote, byte) {
            (None, b'>') => return from + offset + 1,
            (None, b'"' | b'\'') if html.as_bytes()[..from + offset].trim_ascii_end().ends_with(b"=") => {
                quote = Some(*byte);
            }
            (Some(open), byte) if open == *byte => quote = None,
            // A quote that is never closed must not swallow the text.
            (Some(_), b'<') if offset > 4096 => return from + offset,
            _ => {}
        }
    }
    html.len()
}

/// Elements whose content is no text.
fn raw_text(name: &str) -> Option<&'static str> {
    ["script", "style", "title", "template", "noscript"].into_iter().find(|raw| *raw == name)
}

/// Position after the closing tag of `name`; without one everything that follows belongs to it, as in a browser.
fn skip_raw(html: &str, from: usize, name: &str) -> usize {
    let mut at = from;
    while let Some(found) = html[at..].find("</") {
        let start = at + found + 2;
        if html.as_bytes()[start..].get(..name.len()).is_some_and(|next| next.eq_ignore_ascii_case(name.as_bytes())) {
            return tag_end(html, start + name.len());
        }
        at = start;
    }
    html.len()
}

/// Writes words and line ends.
#[derive(Default)]
struct Writer {
    out: String,
    /// Line ends to write before the next word: 1 ends the line, 2 leaves an empty one.
    breaks: usize,
    space: bool,
    quote_depth: usize,
    preformatted: usize,
    /// Lists around, with the next number in a numbered one.
    lists: Vec<Option<usize>>,
}

impl Writer {
    fn open(&mut self, name: &str, whole: &str) {
        match name {
            "br" => self.new_line(),
            "blockquote" => {
                self.end_line(1);
                self.quote_depth += 1;
            }
            "p" | "h1" | "h2" | "h3" | "h4" | "h5" | "h6" | "table" => self.end_line(paragraph(name)),
            "pre" => {
                self.end_line(1);
                self.preformatted += 1;
            }
            "hr" => {
                self.end_line(1);
                self.word("----");
                self.end_line(1);
            }
            "ul" => self.lists.push(None),
            "ol" => self.lists.push(Some(1)),
            "li" => {
                self.end_line(1);
                let mark = match self.lists.last_mut() {
                    Some(Some(number)) => {
                        *number += 1;
                        format!("{}. ", *number - 1)
                    }
                    Some(None) | None => "* ".to_owned(),
                };
                self.word(&mark);
            }
            "td" | "th" => self.space = true,
            "img" => {
                if let Some(alt) = attribute(whole, "alt").filter(|alt| !alt.trim().is_empty()) {
                    self.text(alt);
                }
            }
            name if is_block(name) => self.end_line(1),
            _ => {}
        }
    }

    fn close(&mut self, name: &str) {
        match name {
            "blockquote" => {
                self.end_line(1);
                self.quote_depth = self.quote_depth.saturating_sub(1);
            }
            "pre" => {
                self.end_line(1);
                self.preformatted = self.preformatted.saturating_sub(1);
            }
            "ul" | "ol" => {
                self.end_line(1);
                self.lists.pop();
            }
            "p" | "h1" | "h2" | "h3" | "h4" | "h5" | "h6" => self.end_line(paragraph(name)),
            name if is_block(name) => self.end_line(1),
            _ => {}
        }
    }

    /// At least `breaks` line ends before the next word.
    fn end_line(&mut self, breaks: usize) {
        self.breaks = self.breaks.max(breaks);
        self.space = false;
    }

    /// One more line end, for `<br>`.
    fn new_line(&mut self) {
        self.settle();
        self.out.push('\n');
        self.space = false;
        self.breaks = 0;
        self.prefix_if_quoted();
    }

    /// Writes the waiting line ends.
    fn settle(&mut self) {
        let breaks = std::mem::take(&mut self.breaks);
        if breaks == 0 {
            if self.out.is_empty() {
                self.prefix_if_quoted();
            }
            return;
        }
        let line = self.out.rsplit('\n').next().unwrap_or_default();
        let begun = !line.trim_matches(['>', ' ']).is_empty();
        let line_length = line.len();
        if !begun {
            // The line holds nothing but a quote mark of perhaps another depth.
            self.out.truncate(self.out.len() - line_length);
        }
        if begun {
            self.out.push('\n');
        }
        let blank = self.out.ends_with("\n\n") || self.out.is_empty() || ends_with_blank_quote(&self.out);
        if breaks > 1 && !blank {
            self.prefix_if_quoted();
            self.out.push('\n');
        }
        self.prefix_if_quoted();
    }

    fn prefix_if_quoted(&mut self) {
        for _ in 0..self.quote_depth.min(QUOTE_DEPTH) {
            self.out.push('>');
        }
        if self.quote_depth > 0 {
            self.out.push(' ');
        }
    }

    fn word(&mut self, word: &str) {
        self.settle();
        self.out.push_str(word);
    }

    fn text(&mut self, text: &str) {
        if text.is_empty() {
            return;
        }
        if self.preformatted > 0 {
            for (number, line) in text.split('\n').enumerate() {
                if number > 0 {
                    self.new_line();
                }
                if !line.trim().is_empty() {
                    self.settle();
                    self.entities(line.trim_end_matches('\r'));
                }
            }
            return;
        }
        for piece in text.split_inclusive([' ', '\t', '\r', '\n', '\u{c}']) {
            let word = piece.trim_end_matches([' ', '\t', '\r', '\n', '\u{c}']);
            if !word.is_empty() {
                let at_start = self.breaks > 0 || self.out.is_empty() || self.out.ends_with(['\n', ' ']);
                self.settle();
                if self.space && !at_start {
                    self.out.push(' ');
                }
                self.space = false;
                self.entities(word);
            }
            if word.len() < piece.len() {
                self.space = true;
            }
        }
    }

    /// Writes `word` with its character references resolved.
    fn entities(&mut self, word: &str) {
        let mut rest = word;
        while let Some(start) = rest.find('&') {
            self.out.push_str(&rest[..start]);
            rest = &rest[start..];
            let end = rest.bytes().take(34).position(|byte| byte == b';');
            match end {
                Some(end)
                    if end > 1 && rest[1..end].bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'#') =>
                {
                    add_html_token(&mut self.out, &rest.as_bytes()[..=end], false);
                    rest = &rest[end + 1..];
                }
                _ => {
                    self.out.push('&');
                    rest = &rest[1..];
                }
            }
        }
        self.out.push_str(rest);
    }
}

fn ends_with_blank_quote(out: &str) -> bool {
    out.strip_suffix('\n')
        .is_some_and(|out| out.rsplit('\n').next().is_some_and(|line| line.trim_matches(['>', ' ']).is_empty()))
}

/// Line ends around an element that mailers set apart with an empty line.
fn paragraph(name: &str) -> usize {
    if name == "table" { 1 } else { 2 }
}

fn is_block(name: &str) -> bool {
    matches!(
        name,
        "div"
            | "tr"
            | "ul"
            | "ol"
            | "dl"
            | "dt"
            | "dd"
            | "li"
            | "table"
            | "tbody"
            | "section"
            | "article"
            | "header"
            | "footer"
            | "form"
            | "center"
            | "address"
            | "body"
            | "html"
            | "fieldset"
            | "main"
            | "nav"
            | "caption"
            | "head"
    )
}

/// The value of an attribute, as written.
#[must_use]
pub fn attribute<'a>(tag: &'a str, name: &str) -> Option<&'a str> {
    let tag = super::limits::head(tag, 4096);
    let mut from = 0;
    while let Some(found) = tag.get(from..)?.to_ascii_lowercase().find(name) {
        let at = from + found;
        let rest = tag[at + name.len()..].trim_start();
        let before = tag.as_bytes().get(at.checked_sub(1)?)?;
        if before.is_ascii_whitespace()
            && let Some(value) = rest.strip_prefix('=')
        {
            let value = value.trim_start();
            let quote = value.chars().next().filter(|c| matches!(c, '"' | '\''));
            return match quote {
                Some(quote) => value[1..].split(quote).next(),
                None => value.split([' ', '\t', '\r', '\n', '>']).next(),
            };
        }
        from = at + name.len();
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_become_lines() {
        for (html, wanted) in [
            ("<p>One</p><p>Two<br>three</p>", "One\n\nTwo\nthree"),
            ("<div>One</div><div>Two</div><div><br></div><div>Three</div>", "One\nTwo\n\nThree"),
            ("a  b\n c &amp; d&nbsp;e &lt;f&gt; &unknown; &", "a b c & d\u{a0}e <f> &unknown; &"),
            ("<style>p{}</style><script>x<y</script><title>t</title>Text", "Text"),
            ("Text<!-- no <p> -->more", "Textmore"),
            ("<ul><li>a<li>b</ul><ol><li>c</li><li>d</li></ol>", "* a\n* b\n1. c\n2. d"),
            ("<table><tr><td>a</td><td>b</td></tr><tr><td>c</td></tr></table>", "a b\nc"),
            ("<pre>a\n  b</pre>c", "a\n  b\nc"),
            ("1 < 2 and <b>bold</b>", "1 < 2 and bold"),
            ("<a href=\"x>y\">link</a>", "link"),
            ("<img alt=\"logo\" src=x>", "logo"),
            ("日本&#26481;&#x4EAC;", "日本東京"),
        ] {
            assert_eq!(text(html).trim(), wanted, "{html}");
        }
    }

    #[test]
    fn quotes_are_marked() {
        let html =
            "Hi<br>On Monday X wrote:<blockquote>one<br>two<blockquote>deep</blockquote></blockquote><div>end</div>";
        assert_eq!(text(html), "Hi\nOn Monday X wrote:\n> one\n> two\n>> deep\nend");
    }

    #[test]
    fn hostile_html_ends_soon() {
        for piece in ["<div>", "<", "<!--", "<blockquote>", "&", "<a b='", "</", "<script>"] {
            assert!(text(&piece.repeat(200_000)).len() < 30_000_000, "{piece}");
        }
    }
}
