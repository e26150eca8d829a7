//! The tree of parts of a message (RFC 2046), as slices of its bytes. Nothing is decoded here.

use std::sync::LazyLock;

use mail_parser::{HeaderName, Message, MessageParser, PartType};

use super::headers::{self, Block};
use super::limits;
use super::parameters::Parameters;
use super::transfer::Encoding;

/// A part or a group of parts.
#[derive(Debug)]
pub enum Node<'a> {
    /// `multipart/…` with its subtype: `alternative`.
    Group(String, Vec<Node<'a>>),
    /// Everything else.
    Leaf(Part<'a>),
}

/// A part that holds no others, or a message that is opened later.
#[derive(Debug)]
pub struct Part<'a> {
    /// Its own header fields.
    pub block: Block<'a>,
    /// Lower case: `text/plain`.
    pub media_type: String,
    /// Content-Type.
    pub content_type: Parameters,
    /// Content-Disposition; empty when absent.
    pub disposition: Parameters,
    /// How `body` is wrapped.
    pub encoding: Encoding,
    /// Bytes as they stand in the message.
    pub body: &'a [u8],
}

impl Part<'_> {
    /// The name the sender gave it, decoded but not yet safe.
    #[must_use]
    pub fn name(&self) -> Option<&str> {
        let names =
            [self.disposition.get("filename"), self.content_type.get("name"), self.content_type.get("filename")];
        names.into_iter().flatten().find(|name| !name.trim().is_empty())
    }
}

/// What may still be spent; shared by nested messages.
#[derive(Debug)]
pub struct Budget {
    /// Parts to read.
    pub parts: usize,
    /// Groups to put together again after one inside them was never closed. Each costs another look at all that follows.
    pub repairs: usize,
}

impl Budget {
    /// The budget of a whole mail.
    #[must_use]
    pub const fn of_a_mail() -> Self {
        Self { parts: limits::PARTS, repairs: 20 }
    }
}

/// The engine only has to find where parts begin and end, which depends on Content-Type alone.
static ENGINE: LazyLock<MessageParser> =
    LazyLock::new(|| MessageParser::new().header_content_type(HeaderName::ContentType).default_header_ignore());

/// Splits a repaired message into its parts.
#[must_use]
pub fn split<'a>(raw: &'a [u8], budget: &mut Budget) -> Node<'a> {
    let block = headers::split(raw);
    if is_multipart(&block) {
        let hidden = limits::without_message_types(raw);
        if let Some(message) = ENGINE.parse(hidden.as_ref()) {
            let mut walk = Walk { raw, shift: 0, message: &message, boundaries: Vec::new(), budget, lost: None };
            return walk.node(0, "text/plain");
        }
    }
    let body = &raw[block.body_at.min(raw.len())..];
    Node::Leaf(part(block, body, "text/plain"))
}

/// Characters of a boundary beyond which the group is not split: 70 are allowed (RFC 2046 §5.1.1), and each byte of the mail is
/// compared with all of them.
const BOUNDARY: usize = 256;

fn is_multipart(block: &Block<'_>) -> bool {
    let value = block.value("Content-Type").unwrap_or_default();
    value.len() < limits::FIELD_BYTES
        && Parameters::read(&value).get("boundary").is_none_or(|boundary| boundary.len() <= BOUNDARY)
        && value.to_ascii_lowercase().windows(9).any(|window| window == b"multipart")
}

/// A walk through what the engine found.
struct Walk<'a, 'm> {
    raw: &'a [u8],
    /// Bytes that stand before `raw` in what the engine read.
    shift: usize,
    message: &'m Message<'m>,
    /// Of the groups around, outermost first.
    boundaries: Vec<String>,
    budget: &'m mut Budget,
    /// Bytes that belong to a group further out, since the groups inside it were never closed: its level and the bytes.
    lost: Option<(usize, &'a [u8])>,
}

impl<'a> Walk<'a, '_> {
    fn node(&mut self, id: usize, default: &str) -> Node<'a> {
        let Some(found) = self.message.parts.get(id) else { return Node::Group(String::new(), Vec::new()) };
        let (header_at, body_at, end) =
            (self.offset(found.offset_header), self.offset(found.offset_body), self.offset(found.offset_end));
        let body_at = body_at.clamp(header_at, self.raw.len());
        let end = if end < body_at || end == 0 { self.raw.len() } else { end };
        let block = headers::split(&self.raw[header_at..body_at]);
        let mut part = part(block, &self.raw[body_at..end], default);
        let children = match &found.body {
            PartType::Multipart(children) => children.as_slice(),
            _ => &[],
        };
        if children.is_empty() || self.boundaries.len() >= limits::DEPTH {
            if found.is_encoding_problem {
                part.body = self.cut(part.body, self.boundaries.len().saturating_sub(1));
            }
            return Node::Leaf(part);
        }
        let kind = part.media_type.strip_prefix("multipart/").unwrap_or("mixed").to_owned();
        let nodes = self.group(&kind, &part, children);
        Node::Group(kind, nodes)
    }

    fn group(&mut self, kind: &str, part: &Part<'a>, children: &[u32]) -> Vec<Node<'a>> {
        let default = if kind == "digest" { "message/rfc822" } else { "text/plain" };
        let level = self.boundaries.len();
        self.boundaries.push(part.content_type.get("boundary").unwrap_or_default().to_owned());
        let mut nodes = Vec::new();
        for child in children {
            if self.budget.parts == 0 {
                break;
            }
            self.budget.parts -= 1;
            nodes.push(self.node(*child as usize, default));
        }
        let boundary = self.boundaries.pop().unwrap_or_default();
        if let Some((_, rest)) = self.lost.take_if(|(owner, _)| *owner == level) {
            let rest = self.cut(rest, level);
            nodes.extend(regain(rest, kind, &boundary, self.budget));
        }
        nodes
    }

    fn offset(&self, offset: u32) -> usize {
        (offset as usize).saturating_sub(self.shift).min(self.raw.len())
    }

    /// The engine looks for the innermost boundary only. A delimiter of one of the outermost `levels` groups ends all groups inside
    /// it (RFC 2046 §5.1.2), so that what follows is kept for that group.
    fn cut(&mut self, body: &'a [u8], levels: usize) -> &'a [u8] {
        if self.budget.repairs == 0 {
            return body;
        }
        let Some((at, level)) = first_delimiter(body, &self.boundaries[..levels]) else { return body };
        self.budget.repairs -= 1;
        self.lost = Some((level, &body[at..]));
        let kept = body[..at].strip_suffix(b"\n").unwrap_or(&body[..at]);
        kept.strip_suffix(b"\r").unwrap_or(kept)
    }
}

/// The parts of a group that were swallowed by an inner one. `rest` begins with a delimiter of `boundary`.
fn regain<'a>(rest: &'a [u8], kind: &str, boundary: &str, budget: &mut Budget) -> Vec<Node<'a>> {
    let header = format!("Content-Type: multipart/{kind}; boundary=\"{boundary}\"\r\n\r\n");
    let mut whole = header.clone().into_bytes();
    whole.extend_from_slice(&limits::without_message_types(rest));
    let Some(message) = ENGINE.parse(whole.as_slice()) else { return Vec::new() };
    let Some(PartType::Multipart(children)) = message.parts.first().map(|part| &part.body) else { return Vec::new() };
    let boundaries = vec![boundary.to_owned()];
    let mut walk = Walk { raw: rest, shift: header.len(), message: &message, boundaries, budget, lost: None };
    let mut nodes = Vec::new();
    for child in children {
        if walk.budget.parts == 0 {
            break;
        }
        walk.budget.parts -= 1;
        nodes.push(walk.node(*child as usize, "text/plain"));
    }
    if let Some((_, rest)) = walk.lost.take() {
        // It happened again. The budget ends this.
        nodes.extend(regain(rest, kind, boundary, budget));
    }
    nodes
}

/// The first delimiter line of any of `boundaries`, and which one it was; of several that fit, the longest.
fn first_delimiter(body: &[u8], boundaries: &[String]) -> Option<(usize, usize)> {
    let mut at = 0;
    while at < body.len() {
        if let Some(line) = body[at..].strip_prefix(b"--") {
            let fitting =
                boundaries.iter().enumerate().filter(|(_, name)| !name.is_empty() && line.starts_with(name.as_bytes()));
            if let Some((level, _)) = fitting.max_by_key(|(_, name)| name.len()) {
                return Some((at, level));
            }
        }
        at += body[at..].iter().position(|byte| *byte == b'\n')? + 1;
    }
    None
}

fn part<'a>(block: Block<'a>, body: &'a [u8], default: &str) -> Part<'a> {
    let content_type = block.value("Content-Type").map(|raw| Parameters::read(&raw)).unwrap_or_default();
    let disposition = block.value("Content-Disposition").map(|raw| Parameters::read(&raw)).unwrap_or_default();
    let encoding = block.value("Content-Transfer-Encoding").map_or(Encoding::Identity, |raw| Encoding::of(&raw));
    let has_name = disposition.get("filename").is_some();
    let media_type = media_type(&content_type.value, if has_name { "application/octet-stream" } else { default });
    Part { block, media_type, content_type, disposition, encoding, body }
}

/// A well-formed type, or the default (RFC 2045 §5.2).
fn media_type(written: &str, default: &str) -> String {
    match written {
        "text" | "plain" => "text/plain".to_owned(),
        "html" => "text/html".to_owned(),
        _ => {
            let sound = |word: &str| {
                !word.is_empty() && word.bytes().all(|b| b.is_ascii_alphanumeric() || b"!#$&^_.+-".contains(&b))
            };
            match written.split_once('/') {
                Some((kind, subtype)) if sound(kind) && sound(subtype) && written.len() <= 128 => written.to_owned(),
                _ => default.to_owned(),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shape(node: &Node<'_>) -> String {
        match node {
            Node::Group(kind, nodes) => format!("{kind}({})", nodes.iter().map(shape).collect::<Vec<_>>().join(" ")),
            Node::Leaf(part) => {
                format!("{}:{}", part.media_type, String::from_utf8_lossy(part.body).trim().replace("\r\n", "|"))
            }
        }
    }

    fn shown(raw: &str) -> String {
        shape(&split(raw.replace('\n', "\r\n").as_bytes(), &mut Budget::of_a_mail()))
    }

    #[test]
    fn parts_are_found() {
        for (raw, wanted) in [
            ("Subject: s\n\nbody\n", "text/plain:body"),
            (
                "Content-Type: multipart/mixed; boundary=b\n\n--b\n\none\n--b\nContent-Type: text/html\n\n<b>\n--b--\n",
                "mixed(text/plain:one text/html:<b>)",
            ),
            // Never closed.
            (
                "Content-Type: multipart/mixed; boundary=b\n\n--b\n\none\n--b\n\ntwo\n",
                "mixed(text/plain:one text/plain:two)",
            ),
            // Declared, but no delimiter anywhere.
            ("Content-Type: multipart/mixed; boundary=b\n\njust text\n", "multipart/mixed:just text"),
            (
                "Content-Type: multipart/digest; boundary=b\n\n--b\n\nSubject: in\n\nx\n--b--\n",
                "digest(message/rfc822:Subject: in||x)",
            ),
            // A message with parts of its own stays closed.
            (
                "Content-Type: multipart/mixed; boundary=a\n\n--a\nContent-Type: message/rfc822\n\nContent-Type: multipart/mixed; boundary=c\n\n--c\n\nin\n--c--\n--a\n\nout\n--a--\n",
                "mixed(message/rfc822:Content-Type: multipart/mixed; boundary=c||--c||in|--c-- text/plain:out)",
            ),
        ] {
            assert_eq!(shown(raw), wanted, "{raw}");
        }
    }

    #[test]
    fn an_inner_group_that_is_never_closed_does_not_swallow_the_outer_one() {
        let raw = "Content-Type: multipart/mixed; boundary=out\n\n--out\nContent-Type: multipart/alternative; boundary=in\n\n--in\n\none\n--in\nContent-Type: text/html\n\n<b>\n--out\nContent-Type: application/pdf\n\nPDF\n--out--\n";
        assert_eq!(shown(raw), "mixed(alternative(text/plain:one text/html:<b>) application/pdf:PDF)");
    }

    #[test]
    fn it_may_happen_more_than_once() {
        let open =
            |name: &str| format!("--out\nContent-Type: multipart/alternative; boundary={name}\n\n--{name}\n\none\n");
        let raw = format!(
            "Content-Type: multipart/mixed; boundary=out\n\n{}{}{}--out\n\nlast\n--out--\n",
            open("x"),
            open("y"),
            open("z")
        );
        let group = "alternative(text/plain:one)";
        assert_eq!(shown(&raw), format!("mixed({group} {group} {group} text/plain:last)"));
        let raw = "Content-Type: multipart/mixed; boundary=a\n\n--a\nContent-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: multipart/mixed; boundary=c\n\n--c\n\none\n--b\n\ntwo\n--a\n\nthree\n--a--\n";
        assert_eq!(shown(raw), "mixed(mixed(mixed(text/plain:one) text/plain:two) text/plain:three)");
    }

    #[test]
    fn depth_and_number_are_bounded() {
        let level = |at: usize| format!("--b{at}\nContent-Type: multipart/mixed; boundary=b{}\n\n", at + 1);
        let levels: String = (0..500).map(level).collect();
        let raw = format!("Content-Type: multipart/mixed; boundary=b0\n\n{levels}");
        assert!(shown(&raw).matches("mixed(").count() <= limits::DEPTH);
        let many = format!("Content-Type: multipart/mixed; boundary=b\n\n{}", "--b\n\nx\n".repeat(5_000));
        assert_eq!(shown(&many).matches("text/plain").count(), limits::PARTS);
    }
}
