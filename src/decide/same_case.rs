//! Whether a request may be the same case as an open ticket of the same person: asked again before the reply, or on another channel.
//!
//! The rule, so that people can follow it: the ticket is open and at most three days old; no detail known of both differs; and either
//! both are of the same request type, or the new text and the ticket share their distinctive terms: two of them, or every one of the
//! shorter side. It only ever proposes.

use std::cell::LazyCell;
use std::collections::BTreeSet;

use super::case::Case;
use crate::domain::{Status, Ticket};

const AT_MOST_MS: i64 = 3 * 86_400_000;
/// Terms shared by two texts that make them alike.
const ENOUGH: usize = 2;
/// Words that tell nothing about a case.
const COMMON: [&str; 38] = [
    "the", "and", "for", "not", "can", "you", "please", "help", "with", "this", "that", "have", "has", "our", "are",
    "from", "how", "what", "when", "hello", "thanks", "thank", "about", "again", "issue", "problem", "ticket",
    "request", "問題", "質問", "連絡", "確認", "対応", "回答", "相談", "返信", "依頼", "状況",
];

/// The newest open ticket of the sender that may be the same case.
pub(super) fn same_case<'a>(case: &Case<'a>) -> Option<&'a Ticket> {
    let message = case.message;
    if message.automatic.is_some() {
        return None;
    }
    let terms = LazyCell::new(|| terms(&format!("{}\n{}", message.subject, message.reply_text)));
    case.context
        .known
        .recent
        .iter()
        .find(|ticket| is_open(case, ticket) && fits(case, ticket) && alike(case, ticket, &terms))
}

fn is_open(case: &Case<'_>, ticket: &Ticket) -> bool {
    let open = match ticket.status {
        Status::New | Status::Open | Status::Waiting => true,
        Status::Answered | Status::Resolved | Status::Closed => false,
    };
    open && ticket.merged_into.is_none() && ticket.created_at > case.now.plus_ms(-AT_MOST_MS)
}

/// No detail known of both differs: another host is another case.
fn fits(case: &Case<'_>, ticket: &Ticket) -> bool {
    case.slots.iter().all(|(name, value)| ticket.slots.get(name).is_none_or(|known| known.eq_ignore_ascii_case(value)))
}

fn alike(case: &Case<'_>, ticket: &Ticket, new: &BTreeSet<String>) -> bool {
    if let (Some(intent), Some(known)) = (case.intent, &ticket.intent)
        && intent.id == *known
    {
        return true;
    }
    let excerpt = ticket.card.as_ref().map_or("", |card| card.excerpt.as_str());
    let old = terms(&format!("{}\n{excerpt}", ticket.subject));
    let shared = new.intersection(&old).count();
    shared >= ENOUGH || (shared > 0 && shared == new.len().min(old.len()))
}

/// Distinctive terms: Latin words and host names of three letters and more, runs of katakana of three and of kanji of two.
fn terms(text: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let mut run = String::new();
    let mut kind = Kind::Other;
    for c in text.to_lowercase().chars().chain(['\n']) {
        let next = Kind::of(c, kind);
        if next != kind {
            let term = run.trim_end_matches(['.', '-', '_']);
            if term.chars().count() >= kind.least() && !COMMON.contains(&term) {
                found.insert(term.to_owned());
            }
            run.clear();
            kind = next;
        }
        if next != Kind::Other {
            run.push(c);
        }
    }
    found
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Latin,
    Katakana,
    Kanji,
    Other,
}

impl Kind {
    const fn of(c: char, before: Self) -> Self {
        match c {
            'a'..='z' | '0'..='9' => Self::Latin,
            // Inside a host name or an address.
            '-' | '.' | '_' if matches!(before, Self::Latin) => Self::Latin,
            'ァ'..='ヺ' | 'ー' => Self::Katakana,
            '一'..='鿿' | '々' => Self::Kanji,
            _ => Self::Other,
        }
    }

    const fn least(self) -> usize {
        match self {
            Self::Latin | Self::Katakana => 3,
            Self::Kanji => 2,
            Self::Other => usize::MAX,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::fixture::{DAY_MS, NOW, Scene, ticket};
    use super::*;

    #[test]
    fn terms_are_what_tells_one_case_from_another() {
        let found = |text: &str| terms(text).into_iter().collect::<Vec<_>>().join(" ");
        assert_eq!(found("VPN に接続できません。web-01 のエラー"), "vpn web-01 エラー 接続");
        assert_eq!(found("お問い合わせの件、ご確認ください"), "");
        assert_eq!(found("The printer on floor 3 is not printing."), "floor printer printing");
    }

    #[test]
    fn the_same_case_is_open_young_and_alike() {
        let old = |status, subject: &str, days: i64| Ticket {
            subject: subject.into(),
            created_at: NOW.plus_ms(-days * DAY_MS),
            slots: [("host".to_owned(), "web-1".to_owned())].into(),
            intent: Some("restart_server".into()),
            ..ticket(status)
        };
        let cases = [
            (
                "the same words",
                old(Status::New, "VPN に接続できません", 1),
                "VPN 接続の件、いかがでしょうか",
                None,
                true,
            ),
            (
                "all terms of the shorter",
                old(Status::New, "プリンタ", 1),
                "プリンタが動かないのですが急いでいます",
                None,
                true,
            ),
            ("one of several", old(Status::New, "VPN の証明書", 1), "VPN の申請方法を教えて", None, false),
            ("nothing alike", old(Status::New, "プリンタ", 1), "パスワード", None, false),
            ("ended", old(Status::Resolved, "VPN に接続できません", 1), "VPN に接続できません", None, false),
            ("too old", old(Status::Open, "VPN に接続できません", 3), "VPN に接続できません", None, false),
            ("the same type", old(Status::Open, "", 1), "再起動してください", Some("web-1"), true),
            ("another host", old(Status::Open, "", 1), "再起動してください", Some("web-2"), false),
        ];
        for (name, known, text, host, wanted) in cases {
            let mut scene = Scene::new("", text).with(|s| s.known.recent = vec![known]);
            if let Some(host) = host {
                scene = scene.rule("restart_server").slot("host", host);
            }
            let case = Case::new(&scene.message, scene.context(), NOW);
            assert_eq!(same_case(&case).is_some(), wanted, "{name}");
        }
    }
}
