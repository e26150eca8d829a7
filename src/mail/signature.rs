//! Signatures and disclaimers at the end of what a person wrote. A greeting or closing line is not a signature.
//!
//! | kind | form |
//! |---|---|
//! | delimiter | `-- ` (RFC 3676 §4.3), also without the space, and all below it |
//! | device | `Sent from my iPhone`, `iPhoneから送信`, `Outlook for Android を入手<…>` |
//! | name | `-roman` as the last line |
//! | box | rules of `―`, `＝`, `*-*`, `┌──` around or above company, telephone, address |
//! | block | a last paragraph of company and at least two ways to reach it, without a rule |
//! | disclaimer | a last paragraph about confidentiality, or an advertisement of a virus scanner |

#[cfg(test)]
mod tests;
mod words;

use super::quotes::Kept;
use super::quotes::is_rule;
pub(super) use words::promises_data;
use words::{
    contacts, is_closing, is_contact_label, is_dashed_name, is_device, is_disclaimer, is_postscript, is_sentence,
};

/// Signatures are short: a longer tail is the letter itself.
const MAX_SIGNATURE_LINES: usize = 16;

/// Cuts the signature off the end of `lines`. A postscript below a signature stays.
pub(super) fn cut(lines: &mut Vec<Kept<'_>>) {
    let postscript = lines.iter().rposition(|kept| !kept.fixed && is_postscript(kept.text)).filter(|at| *at > 0);
    let Some(at) = postscript else { return cut_tail(lines) };
    let mut tail = lines.split_off(at);
    cut_tail(&mut tail);
    cut_tail(lines);
    lines.push(Kept { text: "", fixed: false });
    lines.append(&mut tail);
}

fn cut_tail(lines: &mut Vec<Kept<'_>>) {
    cut_delimited(lines);
    // Each round takes one part off: a disclaimer below a box below a device line.
    for _ in 0..8 {
        trim_end(lines);
        let Some(at) = tail_start(lines) else { break };
        lines.truncate(at);
    }
}

fn trim_end(lines: &mut Vec<Kept<'_>>) {
    while lines.last().is_some_and(|kept| kept.text.trim().is_empty()) {
        lines.pop();
    }
}

/// Where the last part that is not the letter begins.
fn tail_start(lines: &[Kept<'_>]) -> Option<usize> {
    let last = lines.len().checked_sub(1)?;
    if lines[last].fixed {
        return None;
    }
    if is_device(lines[last].text) || is_delimiter(lines[last].text) {
        return Some(last);
    }
    let before = last.checked_sub(1).map_or("", |at| lines[at].text.trim_start());
    if last > 0 && is_dashed_name(lines[last].text) && !before.starts_with('-') {
        return Some(last);
    }
    if lines[last].text.trim() == "-----END PGP SIGNATURE-----" {
        return lines.iter().rposition(|kept| kept.text.trim() == "-----BEGIN PGP SIGNATURE-----");
    }
    device_start(lines).or_else(|| box_start(lines)).or_else(|| disclaimer_start(lines)).or_else(|| block_start(lines))
}

/// `--` and all below it, when that is short enough for a signature.
fn cut_delimited(lines: &mut Vec<Kept<'_>>) {
    let mut written = 0;
    let mut cut_at = None;
    for (at, kept) in lines.iter().enumerate().rev() {
        if kept.fixed || written > MAX_SIGNATURE_LINES {
            break;
        }
        if matches!(kept.text.trim_matches([' ', '\t', '\u{a0}', '\u{3000}']), "--" | "—" | "−−" | "‐‐" | "––")
        {
            cut_at = Some(at);
        }
        written += usize::from(!kept.text.trim().is_empty());
    }
    if let Some(at) = cut_at {
        lines.truncate(at);
    }
}

fn is_delimiter(text: &str) -> bool {
    matches!(text.trim_matches([' ', '\t', '\u{a0}', '\u{3000}']), "--" | "—" | "−−" | "‐‐" | "––")
}

/// A device line with one short line (a name) below it.
fn device_start(lines: &[Kept<'_>]) -> Option<usize> {
    let last = lines.len().checked_sub(1)?;
    let is_short = |text: &str| text.chars().count() <= 24 && !is_sentence(text);
    let at = (last.saturating_sub(2)..last).rev().find(|at| is_device(lines[*at].text))?;
    lines[at + 1..].iter().all(|kept| !kept.fixed && is_short(kept.text)).then_some(at)
}

/// The opening rule of a signature box: closed by a rule as the last line, or left open.
fn box_start(lines: &[Kept<'_>]) -> Option<usize> {
    let last = lines.len().checked_sub(1)?;
    let is_frame = |kept: &Kept<'_>| !kept.fixed && is_rule(kept.text);
    let closed = is_frame(&lines[last]);
    let end = if closed { last } else { last + 1 };
    let mut written = 0;
    let mut opening = None;
    for at in (0..end).rev() {
        if lines[at].fixed || written > MAX_SIGNATURE_LINES {
            return None;
        }
        if is_frame(&lines[at]) || is_title(lines[at].text) {
            opening = Some(at);
            break;
        }
        written += usize::from(!lines[at].text.trim().is_empty());
    }
    let opening = opening?;
    let inner: Vec<&str> =
        lines[opening + 1..end].iter().map(|kept| without_frame(kept.text)).filter(|text| !text.is_empty()).collect();
    if inner.is_empty() {
        // Two rules on top of each other, or one alone below the letter's last sentence.
        return closed.then_some(last).filter(|_| opening + 1 == last);
    }
    let introduced = lines[..opening].iter().rev().find(|kept| !kept.text.trim().is_empty());
    if introduced.is_some_and(|kept| promises_data(kept.text)) {
        return None;
    }
    (is_disclaimer(&inner) || is_card(&inner, closed)).then(|| box_top(lines, opening))
}

/// The same rule a few lines higher up, when only the company's name stands between: boxes have storeys.
fn box_top(lines: &[Kept<'_>], opening: usize) -> usize {
    let same = |kept: &Kept<'_>| kept.text.trim() == lines[opening].text.trim();
    let from = opening.saturating_sub(5);
    let Some(top) = lines[from..opening].iter().rposition(same).map(|offset| from + offset) else { return opening };
    let between = &lines[top + 1..opening];
    let is_name = between.iter().all(|kept| !kept.fixed && !is_sentence(kept.text) && !has_other_label(kept.text));
    if is_name && !between.is_empty() { top } else { opening }
}

/// Company, name and ways to reach them, and nothing that is said.
fn is_card(inner: &[&str], closed: bool) -> bool {
    let found = contacts(inner);
    let said = inner.iter().filter(|text| is_sentence(text)).count();
    // A full card may carry a slogan or a notice.
    if said > usize::from(found.score() >= 3) || inner.iter().any(|text| has_other_label(text)) {
        return false;
    }
    let has_name = inner.iter().any(|text| {
        let own = contacts(&[text]);
        own.company || own.score() == 0
    });
    if closed {
        let plain = inner.len() <= 4
            && inner.iter().all(|text| {
                text.chars().count() <= 24
                    && !text.contains(|c: char| c.is_ascii_digit() || matches!(c, ':' | '=' | '/'))
            });
        (has_name && found.score() >= 1) || plain
    } else {
        has_name && found.score() >= 2
    }
}

/// The last paragraph, when it is about confidentiality or virus scanning.
fn disclaimer_start(lines: &[Kept<'_>]) -> Option<usize> {
    let (start, paragraph) = last_paragraph(lines)?;
    is_disclaimer(&paragraph).then_some(start)
}

/// The last paragraph, when it is a business card without a rule. A closing line at its top stays.
fn block_start(lines: &[Kept<'_>]) -> Option<usize> {
    let (start, paragraph) = last_paragraph(lines)?;
    let closing = paragraph.iter().take(1).filter(|text| is_closing(text)).count();
    // The closing's own name line stays with it.
    let kept = if closing > 0 { (closing + 1).min(paragraph.len()) } else { 0 };
    let card = &paragraph[kept..];
    let above = if closing > 0 { None } else { lines[..start].iter().rev().find(|kept| !kept.text.trim().is_empty()) };
    if card.is_empty() || card.len() > 12 || above.is_some_and(|kept| promises_data(kept.text)) {
        return None;
    }
    if card.iter().any(|text| is_sentence(text) || has_other_label(text)) {
        return None;
    }
    let named = closing > 0 || contacts(&card[..1]).labels == 0;
    let found = contacts(card);
    let enough = found.score() >= 2 && (found.japanese || found.labels >= 1 || found.score() >= 3);
    (named && enough && (closing > 0 || card.len() >= 2)).then_some(start + kept)
}

fn last_paragraph<'a>(lines: &[Kept<'a>]) -> Option<(usize, Vec<&'a str>)> {
    let blank = lines.iter().rposition(|kept| kept.text.trim().is_empty())?;
    let paragraph = &lines[blank + 1..];
    let usable = !paragraph.is_empty() && paragraph.len() <= 40 && paragraph.iter().all(|kept| !kept.fixed);
    usable.then(|| (blank + 1, paragraph.iter().map(|kept| kept.text.trim()).collect()))
}

/// `お名前：…`, `ホスト: …`: data the person gives, not a way to reach them.
fn has_other_label(text: &str) -> bool {
    let Some(at) = text.find([':', '：']) else { return false };
    let label = text[..at].trim();
    let count = label.chars().count();
    (1..=12).contains(&count)
        && !label.contains(|c: char| c.is_ascii_digit() || matches!(c, '/' | '@' | '('))
        && !is_contact_label(label)
}

/// `-----【例株式会社】-----`: a rule with the company in it, as the top of a box.
fn is_title(text: &str) -> bool {
    let text = text.trim();
    let signs = |c: &char| !c.is_alphanumeric() && !c.is_whitespace();
    let count = text.chars().count();
    let (left, right) = (text.chars().take_while(signs).count(), text.chars().rev().take_while(signs).count());
    left >= 4 && right >= 4 && count > left + right && count <= 60 && !text.starts_with('>')
}

fn without_frame(text: &str) -> &str {
    text.trim().trim_matches(['│', '┃', '|', '┏', '┗', '■', '□', '◆', '◇', '*', '＊', '#', ' ', '\u{3000}'])
}
