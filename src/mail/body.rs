//! From parts to what a person reads and the files that came along.

use super::files::Files;
use super::headers::{self, header};
use super::parts::{Budget, Node, Part};
use super::{charset, clean, dsn, flowed, html_text, limits, parts, repair, tnef, uuencode};

/// Everything the parts held.
#[derive(Debug, Default)]
pub struct Collected {
    /// The text of the mail itself.
    pub text: String,
    /// The texts of messages inside it, with who wrote them.
    pub nested_text: String,
    /// The HTML form of the text, not yet safe.
    pub html: Option<String>,
    /// The files.
    pub files: Files,
    /// Parts that reports are made of.
    pub reports: Vec<dsn::Part>,
    /// What was wrong.
    pub faults: Vec<String>,
    /// A calendar entry, read when there is no other text.
    calendar: Option<String>,
}

/// A piece of body text, in the order of appearance.
#[derive(Debug)]
struct Piece {
    text: String,
    html: Option<String>,
    /// `text` was made from `html`.
    from_html: bool,
}

/// Where in the tree a part stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Place {
    /// Messages around it.
    messages: usize,
    /// Inside `multipart/related`.
    related: bool,
    /// Inside `multipart/report`: the copy of the returned message is no text of this mail.
    report: bool,
}

/// Reads all parts of the message `raw`, which was repaired before.
#[must_use]
pub fn collect(raw: &[u8]) -> Collected {
    let mut collected = Collected::default();
    let mut budget = Budget::of_a_mail();
    let place = Place { messages: 0, related: false, report: false };
    let pieces = collected.message(raw, place, &mut budget);
    let (text, html) = merge(pieces);
    collected.text = text;
    collected.html = html;
    if budget.parts == 0 {
        collected.fault(format!("more than {} parts: the rest was not read", limits::PARTS));
    }
    if collected.text.is_empty() {
        collected.text = collected.files.first_text().or_else(|| collected.calendar.take()).unwrap_or_default();
    }
    collected.files.mark_inline(collected.html.as_deref().unwrap_or_default());
    if let Some(fault) = collected.files.fault() {
        collected.fault(fault);
    }
    collected
}

/// The pieces as one text and one HTML document.
fn merge(pieces: Vec<Piece>) -> (String, Option<String>) {
    let mut text = String::new();
    let mut html: Option<String> = None;
    let any_html = pieces.iter().any(|piece| piece.html.is_some());
    for piece in pieces {
        if any_html {
            let document = html.get_or_insert_default();
            match &piece.html {
                Some(piece) => document.push_str(piece),
                None => document.push_str(&mail_parser::decoders::html::text_to_html(&piece.text)),
            }
        }
        let words = clean::lines(&piece.text);
        if !words.is_empty() {
            if !text.is_empty() {
                text.push_str("\n\n");
            }
            text.push_str(&words);
        }
    }
    if text.len() > limits::TEXT_BYTES {
        text = limits::head(&text, limits::TEXT_BYTES).to_owned();
    }
    (text, html)
}

impl Collected {
    fn fault(&mut self, fault: String) {
        if self.faults.len() < 20 && !self.faults.contains(&fault) {
            self.faults.push(fault);
        }
    }

    fn message(&mut self, raw: &[u8], place: Place, budget: &mut Budget) -> Vec<Piece> {
        let root = parts::split(raw, budget);
        self.node(root, place, budget)
    }

    fn node(&mut self, node: Node<'_>, place: Place, budget: &mut Budget) -> Vec<Piece> {
        match node {
            Node::Leaf(part) => self.part(&part, place, budget),
            Node::Group(kind, nodes) => {
                let inner = Place {
                    related: place.related || kind == "related",
                    report: place.report || kind == "report",
                    ..place
                };
                let pieces: Vec<Vec<Piece>> = nodes.into_iter().map(|node| self.node(node, inner, budget)).collect();
                if kind == "alternative" { alternative(pieces) } else { pieces.into_iter().flatten().collect() }
            }
        }
    }

    fn part(&mut self, part: &Part<'_>, place: Place, budget: &mut Budget) -> Vec<Piece> {
        let is_file = part.disposition.value == "attachment" || part.name().is_some();
        match part.media_type.as_str() {
            "message/rfc822" | "message/global" => {
                self.nested(part, place, budget);
                Vec::new()
            }
            "message/delivery-status"
            | "message/global-delivery-status"
            | "message/disposition-notification"
            | "message/feedback-report"
            | "text/rfc822-headers"
            | "message/global-headers" => {
                self.report(part);
                Vec::new()
            }
            "application/ms-tnef" | "application/vnd.ms-tnef" => self.tnef(part),
            kind if is_file || !is_readable(kind) => {
                self.file(part, place);
                Vec::new()
            }
            "text/html" | "application/xhtml+xml" => self.html(part),
            "text/enriched" | "text/richtext" => {
                let text = self.text(part, &part.encoding.decode(part.body));
                vec![Piece { text: html_text::text(&text), html: None, from_html: false }]
            }
            _ => {
                self.note_text(part, place);
                self.plain(part)
            }
        }
    }

    fn plain(&mut self, part: &Part<'_>) -> Vec<Piece> {
        let mut bytes = part.encoding.decode(part.body);
        if uuencode::may_contain(&bytes) {
            let (rest, files) = uuencode::extract(&bytes, limits::FILES);
            for file in files {
                self.files.add(&charset::detect(&file.name).text, "application/octet-stream", file.bytes);
            }
            bytes = rest.into();
        }
        let mut text = self.text(part, &bytes);
        if part.content_type.get("format").is_some_and(|format| format.eq_ignore_ascii_case("flowed")) {
            let delsp = part.content_type.get("delsp").is_some_and(|delsp| delsp.eq_ignore_ascii_case("yes"));
            text = flowed::unfold(&text, if delsp { flowed::DelSp::Yes } else { flowed::DelSp::No });
        }
        vec![Piece { text, html: None, from_html: false }]
    }

    fn html(&mut self, part: &Part<'_>) -> Vec<Piece> {
        let bytes = part.encoding.decode(part.body);
        let mut html = self.text(part, &bytes);
        if html.len() > limits::HTML_BYTES {
            self.fault(format!("HTML longer than {} bytes: only the beginning was read", limits::HTML_BYTES));
            html.truncate(limits::head(&html, limits::HTML_BYTES).len());
        }
        vec![Piece { text: html_text::text(&html), html: Some(html), from_html: true }]
    }

    /// Decodes the text of a part, as far as the bounds allow.
    fn text(&mut self, part: &Part<'_>, bytes: &[u8]) -> String {
        let most = limits::TEXT_BYTES * 2;
        if bytes.len() > most {
            self.fault(format!("text longer than {most} bytes: only the beginning was read"));
        }
        let declared = part.content_type.get("charset").and_then(|label| label.split([' ', ';', ',']).next());
        let in_html = (part.media_type == "text/html").then(|| meta_charset(bytes)).flatten();
        let label = declared.filter(|label| charset::find(label).is_some()).or(in_html.as_deref()).or(declared);
        let decoded = charset::decode(&bytes[..bytes.len().min(most)], label);
        if let Some(fault) = decoded.fault {
            self.fault(fault);
        }
        decoded.text
    }

    fn file(&mut self, part: &Part<'_>, place: Place) {
        if part.media_type == "text/calendar" && self.calendar.is_none() {
            let decoded = part.encoding.decode(part.body);
            self.calendar = Some(calendar_text(&self.text(part, &decoded)));
        }
        if part.name().is_none() && part.media_type.starts_with("text/") {
            self.note_text(part, place);
        }
        self.files.add_part(part, place.related);
    }

    fn tnef(&mut self, part: &Part<'_>) -> Vec<Piece> {
        let bytes = part.encoding.decode(part.body);
        let opened = tnef::open(&bytes).filter(|opened| *opened != tnef::Opened::default());
        let Some(opened) = opened else {
            self.files.add_part(part, false);
            return Vec::new();
        };
        for (name, media_type, bytes) in opened.files {
            self.files.add(&name, media_type.as_deref().unwrap_or("application/octet-stream"), bytes);
        }
        match (opened.text, opened.html) {
            (text, Some(html)) => {
                let html = limits::head(&html, limits::HTML_BYTES).to_owned();
                let from_html = text.is_none();
                vec![Piece { text: text.unwrap_or_else(|| html_text::text(&html)), html: Some(html), from_html }]
            }
            (Some(text), None) => vec![Piece { text, html: None, from_html: false }],
            (None, None) => Vec::new(),
        }
    }

    /// Keeps the message as a file and opens it, unless it lies too deep.
    fn nested(&mut self, part: &Part<'_>, place: Place, budget: &mut Budget) {
        let bytes = part.encoding.decode(part.body);
        self.report(part);
        let repaired = repair::repair(&bytes);
        let block = headers::split(&repaired.bytes);
        let show = |name: &str| block.first(name).map(|field| header(&field).value).unwrap_or_default();
        self.files.add_message(part, &show("Subject"), &bytes);
        if place.messages >= limits::MESSAGE_DEPTH || budget.parts == 0 || !repaired.has_header {
            if place.messages >= limits::MESSAGE_DEPTH {
                self.fault(format!("messages nested deeper than {}: the rest was not opened", limits::MESSAGE_DEPTH));
            }
            return;
        }
        budget.parts -= 1;
        let inner = Place { messages: place.messages + 1, related: false, ..place };
        let (text, _) = merge(self.message(&repaired.bytes, inner, budget));
        if !place.report && !text.is_empty() && self.nested_text.len() + text.len() < limits::TEXT_BYTES {
            for name in ["From", "Date", "Subject"] {
                let value = show(name);
                if !value.is_empty() {
                    self.nested_text.extend([name, ": ", &value, "\n"]);
                }
            }
            self.nested_text.push('\n');
            self.nested_text.push_str(&text);
            self.nested_text.push_str("\n\n");
        }
    }

    /// Bytes of a part that are kept for the reading of reports.
    const REPORT_BYTES: usize = 256 * 1024;

    fn report(&mut self, part: &Part<'_>) {
        if self.reports.len() >= 50 {
            return;
        }
        let bytes = part.encoding.decode(part.body);
        self.reports.push(dsn::Part {
            media_type: part.media_type.clone(),
            headers: part.block.decoded(),
            body: bytes[..bytes.len().min(Self::REPORT_BYTES)].to_vec(),
        });
    }

    /// Text parts of a mail with several parts are looked at when a bounce is read.
    fn note_text(&mut self, part: &Part<'_>, place: Place) {
        if place.messages == 0 && self.reports.len() < 20 {
            self.report(part);
        }
    }
}

/// Parts of this type are shown as text when nothing says that they are files.
fn is_readable(media_type: &str) -> bool {
    let text = media_type.starts_with("text/")
        && !matches!(
            media_type,
            "text/calendar" | "text/vcard" | "text/x-vcard" | "text/directory" | "text/rtf" | "text/csv"
        );
    // A multipart without any delimiter is what is left of a broken one.
    text || media_type.starts_with("multipart/") || media_type == "application/xhtml+xml"
}

/// Of several forms of one text the plain one is read and the HTML one is shown (RFC 2046 §5.1.4).
fn alternative(forms: Vec<Vec<Piece>>) -> Vec<Piece> {
    let mut pieces: Vec<Piece> = forms.into_iter().flatten().collect();
    let html_at = pieces.iter().rposition(|piece| piece.from_html);
    let plain = pieces.iter().filter(|piece| !piece.from_html && !piece.text.trim().is_empty());
    let plain_text = plain.map(|piece| piece.text.as_str()).collect::<Vec<_>>().join("\n");
    let Some(html_at) = html_at else { return pieces };
    let rich = pieces.swap_remove(html_at);
    if plain_text.trim().is_empty() || is_excuse(&plain_text, &rich.text) {
        return vec![rich];
    }
    vec![Piece { text: plain_text, html: rich.html, from_html: false }]
}

/// The plain form only says that there is an HTML form.
fn is_excuse(plain: &str, rich: &str) -> bool {
    let plain = plain.trim();
    plain.len() < 300 && plain.len() * 3 < rich.trim().len() && plain.to_ascii_lowercase().contains("html")
}

/// The charset an HTML document names in its head.
fn meta_charset(bytes: &[u8]) -> Option<String> {
    let head = String::from_utf8_lossy(&bytes[..bytes.len().min(2048)]).to_ascii_lowercase();
    let at = head.find("charset=")? + 8;
    let name: String = head[at..]
        .trim_start_matches(['"', '\'', ' '])
        .chars()
        .take_while(|c| c.is_ascii_alphanumeric() || "-_:.".contains(*c))
        .collect();
    // A document that was stored as UTF-16 would name that; in mail it is never meant.
    (!name.is_empty() && !name.starts_with("utf-16")).then_some(name)
}

/// What a calendar entry (RFC 5545) says, a line each.
fn calendar_text(ics: &str) -> String {
    let unfolded = ics.replace("\r\n", "\n").replace("\n ", "").replace("\n\t", "");
    let mut lines = Vec::new();
    for line in unfolded.lines() {
        let Some((name, value)) = line.split_once(':') else { continue };
        let name = name.split(';').next().unwrap_or_default();
        if ["SUMMARY", "DTSTART", "DTEND", "LOCATION", "DESCRIPTION"].contains(&name) && !value.is_empty() {
            let value = value.replace("\\n", "\n").replace("\\,", ",").replace("\\;", ";").replace("\\\\", "\\");
            lines.push(if name.starts_with("DT") { format!("{name}: {value}") } else { value });
        }
    }
    clean::lines(&lines.join("\n"))
}

#[cfg(test)]
#[path = "body_tests.rs"]
mod tests;
