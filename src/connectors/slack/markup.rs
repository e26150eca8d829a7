//! Markdown of templates and articles as Slack's own markup, in which nothing can ping or break out. Pure.
//!
//! `docs.slack.dev/messaging/formatting-message-text`: `&`, `<` and `>` are the only control characters; every mention and every
//! link with other words needs `<`. So everything is escaped first, and only links we recognise ourselves are put in.

use slack_morphism::prelude::SlackBlockMarkDownText;

const FENCE: &str = "```";

/// A text object that Slack leaves as it is: without this it makes mentions and links of names it finds.
pub(super) fn verbatim(text: String) -> SlackBlockMarkDownText {
    SlackBlockMarkDownText::new(text).with_verbatim(true)
}

/// `text` with Slack's control characters escaped; control characters but newline and tab are left out.
pub(super) fn escaped(text: &str) -> String {
    let mut safe = String::with_capacity(text.len() + 16);
    for c in text.chars().filter(|c| !c.is_control() || matches!(c, '\n' | '\t')) {
        match c {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            c => safe.push(c),
        }
    }
    safe
}

/// Our subset of Markdown (headings, bold, links, lists, code, quotes) as escaped Slack markup.
pub(super) fn from_markdown(text: &str) -> String {
    let mut lines = Vec::new();
    let mut in_code = false;
    for line in text.lines() {
        if is_fence(line, in_code) {
            in_code = !in_code;
            lines.push(FENCE.to_owned());
        } else if in_code {
            lines.push(escaped(line));
        } else {
            lines.push(block(line));
        }
    }
    if in_code {
        lines.push(FENCE.to_owned());
    }
    lines.join("\n")
}

/// The opening fence may name a language; with more code behind it on its line it is none.
fn is_fence(line: &str, in_code: bool) -> bool {
    line.trim().strip_prefix(FENCE).is_some_and(|rest| if in_code { rest.is_empty() } else { !rest.contains('`') })
}

fn block(line: &str) -> String {
    let body = line.trim_start();
    let indent = &line[..line.len() - body.len()];
    let hashes = body.chars().take_while(|c| *c == '#').count();
    if (1..=6).contains(&hashes)
        && let Some(title) = body[hashes..].strip_prefix(' ')
    {
        return format!("*{}*", inline(&title.trim().replace("**", "")));
    }
    if let Some(item) = body.strip_prefix("- ").or_else(|| body.strip_prefix("* ")).or_else(|| body.strip_prefix("+ "))
    {
        return format!("{indent}• {}", inline(item));
    }
    // A quote is the one control character that is Slack's own at the beginning of a line.
    if let Some(quoted) = body.strip_prefix('>') {
        return format!(">{}", inline(quoted));
    }
    format!("{indent}{}", inline(body))
}

/// Bold, links and code within a line.
fn inline(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 16);
    let mut rest = text;
    let mut before = ' ';
    while let Some(c) = rest.chars().next() {
        let taken = if c == '`' {
            code(rest)
        } else if c == '[' {
            named_link(rest)
        } else if !before.is_alphanumeric() && rest.starts_with("http") {
            bare_link(rest)
        } else if rest.starts_with("**") {
            bold(rest)
        } else {
            None
        };
        let length = if let Some((markup, length)) = taken {
            out.push_str(&markup);
            length
        } else {
            out.push_str(&escaped(&rest[..c.len_utf8()]));
            c.len_utf8()
        };
        before = c;
        rest = &rest[length..];
    }
    out
}

fn code(rest: &str) -> Option<(String, usize)> {
    let end = rest[1..].find('`').filter(|end| *end > 0)?;
    Some((format!("`{}`", escaped(&rest[1..=end])), end + 2))
}

fn bold(rest: &str) -> Option<(String, usize)> {
    let end = rest[2..].find("**").filter(|end| *end > 0)?;
    Some((format!("*{}*", escaped(&rest[2..2 + end])), end + 4))
}

fn named_link(rest: &str) -> Option<(String, usize)> {
    let (name, after) = rest[1..].split_once("](")?;
    let url = &after[..after.find(')')?];
    if name.contains(['[', ']']) || !is_link(url) {
        return None;
    }
    // A bar ends the address, so the name must not hold one.
    let shown = escaped(&name.replace('|', "/"));
    let length = 1 + name.len() + 2 + url.len() + 1;
    Some((format!("<{}|{shown}>", escaped(url)), length))
}

fn bare_link(rest: &str) -> Option<(String, usize)> {
    let end = rest.find(|c: char| !is_link_char(c)).unwrap_or(rest.len());
    let url = rest[..end].trim_end_matches(['.', ',', ';', ':', '!', '?', ')', '\'', '"']);
    is_link(url).then(|| (format!("<{}>", escaped(url)), url.len()))
}

fn is_link(url: &str) -> bool {
    let host = url.strip_prefix("https://").or_else(|| url.strip_prefix("http://"));
    host.is_some_and(|host| host.starts_with(|c: char| c.is_ascii_alphanumeric())) && url.chars().all(is_link_char)
}

/// Printable ASCII that cannot end a link early.
const fn is_link_char(c: char) -> bool {
    c.is_ascii_graphic() && !matches!(c, '<' | '>' | '|' | '`' | '"' | '\\' | '^' | '{' | '}')
}

/// `text` in pieces of at most `limit` characters, cut between lines where that is possible and never inside an escape or a link.
/// A piece that ends inside a code block closes it, and the next opens it again.
pub(super) fn pieces(text: &str, limit: usize) -> Vec<String> {
    let room = limit.saturating_sub(2 * (FENCE.len() + 1)).max(1);
    let mut pieces = Vec::new();
    let mut piece = String::new();
    let mut in_code = false;
    let short = |line| short_lines(line, room).into_iter().map(move |part| (line == FENCE, part));
    for (is_fence, line) in text.split('\n').flat_map(short) {
        let length = piece.chars().count();
        if length > 0 && length + 1 + line.chars().count() > room {
            if in_code {
                piece.push('\n');
                piece.push_str(FENCE);
            }
            pieces.push(std::mem::take(&mut piece));
            if in_code && !is_fence {
                piece.push_str(FENCE);
            } else if in_code {
                // The piece that was just closed needs no second end.
                in_code = false;
                continue;
            }
        }
        if !piece.is_empty() {
            piece.push('\n');
        }
        piece.push_str(&line);
        if is_fence {
            in_code = !in_code;
        }
    }
    if !piece.trim().is_empty() {
        pieces.push(piece);
    }
    pieces
}

/// A line in parts of at most `room` characters; an escape (`&lt;`) or a link (`<…>`) stays whole.
fn short_lines(line: &str, room: usize) -> Vec<String> {
    if line.chars().count() <= room {
        return vec![line.to_owned()];
    }
    let mut parts = vec![String::new()];
    let mut length = 0;
    for unit in units(line, room) {
        let more = unit.chars().count();
        if length + more > room {
            parts.push(String::new());
            length = 0;
        }
        length += more;
        if let Some(last) = parts.last_mut() {
            last.push_str(unit);
        }
    }
    parts
}

fn units(line: &str, room: usize) -> Vec<&str> {
    let mut units = Vec::new();
    let mut rest = line;
    while let Some(c) = rest.chars().next() {
        let closing = match c {
            '&' => Some(';'),
            '<' => Some('>'),
            _ => None,
        };
        let whole = closing.and_then(|end| rest.find(end)).map(|end| end + 1).filter(|end| *end <= room);
        let (unit, after) = rest.split_at(whole.unwrap_or(c.len_utf8()));
        units.push(unit);
        rest = after;
    }
    units
}

#[cfg(test)]
#[path = "markup_tests.rs"]
mod tests;
