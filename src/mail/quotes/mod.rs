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
    if written.is_empty() && !outcome.quoted { text.trim().to_owned() } else { written }
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
    Header(usize),
    /// Everything from here on is quoted.
    Rest,
    Nothing,
}

impl<'a> Scan<'a> {
    fn new(lines: &'a [&'a str], forward: markers::Forward, html: Option<&str>) -> Self {
        // A mail that is one quote element holds its writer's words there.
        let first = next_written(lines, 0);
        let html_quote_at = html.and_then(|html| structure::quote_start(html, lines)).filter(|at| Some(*at) > first);
        Self { lines, fixed: line::fixed(lines), forward, html_quote_at }
    }

    fn run(&self) -> Outcome<'a> {
        let mut outcome = Outcome { fragments: vec![Vec::new()], forwarded_from: None, quoted: false };
        let mut at = 0;
        let mut after_header = false;
        // A bar at the start of a line quotes only where a header's first line has one: tables and menus have bars too.
        let mut bars = false;
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
                    Begins::Header(end) => {
                        outcome.quoted = true;
                        drop_rule(outcome.fragments.last_mut());
                        if self.rest_is_quote(end) {
                            break;
                        }
                        outcome.fragments.push(Vec::new());
                        after_header = true;
                        bars = next_written(self.lines, end)
                            .is_some_and(|first| line::is_bar_or_name_quote(self.lines[first]));
                        at = end;
                        continue;
                    }
                    Begins::Nothing => {}
                }
            }
            let quoted = self.quoted_lines(at, bars);
            let is_quote =
                quoted > at && (after_header || !line::only_looks_quoted(self.lines, at, quoted, outcome.quoted));
            if is_quote {
                outcome.quoted = true;
                outcome.fragments.push(Vec::new());
                at = quoted;
                continue;
            }
            let end = quoted.max(at + 1);
            after_header &= is_blank(self.lines[at]);
            if let Some(fragment) = outcome.fragments.last_mut() {
                let kept = (at..end).map(|at| Kept { text: self.lines[at], fixed: self.fixed[at] || quoted > at });
                fragment.extend(kept);
            }
            at = end;
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
        let block =
            if original { Some(fields::after_marker(self.lines, at + 1)) } else { fields::block(self.lines, at) };
        if let Some(end) = block {
            return match self.forward {
                markers::Forward::Yes => Begins::Forwarded,
                markers::Forward::No => Begins::Header(end),
            };
        }
        if let Some(end) = attribution::end(self.lines, at) {
            return Begins::Header(end);
        }
        if self.html_quote_at == Some(at) && self.forward == markers::Forward::No {
            return Begins::Rest;
        }
        Begins::Nothing
    }

    /// After a quote header: marked quotes mean that unmarked lines may be answers; without marks all is quoted.
    fn rest_is_quote(&self, end: usize) -> bool {
        let first = next_written(self.lines, end).map(|first| self.lines[first]);
        !first.is_some_and(|first| quote_depth(first) > 0 || line::is_bar_or_name_quote(first))
    }

    /// The end of the lines with quote marks that begin at `at`; `at` when that one has none.
    fn quoted_lines(&self, at: usize, bars: bool) -> usize {
        let is_quoted = |text: &str| quote_depth(text) > 0 || (bars && line::is_bar_or_name_quote(text));
        let lines = self.lines[at..].iter().zip(&self.fixed[at..]);
        at + lines.take_while(|(text, fixed)| is_quoted(text) && !**fixed).count()
    }
}

/// The line above a quote header that only separates.
fn drop_rule(fragment: Option<&mut Vec<Kept<'_>>>) {
    let Some(fragment) = fragment else { return };
    while fragment.last().is_some_and(|kept| is_blank(kept.text)) {
        fragment.pop();
    }
    // `In message "…"` stands on the line above the sentence that ends with the verb.
    let is_lead = |text: &str| ["In message ", "In article "].iter().any(|lead| text.trim_start().starts_with(lead));
    if fragment.last().is_some_and(|kept| !kept.fixed && is_lead(kept.text)) {
        fragment.pop();
        return;
    }
    let Some(last) = fragment.last().filter(|kept| !kept.fixed && line::is_separator(kept.text)) else { return };
    // The same rule a few lines above: it closes a box.
    let closes = fragment.iter().rev().skip(1).take(16).any(|kept| kept.text.trim() == last.text.trim());
    if !closes {
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
        let text =
            if marked { text.strip_prefix('>').map_or(*text, |t| t.strip_prefix(' ').unwrap_or(t)) } else { text };
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
