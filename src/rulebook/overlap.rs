//! How two rules stand to each other, and whether one can hold at all.

use super::specimen::prove;
use super::{Facts, Patterns, judge};
use crate::domain::catalog::Catalog;
use crate::domain::rulebook::{Arrival, Condition, Conditions, DeskRule, Specimen, Written};
use crate::domain::{Channel, Timestamp};
use crate::sla::book::is_among;

/// 2026-01-01T00:00Z: any year shows which hours of a week a calendar has.
const A_YEAR: Timestamp = Timestamp(1_767_225_600_000);
const STEP_MS: i64 = 30 * 60_000;
const STEPS: i64 = 366 * 48;

/// Whether `first` holds for everything `second` holds for, as far as that can be told: its conditions are the same or wider, and
/// its patterns match the examples of the second.
pub(super) fn covers(first: &DeskRule, second: &DeskRule, patterns: &Patterns, catalog: &Catalog) -> bool {
    let (wide, narrow) = (&first.when, &second.when);
    let shown = |condition: Condition| {
        let told = second.examples.iter().filter(|example| tells(example, condition));
        let mut told = told.peekable();
        told.peek().is_some()
            && told.all(|example| {
                let alone = only(first, condition);
                prove(&alone, example, patterns, catalog).is_ok_and(|held| !held.is_empty())
            })
    };
    let matches_all = |wide: &[Written], narrow: &[Written], condition: Condition| {
        wide.is_empty() || !narrow.is_empty() && (is_part(wide, narrow) || shown(condition))
    };
    contains(&wide.channels, &narrow.channels)
        && contains(&wide.languages, &narrow.languages)
        && contains(&wide.intents, &narrow.intents)
        && covers_writers(wide, narrow, catalog)
        && matches_all(&wide.subjects, &narrow.subjects, Condition::Subject)
        && matches_all(&wide.texts, &narrow.texts, Condition::Text)
        && (wide.attachments.is_none() || shown_alike(wide, narrow))
        && wide.headers.iter().all(|header| {
            narrow.headers.iter().any(|other| other.name == header.name && is_part(&header.patterns, &other.patterns))
        })
        && covers_time(wide.time.as_ref(), narrow.time.as_ref())
        && wide
            .probability
            .is_none_or(|(low, high)| narrow.probability.is_some_and(|(from, to)| low <= from && to <= high))
        && wide
            .loads
            .iter()
            .all(|load| narrow.loads.iter().any(|other| other.queue == load.queue && other.more_than >= load.more_than))
}

fn tells(example: &Specimen, condition: Condition) -> bool {
    match condition {
        Condition::Text => example.text.is_some() || example.subject.is_some(),
        Condition::Subject => example.subject.is_some(),
        Condition::Channel
        | Condition::From
        | Condition::Customer
        | Condition::Language
        | Condition::Attachments
        | Condition::Headers
        | Condition::Time
        | Condition::Intent
        | Condition::Load => false,
    }
}

/// `rule` with its patterns of one kind only.
fn only(rule: &DeskRule, condition: Condition) -> DeskRule {
    let mut when = Conditions::default();
    if condition == Condition::Subject {
        when.subjects.clone_from(&rule.when.subjects);
    } else {
        when.texts.clone_from(&rule.when.texts);
    }
    DeskRule { when, ..rule.clone() }
}

fn contains<T: PartialEq>(wide: &[T], narrow: &[T]) -> bool {
    wide.is_empty() || !narrow.is_empty() && narrow.iter().all(|one| wide.contains(one))
}

fn is_part(wide: &[Written], narrow: &[Written]) -> bool {
    narrow.iter().all(|one| wide.iter().any(|other| other.pattern == one.pattern))
}

fn shown_alike(wide: &Conditions, narrow: &Conditions) -> bool {
    let (Some(wide), Some(narrow)) = (&wide.attachments, &narrow.attachments) else { return false };
    let same_files = wide.media_types == narrow.media_types
        && wide.names.len() == narrow.names.len()
        && is_part(&wide.names, &narrow.names);
    same_files && wide.at_least <= narrow.at_least && narrow.at_most <= wide.at_most
}

fn covers_writers(wide: &Conditions, narrow: &Conditions, catalog: &Catalog) -> bool {
    let members = |names: &[String]| -> Vec<String> {
        names
            .iter()
            .filter_map(|name| catalog.rulebook.customer(name))
            .flat_map(|found| found.members.clone())
            .collect()
    };
    let all_among =
        |list: &[String], people: &[String]| !people.is_empty() && people.iter().all(|one| is_within(list, one));
    let (wide_members, narrow_members) = (members(&wide.customers), members(&narrow.customers));
    let covered =
        |list: &[String]| list.is_empty() || all_among(list, &narrow.senders) || all_among(list, &narrow_members);
    covered(&wide.senders) && (wide.customers.is_empty() || covered(&wide_members))
}

/// Whether everybody `one` means (an address, or a domain with an `@`) is among `list`.
fn is_within(list: &[String], one: &str) -> bool {
    if one.starts_with('@') { is_among(list, &format!("*{one}")) } else { is_among(list, one) }
}

fn covers_time(wide: Option<&Arrival>, narrow: Option<&Arrival>) -> bool {
    let Some(wide) = wide else { return true };
    let Some(narrow) = narrow else { return false };
    (wide.calendar.is_none() || wide.calendar == narrow.calendar)
        && contains(&wide.weekdays, &narrow.weekdays)
        && wide.hours.is_none_or(|hours| narrow.hours == Some(hours))
}

/// Whether one message may meet the conditions of both.
pub(super) fn may_meet(first: &DeskRule, second: &DeskRule) -> bool {
    let (one, other) = (&first.when, &second.when);
    let chosen = first.then.intent.as_ref();
    let intents_meet = match chosen {
        Some(intent) => other.intents.is_empty() || other.intents.contains(intent),
        None => meet(&one.intents, &other.intents),
    };
    let writers_meet = one.senders.is_empty()
        || other.senders.is_empty()
        || one.senders.iter().any(|address| is_within(&other.senders, address))
        || other.senders.iter().any(|address| is_within(&one.senders, address));
    intents_meet
        && writers_meet
        && meet(&one.channels, &other.channels)
        && meet(&one.languages, &other.languages)
        && meet(&one.customers, &other.customers)
        && times_meet(one.time.as_ref(), other.time.as_ref())
}

fn meet<T: PartialEq>(one: &[T], other: &[T]) -> bool {
    one.is_empty() || other.is_empty() || one.iter().any(|value| other.contains(value))
}

fn times_meet(one: Option<&Arrival>, other: Option<&Arrival>) -> bool {
    let (Some(one), Some(other)) = (one, other) else { return true };
    let sides = match (&one.calendar, &other.calendar) {
        (Some((side, name)), Some((other_side, other_name))) => name != other_name || side == other_side,
        (Some(_), None) | (None, Some(_) | None) => true,
    };
    sides && meet(&one.weekdays, &other.weekdays)
}

/// Why no message can ever meet the conditions.
pub(super) fn impossible(rule: &DeskRule, catalog: &Catalog) -> Option<String> {
    let when = &rule.when;
    let chat = |channel: &Channel| matches!(channel, Channel::Slack | Channel::Discord);
    if !when.channels.is_empty() && when.channels.iter().all(chat) {
        if !when.headers.is_empty() {
            return Some("messages in chat have no header".to_owned());
        }
        if !when.subjects.is_empty() {
            return Some("messages in chat have no subject".to_owned());
        }
    }
    if !when.channels.is_empty() && !when.channels.contains(&Channel::Email) && !when.headers.is_empty() {
        return Some("only mail has a header".to_owned());
    }
    if !when.senders.is_empty() && !when.customers.is_empty() {
        let names = when.customers.iter().filter_map(|name| catalog.rulebook.customer(name));
        let members: Vec<String> = names.flat_map(|customer| customer.members.clone()).collect();
        let some = when.senders.iter().any(|one| is_within(&members, one))
            || members.iter().any(|one| is_within(&when.senders, one));
        if !some {
            return Some("nobody in `from` belongs to the customers".to_owned());
        }
    }
    let time = when.time.as_ref()?;
    (time.calendar.is_some() && !ever(rule, catalog))
        .then(|| "the calendar has no such time in a whole year".to_owned())
}

/// Whether the time of the rule comes in some half hour of a year.
fn ever(rule: &DeskRule, catalog: &Catalog) -> bool {
    let alone = DeskRule { when: Conditions { time: rule.when.time.clone(), ..Conditions::default() }, ..rule.clone() };
    (0..STEPS).any(|step| {
        let facts = Facts {
            channel: None,
            from: None,
            language: None,
            matched: &[],
            unread: &[],
            at: Some(A_YEAR.plus_ms(step * STEP_MS)),
            intent: None,
            candidate: None,
            loads: None,
        };
        judge(&alone, &facts, &catalog.rulebook, catalog).is_ok()
    })
}
