//! What a change did to a ticket, in words for the places that are told: the desk's language, names people know, no keys of ours.

use super::card::{priority_words, status_for_agents};
use super::notice::details;
use super::wording::one_line;
use crate::domain::catalog::Catalog;
use crate::domain::{Bilingual, Changes, EventKind, Language, OutboundKind, Ticket, TicketEvent, Verdict};
use crate::sla::escalation::missed_words;

/// Lines in one notice.
const MOST_LINES: usize = 10;
const DETAIL_CHARS: usize = 240;
const SAID_CHARS: usize = 1_500;

/// What became of `known`, which is `ticket` now: a line each, the words people said before the rest. `said` is what an interim
/// report or a recovery notice says; may be empty.
pub(super) fn happened(
    catalog: &Catalog,
    (known, ticket): (&Ticket, &Ticket),
    changes: &Changes,
    said: &str,
) -> String {
    let language = catalog.desk.language;
    let events = changes.events.iter().filter(|event| event.ticket == ticket.id);
    let mut lines: Vec<String> =
        events.filter_map(|event| words(event, said)).map(|words| own(words, language)).collect();
    let fired = changes.fired.iter().filter(|firing| firing.ticket == ticket.id);
    lines.extend(fired.map(|firing| format!("{}: {}", firing.rule, firing.because.get(language))));
    lines.extend(standing(catalog, known, ticket));
    lines.extend(promised(known, ticket).into_iter().map(|words| own(words, language)));
    lines.dedup();
    if lines.is_empty() {
        lines.push(own(both("更新がありました", "something changed"), language));
    }
    lines.truncate(MOST_LINES);
    lines.join("\n")
}

fn both(ja: impl Into<String>, en: impl Into<String>) -> Bilingual {
    Bilingual { ja: ja.into(), en: en.into() }
}

fn own(words: Bilingual, language: Language) -> String {
    match language {
        Language::Ja => words.ja,
        Language::En => words.en,
    }
}

/// A line of the history as others read it; none for what the states say as well, and for what the machine sends by itself.
fn words(event: &TicketEvent, said: &str) -> Option<Bilingual> {
    let detail = one_line(&event.detail, DETAIL_CHARS);
    match event.kind {
        EventKind::MessageIn if event.actor == "bystander" => {
            Some(both("依頼者以外の方から投稿がありました", "somebody else wrote on it"))
        }
        EventKind::MessageIn => Some(both("依頼者からメッセージが届きました", "the requester wrote")),
        EventKind::MessageOut => sent(event, said),
        EventKind::Note => Some(noted(&detail, said)),
        EventKind::Merged => Some(related(&detail, "統合", "merged")),
        EventKind::Linked => Some(match detail.strip_prefix(TicketEvent::PROBLEM) {
            Some(key) => both(format!("問題として記録: {key}"), format!("put on the list of problems: {key}")),
            None => related(&detail, "関連", "linked"),
        }),
        EventKind::Delivery => Some(both(format!("配信の通知: {detail}"), format!("delivery: {detail}"))),
        EventKind::Opened
        | EventKind::Status
        | EventKind::Queue
        | EventKind::Priority
        | EventKind::Assignee
        | EventKind::Slots
        | EventKind::Escalated
        | EventKind::Clock
        | EventKind::Approval => None,
    }
}

/// An agent's letter; an interim report and a recovery notice have a line of their own, which says more.
fn sent(event: &TicketEvent, said: &str) -> Option<Bilingual> {
    if event.actor == "rule" || !said.is_empty() {
        return None;
    }
    let by = &event.actor;
    match event.detail.split(' ').next()?.parse().ok()? {
        OutboundKind::AgentReply => Some(both(format!("{by} が返信しました"), format!("{by} replied"))),
        OutboundKind::Acknowledgement
        | OutboundKind::Answer
        | OutboundKind::Suggestion
        | OutboundKind::Question
        | OutboundKind::StatusReport => {
            Some(both("依頼者に状況を知らせました", "the requester was told how it stands"))
        }
        OutboundKind::Notice => None,
    }
}

fn noted(detail: &str, said: &str) -> Bilingual {
    let said: String = said.trim().chars().take(SAID_CHARS).collect();
    if let Some(number) = detail.strip_prefix(TicketEvent::REPORTED) {
        return both(format!("中間報告 {number}: {said}"), format!("interim report {number}: {said}"));
    }
    if let Some(down) = detail.strip_prefix(TicketEvent::DOWN) {
        let (minutes, cause) = down.split_once(" minutes").unwrap_or((down, ""));
        return both(
            format!("復旧のお知らせ: {said}\n停止時間: {minutes} 分{cause}"),
            format!("recovery notice: {said}\n{detail}"),
        );
    }
    if let Some(action) = detail.strip_prefix(TicketEvent::COMPLAINT) {
        return both(format!("苦情への対応: {action}"), format!("what was done about the complaint: {action}"));
    }
    if detail.starts_with(TicketEvent::ACKNOWLEDGED) {
        return both("担当者が確認しました", "somebody acknowledged it");
    }
    if let Some(types) = detail.strip_prefix("request type ") {
        return both(format!("依頼種別: {types}"), detail);
    }
    if let Some(rated) = detail.strip_prefix("rated ") {
        return both(format!("満足度: {}", rated.replacen(" of 5", " / 5", 1)), detail);
    }
    both(format!("メモ: {detail}"), format!("note: {detail}"))
}

/// Other tickets are named, the rest of the detail is for the history.
fn related(detail: &str, ja: &str, en: &str) -> Bilingual {
    let numbers =
        detail.split(|c: char| !(c.is_ascii_alphanumeric() || c == '-')).filter(|word| word.starts_with("T-"));
    let numbers = numbers.collect::<Vec<_>>().join(", ");
    match detail.strip_prefix("taken back: ") {
        Some(_) => both(format!("{ja}の取り消し: {numbers}"), format!("no longer {en}: {numbers}")),
        None => both(format!("{ja}: {numbers}"), format!("{en}: {numbers}")),
    }
}

/// What reads differently on the ticket now.
fn standing(catalog: &Catalog, known: &Ticket, ticket: &Ticket) -> Vec<String> {
    let language = catalog.desk.language;
    let mut lines = Vec::new();
    let mut turned = |[ja, en]: [&str; 2], was: &str, now: &str| {
        if was != now {
            let name = own(both(ja, en), language);
            lines.push(format!("{name}: {was} → {now}"));
        }
    };
    let status = |ticket: &Ticket| status_for_agents(ticket.status, language);
    turned(["状態", "status"], status(known), status(ticket));
    let priority = |ticket: &Ticket| priority_words(ticket.priority, language);
    turned(["優先度", "priority"], priority(known), priority(ticket));
    let queue = |name: &str| catalog.queue(name).map_or(name, |queue| queue.title.get(language)).to_owned();
    turned(["窓口", "queue"], &queue(&known.queue), &queue(&ticket.queue));
    let nobody = own(both("未定", "nobody"), language);
    let assignee = |ticket: &Ticket| ticket.assignee.clone().unwrap_or_else(|| nobody.clone());
    turned(["担当", "assignee"], &assignee(known), &assignee(ticket));
    let before = details(catalog, known);
    let learnt = details(catalog, ticket).into_iter().filter(|detail| !before.contains(detail));
    lines.extend(learnt.map(|detail| format!("{}: {}", detail.title, one_line(&detail.value, DETAIL_CHARS))));
    lines
}

/// Promises that were missed, and what was said about leave to start.
fn promised(known: &Ticket, ticket: &Ticket) -> Vec<Bilingual> {
    let was =
        |clock: &crate::domain::Clock| known.promises.clock(clock.kind, clock.level).map_or(0, |before| before.missed);
    let missed = ticket.promises.clocks.iter().filter(|clock| clock.missed > was(clock));
    let mut lines: Vec<Bilingual> = missed.map(missed_words).collect();
    let verdict = |ticket: &Ticket| ticket.course.approval.as_ref().map(|approval| approval.verdict);
    if verdict(known) != verdict(ticket) {
        lines.extend(ticket.course.approval.as_ref().map(|approval| {
            let words = match approval.verdict {
                Verdict::Wanted => both("着手の承認待ちです", "work waits for approval"),
                Verdict::Approved => both("着手が承認されました", "work was approved"),
                Verdict::Declined => both("着手は見送りになりました", "work was declined"),
            };
            let note = if approval.note.is_empty() { String::new() } else { format!(": {}", approval.note) };
            both(words.ja + &note, words.en + &note)
        }));
    }
    lines
}
