//! Which escalation rules fire on a ticket, and when the next one may. All rules look at the same state; what they do is
//! applied afterwards. A rule fires once for each thing it waits for: the key of a firing names rule, ticket, and cycle.

use super::book::{Book, holds};
use super::timers::share_at;
use crate::domain::promise::{Clock, ClockKind, Firing, Signal};
use crate::domain::service::{Escalation, Trigger, Which};
use crate::domain::{Bilingual, Status, Ticket, Timestamp};

const MINUTE_MS: i64 = 60_000;

/// A firing that may come.
struct Chance {
    key: String,
    at: Timestamp,
    because: Bilingual,
}

/// The rules that fire by `now`, in their order, each with its firing.
#[must_use]
pub fn firings<'a>(book: Book<'a>, ticket: &Ticket, now: Timestamp) -> Vec<(&'a Escalation, Firing)> {
    let mut found = Vec::new();
    for rule in rules(book, ticket) {
        for chance in chances(book, rule, ticket).into_iter().filter(|chance| chance.at <= now) {
            let (key, because) = (chance.key, chance.because);
            found.push((rule, Firing { key, ticket: ticket.id, rule: rule.name.clone(), at: now, because }));
        }
    }
    found
}

/// When the rules next have to look at the ticket; none when nothing fires by the passing of time alone.
#[must_use]
pub fn next(book: Book<'_>, ticket: &Ticket) -> Option<Timestamp> {
    rules(book, ticket).flat_map(|rule| chances(book, rule, ticket)).map(|chance| chance.at).min()
}

fn rules<'a>(book: Book<'a>, ticket: &Ticket) -> impl Iterator<Item = &'a Escalation> {
    let rules: &'a [Escalation] = if ticket.merged_into.is_some() { &[] } else { &book.catalog.service.escalations };
    rules.iter().filter(|rule| holds(&rule.scope, ticket))
}

/// What may still fire: what has fired is left out.
fn chances(book: Book<'_>, rule: &Escalation, ticket: &Ticket) -> Vec<Chance> {
    let promises = &ticket.promises;
    let is_with_people = matches!(ticket.status, Status::New | Status::Open);
    let mut found: Vec<Chance> = match &rule.trigger {
        Trigger::TimeUsed { which, percent } => running(ticket, *which)
            .filter_map(|clock| {
                let at = share_at(clock, &*book.table_of(clock, &ticket.queue)?, *percent);
                let because = Bilingual {
                    ja: format!("{}の時間の {percent} % が過ぎました", in_japanese(clock)),
                    en: format!("{percent} % of the time for {} ({}) has passed", clock.kind, clock.level),
                };
                Some(Chance::new(cycle_of(clock, clock.cycle), at, because))
            })
            .collect(),
        Trigger::TimeLeft { which, minutes } => running(ticket, *which)
            .map(|clock| {
                let at = clock.due_at.plus_ms(-i64::from(*minutes) * MINUTE_MS);
                let because = Bilingual {
                    ja: format!("{}の期限まで {minutes} 分を切りました", in_japanese(clock)),
                    en: format!("{} ({}) is due within {}", clock.kind, clock.level, in_english(*minutes)),
                };
                Chance::new(cycle_of(clock, clock.cycle), at, because)
            })
            .collect(),
        Trigger::Breach { which } => {
            promises.clocks.iter().filter(|clock| which.holds(clock)).flat_map(missed).collect()
        }
        Trigger::Unacknowledged { .. } | Trigger::Queued | Trigger::Unapproved { .. } => {
            waited(book, &rule.trigger, ticket).filter(|_| is_with_people).into_iter().collect()
        }
        Trigger::Silence { minutes } => {
            let since = promises.last_word_at.filter(|_| is_with_people);
            let because = Bilingual {
                ja: format!("依頼者への連絡が {minutes} 分間ありません"),
                en: format!("no word to the requester for {}", in_english(*minutes)),
            };
            let at = |since: Timestamp| since.plus_ms(i64::from(*minutes) * MINUTE_MS);
            since.map(|since| Chance::new(format!("word {}", promises.words), at(since), because)).into_iter().collect()
        }
        Trigger::Seen { signal, times } => {
            let seen = promises.count(*signal);
            let round = seen / (*times).max(1);
            let because =
                Bilingual { ja: format!("{}: {seen} 回", meaning(*signal)), en: format!("{signal}: {seen}") };
            (round > 0)
                .then(|| Chance::new(format!("{signal} {round}"), ticket.updated_at, because))
                .into_iter()
                .collect()
        }
    };
    for chance in &mut found {
        chance.key = format!("{}:{}:{}", rule.name, ticket.id, chance.key);
    }
    found.retain(|chance| !promises.fired.contains(&chance.key));
    found
}

/// The chance of a rule that waits for somebody to do something, while the ticket is with the people.
fn waited(book: Book<'_>, trigger: &Trigger, ticket: &Ticket) -> Option<Chance> {
    let (promises, course) = (&ticket.promises, &ticket.course);
    match trigger {
        Trigger::Unacknowledged { minutes } => {
            // An agent the machine chose need not have seen it.
            let untaken = ticket.assignee.is_none() || course.given;
            let unheard = course.acknowledged.is_none() && ticket.first_response_at.is_none();
            let since = promises.queued_at.filter(|_| untaken && unheard)?;
            let because = Bilingual {
                ja: format!("{minutes} 分たってもまだだれも引き受けていません"),
                en: format!("nobody has taken it up within {}", in_english(*minutes)),
            };
            let at = book.after_in_queue(&ticket.queue, since, *minutes);
            Some(Chance::new(format!("move {}", promises.moves), at, because))
        }
        Trigger::Queued => {
            let title = book.catalog.queue(&ticket.queue).map_or(ticket.queue.as_str(), |queue| &queue.title.ja);
            let because = Bilingual {
                ja: format!("「{title}」に入りました"),
                en: format!("it came into {}", ticket.queue),
            };
            Some(Chance::new(format!("queued {}", promises.moves), promises.queued_at?, because))
        }
        Trigger::Unapproved { minutes } => {
            let since = course.approval.as_ref().filter(|_| course.waits_for_approval())?.wanted_at;
            let because = Bilingual {
                ja: format!("着手の承認が {minutes} 分間ありません"),
                en: format!("nobody gave leave to start for {}", in_english(*minutes)),
            };
            // A request whose type changed there and back waits anew.
            Some(Chance::new(
                format!("approval {}", since.0),
                book.after_in_queue(&ticket.queue, since, *minutes),
                because,
            ))
        }
        Trigger::TimeUsed { .. }
        | Trigger::TimeLeft { .. }
        | Trigger::Breach { .. }
        | Trigger::Silence { .. }
        | Trigger::Seen { .. } => None,
    }
}

impl Chance {
    fn new(key: String, at: Timestamp, because: Bilingual) -> Self {
        Self { key, at, because }
    }
}

/// Every miss of a clock, also of cycles that have ended since.
fn missed(clock: &Clock) -> impl Iterator<Item = Chance> {
    clock.late.iter().map(|late| Chance::new(cycle_of(clock, late.cycle), late.at, missed_words(clock)))
}

/// That the clock's time is over, in words.
#[must_use]
pub fn missed_words(clock: &Clock) -> Bilingual {
    Bilingual {
        ja: format!("{}の期限を過ぎました", in_japanese(clock)),
        en: format!("{} ({}) was missed", clock.kind, clock.level),
    }
}

/// `初回応答（SLA）`.
fn in_japanese(clock: &Clock) -> String {
    let kind = match clock.kind {
        ClockKind::FirstResponse => "初回応答",
        ClockKind::NextResponse => "再応答",
        ClockKind::Update => "経過報告",
        ClockKind::Resolution => "解決",
    };
    format!("{kind}（{}）", clock.level.as_str().to_uppercase())
}

/// `1 minute`, `15 minutes`.
fn in_english(minutes: u32) -> String {
    format!("{minutes} minute{}", if minutes == 1 { "" } else { "s" })
}

const fn meaning(signal: Signal) -> &'static str {
    match signal {
        Signal::Person => "担当者と話したいという希望",
        Signal::Negative => "解決していないという返事",
        Signal::Complaint => "苦情",
        Signal::Security => "セキュリティに関わる言葉",
        Signal::LowConfidence => "依頼種別を判断できない",
        Signal::Reopened => "再開",
    }
}

/// Clocks that run towards their due time.
fn running(ticket: &Ticket, which: Which) -> impl Iterator<Item = &Clock> {
    ticket
        .promises
        .clocks
        .iter()
        .filter(move |clock| which.holds(clock) && clock.is_open() && !clock.is_paused() && clock.breached_at.is_none())
}

fn cycle_of(clock: &Clock, cycle: u32) -> String {
    format!("{} {} {cycle}", clock.kind, clock.level)
}

#[cfg(test)]
pub(super) mod tests;
