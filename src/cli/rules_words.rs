//! Desk rules in the words of a support lead, in both languages: for explanations and tickets.

use super::ask::Answer;
use crate::domain::rulebook::{Condition, Effect};
use crate::domain::{Language, Ruled};
use crate::workers::live::Rules;

/// Rules that did not hold and are told of: the others are many on a large desk.
const PASSED_OVER: usize = 8;

pub(super) fn condition(condition: Condition, language: Language) -> &'static str {
    let (ja, en) = match condition {
        Condition::Channel => ("チャネル", "channel"),
        Condition::From => ("差出人", "from"),
        Condition::Customer => ("顧客", "customer"),
        Condition::Language => ("言語", "language"),
        Condition::Subject => ("件名", "subject"),
        Condition::Text => ("本文", "text"),
        Condition::Attachments => ("添付ファイル", "attachments"),
        Condition::Headers => ("ヘッダー", "header"),
        Condition::Time => ("時刻", "time"),
        Condition::Intent => ("依頼の種類", "request type"),
        Condition::Load => ("窓口の混み具合", "queue load"),
    };
    pick(language, ja, en)
}

fn effect(effect: Effect, language: Language) -> &'static str {
    let (ja, en) = match effect {
        Effect::Intent => ("依頼の種類", "request type"),
        Effect::Queue => ("担当窓口", "queue"),
        Effect::Priority => ("優先度", "priority"),
        Effect::Article => ("記事", "article"),
        Effect::Tags => ("タグ", "tags"),
        Effect::Slots => ("項目", "details"),
        Effect::Words => ("返信の文", "words of the reply"),
        Effect::Ignored => ("受け付けない", "not taken in"),
    };
    pick(language, ja, en)
}

const fn pick(language: Language, ja: &'static str, en: &'static str) -> &'static str {
    match language {
        Language::Ja => ja,
        Language::En => en,
    }
}

/// A rule that held: which conditions with which words, and what it set.
pub(super) fn ruled(ruled: &Ruled, language: Language) -> String {
    let held: Vec<String> =
        ruled.because.iter().map(|held| format!("{}「{}」", condition(held.condition, language), held.words)).collect();
    let did: Vec<String> =
        ruled.did.iter().map(|(what, value)| format!("{} {value}", effect(*what, language))).collect();
    let did = if did.is_empty() {
        pick(language, "後のルールが変更", "changed by a later rule").to_owned()
    } else {
        did.join(pick(language, "、", ", "))
    };
    let stop =
        if ruled.stopped { pick(language, "。以降のルールは見ない", "; no further rule") } else { "" };
    format!("{}: {} → {did}{stop}", ruled.rule, held.join(pick(language, "、", ", ")))
}

/// The desk rules of an explanation: those that held, and why others did not.
pub(super) fn explained(answer: &Answer, rules: &Rules, language: Language) -> Vec<String> {
    let book = &rules.catalog.rulebook;
    if book.rules.is_empty() {
        return Vec::new();
    }
    let mut lines = vec![pick(language, "窓口のルール", "desk rules").to_owned()];
    for held in &answer.decided.ruled {
        lines.push(format!("  ○ {}", ruled(held, language)));
        let note = book.rules.iter().find(|rule| rule.id == held.rule).map(|rule| rule.note.as_str());
        lines.extend(note.filter(|note| !note.is_empty()).map(|note| format!("      {note}")));
    }
    for (rule, unmet, there) in answer.passed_over.iter().take(PASSED_OVER) {
        let name = condition(*unmet, language);
        let there = if there.is_empty() { String::new() } else { format!("「{there}」") };
        lines.push(match language {
            Language::Ja => format!("    {rule}: {name}{there}が合わない"),
            Language::En => format!("    {rule}: {name} {there} does not fit").replace("  ", " "),
        });
    }
    let more = answer.passed_over.len().saturating_sub(PASSED_OVER);
    if more > 0 {
        lines.push(match language {
            Language::Ja => format!("    ほか {more} 件のルールは合わない"),
            Language::En => format!("    and {more} more rules that do not fit"),
        });
    }
    lines
}
