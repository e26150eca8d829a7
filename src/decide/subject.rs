//! Subjects: without their `Re:` and ticket tag, with exactly one of each, and whether two are about the same.

use std::collections::BTreeSet;

use crate::domain::{Language, TicketId};

/// Longest subject of a reply before its tag, in characters.
const MOST_CHARS: usize = 160;
/// Two subjects share less than this share of their letter pairs when they are about something else.
const ALIKE: f64 = 0.3;
const PREFIXES: [&str; 11] = ["re", "aw", "sv", "fw", "fwd", "wg", "antw", "返信", "回复", "转发", "転送"];
const OTHER_MATTER: [&str; 6] =
    ["別件", "新規のご相談", "another matter", "different question", "new question", "new issue"];

/// The bare subject: no reply prefixes, no ticket tags, one line.
pub(super) fn bare(subject: &str) -> String {
    let line: String = subject.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    let line = without_tags(&line).split_whitespace().collect::<Vec<_>>().join(" ");
    let mut rest = line.as_str();
    while let Some(shorter) = strip_prefix(rest) {
        rest = shorter;
    }
    rest.to_owned()
}

/// The subject of a reply: `Re: VPN [T-1042]`.
pub(super) fn reply(subject: &str, ticket: TicketId, language: Language) -> String {
    let bare = bare(subject);
    let title = match (bare.is_empty(), language) {
        (false, _) => bare.chars().take(MOST_CHARS).collect(),
        (true, Language::Ja) => "お問い合わせ".to_owned(),
        (true, Language::En) => "your request".to_owned(),
    };
    format!("Re: {} [{ticket}]", title.trim_end())
}

/// Whether the sender plainly began something new although the mail client made it a reply: the subject says so, or it is
/// no longer marked as a reply and has nothing in common with the ticket's.
pub(super) fn is_new_topic(subject: &str, ticket_subject: &str, ticket: TicketId) -> bool {
    let (new, old) = (bare(subject).to_lowercase(), bare(ticket_subject).to_lowercase());
    if new.is_empty() || new == old {
        return false;
    }
    if OTHER_MATTER.iter().any(|words| new.contains(words) && !old.contains(words)) {
        return true;
    }
    if subject.to_lowercase().contains(&format!("[{ticket}]").to_lowercase()) || strip_prefix(subject.trim()).is_some()
    {
        return false;
    }
    !old.is_empty() && !new.contains(&old) && !old.contains(&new) && likeness(&new, &old) < ALIKE
}

fn strip_prefix(subject: &str) -> Option<&str> {
    let (head, rest) = subject.split_once([':', '：'])?;
    // `Re[2]:` and `Re(3):` are written by some clients.
    let word = head.trim().trim_end_matches(|c: char| c.is_ascii_digit() || "[]()^".contains(c)).trim().to_lowercase();
    PREFIXES.contains(&word.as_str()).then(|| rest.trim_start())
}

/// Takes out `[T-1042]` wherever it stands.
fn without_tags(subject: &str) -> String {
    let mut kept = String::with_capacity(subject.len());
    let mut rest = subject;
    while let Some((before, from_bracket)) = rest.split_once('[') {
        kept.push_str(before);
        match from_bracket.split_once(']') {
            Some((inside, after))
                if inside.starts_with(['T', 't']) && inside.contains('-') && inside.parse::<TicketId>().is_ok() =>
            {
                kept.push(' ');
                rest = after;
            }
            Some(_) | None => {
                kept.push('[');
                rest = from_bracket;
            }
        }
    }
    kept.push_str(rest);
    kept
}

/// Dice's coefficient over letter pairs, 0 to 1.
fn likeness(one: &str, other: &str) -> f64 {
    let pairs = |text: &str| {
        let letters: Vec<char> = text.chars().filter(|c| c.is_alphanumeric()).collect();
        letters.iter().zip(letters.iter().skip(1)).map(|(a, b)| (*a, *b)).collect::<BTreeSet<_>>()
    };
    let (one, other) = (pairs(one), pairs(other));
    let shared = u32::try_from(one.intersection(&other).count()).unwrap_or(u32::MAX);
    let all = u32::try_from(one.len() + other.len()).unwrap_or(u32::MAX);
    if all == 0 { 0.0 } else { 2.0 * f64::from(shared) / f64::from(all) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prefix_and_tag_appear_once() {
        let cases = [
            ("VPN", "Re: VPN [T-1042]"),
            ("Re: RE： Fwd: VPN [T-1042]", "Re: VPN [T-1042]"),
            ("返信: [T-7] VPN [T-1042]", "Re: VPN [T-1042]"),
            ("Re[2]: [urgent] VPN", "Re: [urgent] VPN [T-1042]"),
            ("Regarding: VPN", "Re: Regarding: VPN [T-1042]"),
            ("  ", "Re: お問い合わせ [T-1042]"),
            ("hi\r\nBcc: victim@x.example", "Re: hi Bcc: victim@x.example [T-1042]"),
        ];
        for (subject, wanted) in cases {
            assert_eq!(reply(subject, TicketId(1042), Language::Ja), wanted);
        }
        let long = reply(&"あ".repeat(5_000), TicketId(1), Language::En);
        assert!(long.chars().count() < 200 && long.ends_with(" [T-1]"));
    }

    #[test]
    fn only_an_obvious_change_is_a_new_topic() {
        let cases = [
            ("Re: VPN につながらない [T-1042]", "VPN につながらない", false),
            ("Re: something else entirely", "VPN につながらない", false),
            ("RE: VPN", "VPN につながらない", false),
            ("", "VPN につながらない", false),
            ("VPN につながらない(追記)", "VPN につながらない", false),
            ("プリンタが動かない", "VPN につながらない", true),
            ("Re: 別件: プリンタ", "VPN につながらない", true),
            ("Invoice for October", "VPN does not connect", true),
            ("VPN still does not connect", "VPN does not connect", false),
            ("Invoice [T-1042]", "VPN does not connect", false),
        ];
        for (new, old, wanted) in cases {
            assert_eq!(is_new_topic(new, old, TicketId(1042)), wanted, "{new} / {old}");
        }
    }
}
