//! What a person newly wrote in a mail: quotes, quote headers, signatures and disclaimers are cut; greeting and closing stay.
//!
//! One pass over the lines. Nothing is cut without a sign that it is a quote, so an unknown form keeps too much rather
//! than losing what was written. The whole body stays in `ParsedMail::text`.

mod attribution;
mod fields;
mod line;
mod markers;
mod structure;
#[cfg(test)]
mod tests;

use super::signature;
pub(super) use line::is_rule;
use line::{is_blank, next_written, quote_depth};

/// Beyond this nothing is read: a longer body is a log or a loop, not a letter.
const MAX_BYTES: usize = 256 * 1024;
const MAX_LINES: usize = 10_000;

/// A line that stays, unless it turns out to be part of a signature.
#[derive(Clone, Copy, Debug)]
pub(super) struct Kept<'a> {
    pub(super) text: &'a str,
    /// Part of a code fence, a key or a shell session: never taken for a signature.
    pub(super) fixed: bool,
}

/// What the person newly wrote, without blank lines at either end and at most one blank line in a row where something
/// was cut. `html` is the body's HTML form when there is one: it shows quotes that the text does not mark. A mail whose
/// `subject` or text says that it forwards something keeps what it forwards. Linear in the length; reads 256 KB at most.
#[must_use]
pub fn newly_written(text: &str, html: Option<&str>, subject: &str) -> String {
    let text = bounded(text);
    let lines: Vec<&str> = text.lines().take(MAX_LINES).collect();
    let scan = Scan::new(&lines, markers::is_forward_subject(subject), html);
    let outcome = scan.run();
    let mut written = assemble(outcome.fragments);
    if let Some(from) = outcome.forwarded_from {
        append_forwarded(&mut written, &lines[from..]);
    }
    if written.is_empty() && !outcome.quoted {
        text.trim().to_owned()
    } else {
        written
    }
}

/// The part of `text` before the first quote or quote header: the mail's own words, with its signature.
#[must_use]
pub(super) fn before_quote(text: &str) -> String {
    let text = bounded(text);
    let lines: Vec<&str> = text.lines().take(MAX_LINES).collect();
    let fragments = Scan::new(&lines, markers::Forward::No, None).run().fragments;
    let own = fragments.iter().flatten().map(|kept| kept.text);
    own.collect::<Vec<_>>().join("\n")
}

struct Outcome<'a> {
    fragments: Vec<Vec<Kept<'a>>>,
    /// The line from which on everything is forwarded.
    forwarded_from: Option<usize>,
    /// Something was taken for a quote.
    quoted: bool,
}

struct Scan<'a> {
    lines: &'a [&'a str],
    fixed: Vec<bool>,
    forward: markers::Forward,
    /// The line where the HTML form begins to quote.
    html_quote_at: Option<usize>,
}

/// What begins at a line.
enum Begins {
    /// A forwarded message.
    Forwarded,
    /// A quote header; the line after it.
    Header { end: usize, whole_rest: bool },
    /// Everything from here on is quoted.
    Rest,
    Nothing,
}

impl<'a> Scan<'a> {
    fn new(lines: &'a [&'a str], forward: markers::Forward, html: Option<&str>) -> Self {
        let html_quote_at = html.and_then(|html| structure::quote_start(html, lines));
        Self { lines, fixed: line::fixed(lines), forward, html_quote_at }
    }

    fn run(&self) -> Outcome<'a> {
        let mut outcome = Outcome { fragments: vec![Vec::new()], forwarded_from: None, quoted: false };
        let mut at = 0;
        // A bar at the start of a line quotes only after a header that said so: tables and menus have bars too.
        let mut after_header = false;
        while at < self.lines.len() {
            if !self.fixed[at] {
                match self.begins(at) {
                    Begins::Forwarded => {
                        outcome.forwarded_from = Some(at);
                        break;
                    }
                    Begins::Rest => {
                        drop_rule(outcome.fragments.last_mut());
                        outcome.quoted = true;
                        break;
                    }
                    Begins::Header { end, whole_rest } => {
                        outcome.quoted = true;
                        drop_rule(outcome.fragments.last_mut());
                        if self.rest_is_quote(end, whole_rest) {
                            break;
                        }
                        outcome.fragments.push(Vec::new());
                        after_header = true;
                        at = end;
                        continue;
                    }
                    Begins::Nothing => {}
                }
                if let Some(end) = self.quoted_lines(at, after_header) {
                    outcome.quoted = true;
                    outcome.fragments.push(Vec::new());
                    at = end;
                    continue;
                }
            }
            let text = self.lines[at];
            if !is_blank(text) && quote_depth(text) == 0 {
                after_header &= text.trim_start().starts_with('|');
            }
            if let Some(fragment) = outcome.fragments.last_mut() {
                fragment.push(Kept { text, fixed: self.fixed[at] || quote_depth(text) > 0 });
            }
            at += 1;
        }
        outcome
    }

    fn begins(&self, at: usize) -> Begins {
        if is_blank(self.lines[at]) {
            return Begins::Nothing;
        }
        if markers::is_forward(self.lines[at]) {
            return Begins::Forwarded;
        }
        if markers::is_reply_above(self.lines[at]) {
            return Begins::Rest;
        }
        let original = markers::is_original(self.lines[at]);
        let block = if original { Some(fields::after_marker(self.lines, at + 1)) } else { fields::block(self.lines, at) };
        if let Some(end) = block {
            return match self.forward {
                markers::Forward::Yes => Begins::Forwarded,
                markers::Forward::No => Begins::Header { end, whole_rest: true },
            };
        }
        if let Some(end) = attribution::end(self.lines, at) {
            return Begins::Header { end, whole_rest: false };
        }
        if self.html_quote_at == Some(at) && self.forward == markers::Forward::No {
            return Begins::Rest;
        }
        Begins::Nothing
    }

    /// After a quote header: marked quotes mean that unmarked lines may be answers; without marks all is quoted.
    fn rest_is_quote(&self, end: usize, whole_rest: bool) -> bool {
        let Some(first) = next_written(self.lines, end) else { return true };
        let is_marked = |text: &str| quote_depth(text) > 0 || text.starts_with('|');
        if !is_marked(self.lines[first]) {
            return true;
        }
        if !whole_rest {
            return false;
        }
        let rest = self.lines[first..].iter().filter(|text| !is_blank(text));
        let (marked, bare) = rest.fold((0, 0), |(m, b), text| if is_marked(text) { (m + 1, b) } else { (m, b + 1) });
        marked < bare
    }

    /// The end of the quoted lines that begin at `at`; `None` when what begins there is not a quote.
    fn quoted_lines(&self, at: usize, after_header: bool) -> Option<usize> {
        let is_quoted = |text: &str| quote_depth(text) > 0 || (after_header && line::is_bar_or_name_quote(text));
        if !is_quoted(self.lines[at]) {
            return None;
        }
        let count = self.lines[at..].iter().zip(&self.fixed[at..]).take_while(|(text, fixed)| is_quoted(text) && !**fixed);
        let end = at + count.count();
        (after_header || !line::only_looks_quoted(self.lines, at, end)).then_some(end)
    }
}

/// The line above a quote header that only separates.
fn drop_rule(fragment: Option<&mut Vec<Kept<'_>>>) {
    let Some(fragment) = fragment else { return };
    while fragment.last().is_some_and(|kept| is_blank(kept.text)) {
        fragment.pop();
    }
    if fragment.last().is_some_and(|kept| !kept.fixed && line::is_separator(kept.text)) {
        fragment.pop();
    }
}

fn assemble(fragments: Vec<Vec<Kept<'_>>>) -> String {
    let mut written = String::new();
    for mut fragment in fragments {
        signature::cut(&mut fragment);
        let text = fragment.iter().map(|kept| kept.text.trim_end()).collect::<Vec<_>>().join("\n");
        let text = text.trim_matches('\n');
        if text.trim().is_empty() {
            continue;
        }
        if !written.is_empty() {
            written.push_str("\n\n");
        }
        written.push_str(text);
    }
    // The first line keeps its indentation, as the others do.
    written.trim_end().to_owned()
}

fn append_forwarded(written: &mut String, lines: &[&str]) {
    let marked = lines.iter().skip(1).filter(|text| !is_blank(text)).all(|text| text.starts_with('>'));
    if !written.is_empty() {
        written.push_str("\n\n");
    }
    for text in lines {
        let text = if marked { text.strip_prefix('>').map_or(*text, |t| t.strip_prefix(' ').unwrap_or(t)) } else { text };
        written.push_str(text.trim_end());
        written.push('\n');
    }
    written.truncate(written.trim_end().len());
}

fn bounded(text: &str) -> &str {
    let mut end = text.len().min(MAX_BYTES);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text[..end].trim_start_matches('\u{feff}')
}
