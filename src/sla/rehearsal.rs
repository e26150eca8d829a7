//! Escalation rules tried on tickets of the past: when each would have fired, from what the ticket and its history say. Nothing is
//! done. A rule is tried on the ticket as it is now: a queue or priority it had in between is not gone back to.

use super::book::{Book, holds};
use super::timers::share_at;
use crate::domain::promise::Clock;
use crate::domain::service::{Escalation, Trigger};
use crate::domain::{EventKind, Status, Ticket, TicketEvent, Timestamp};

const MINUTE_MS: i64 = 60_000;
/// Actors in a history that are no agents.
const NO_AGENTS: [&str; 3] = ["rule", "requester", "bystander"];

/// A firing that would have come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rehearsed {
    /// The rule.
    pub rule: String,
    /// When.
    pub at: Timestamp,
}

/// Which rules would have fired on `ticket` by `now`, in their order, each with its times in order.
#[must_use]
pub fn rehearse(book: Book<'_>, ticket: &Ticket, events: &[TicketEvent], now: Timestamp) -> Vec<Rehearsed> {
    let rules = book.catalog.service.escalations.iter().filter(|rule| holds(&rule.scope, ticket));
    let mut found = Vec::new();
    for rule in rules {
        let mut times = times(book, rule, (ticket, events), now);
        times.retain(|at| *at <= now);
        times.sort_unstable();
        found.extend(times.into_iter().map(|at| Rehearsed { rule: rule.name.clone(), at }));
    }
    found
}

fn times(
    book: Book<'_>,
    rule: &Escalation,
    (ticket, events): (&Ticket, &[TicketEvent]),
    now: Timestamp,
) -> Vec<Timestamp> {
    let clocks =
        |which: crate::domain::service::Which| ticket.promises.clocks.iter().filter(move |clock| which.holds(clock));
    let ended = ticket.resolved_at.unwrap_or(now);
    match &rule.trigger {
        Trigger::TimeUsed { which, percent } => clocks(*which)
            .filter_map(|clock| Some((clock, share_at(clock, &*book.table_of(clock, &ticket.queue)?, *percent))))
            .flat_map(|(clock, at)| reached(clock, at, now))
            .collect(),
        Trigger::TimeLeft { which, minutes } => clocks(*which)
            .flat_map(|clock| reached(clock, clock.due_at.plus_ms(-i64::from(*minutes) * MINUTE_MS), now))
            .collect(),
        Trigger::Breach { which } => clocks(*which).flat_map(|clock| clock.late.iter().map(|late| late.at)).collect(),
        Trigger::Queued => {
            let arrivals = arrivals(ticket, events);
            let ends = arrivals.iter().skip(1).copied().chain([ended]);
            arrivals.iter().zip(ends).filter_map(|(from, to)| with_people(ticket, events, (*from, to))).collect()
        }
        Trigger::Unacknowledged { minutes } => {
            let arrivals = arrivals(ticket, events);
            let until = |start: Timestamp| {
                let taken = events.iter().filter(|event| event.at >= start && is_by_agent(event)).map(|event| event.at);
                let next = arrivals.iter().copied().filter(|at| *at > start);
                taken.chain(next).chain([ended]).min().unwrap_or(ended)
            };
            let at = |start: &Timestamp| book.after_in_queue(&ticket.queue, *start, *minutes);
            arrivals.iter().filter_map(|start| with_people(ticket, events, (at(start), until(*start)))).collect()
        }
        Trigger::Unapproved { minutes } => {
            let approval = ticket.course.approval.iter();
            let spans = approval.map(|one| (one.wanted_at, one.given.as_ref().map_or(ended, |given| given.at)));
            let late = spans.map(|(from, to)| (book.after_in_queue(&ticket.queue, from, *minutes), to));
            late.filter_map(|span| with_people(ticket, events, span)).collect()
        }
        Trigger::Silence { minutes } => {
            let words: Vec<Timestamp> = events
                .iter()
                .filter(|event| event.kind == EventKind::MessageOut && is_by_agent(event))
                .map(|event| event.at)
                .collect();
            let ends = words.iter().skip(1).copied().chain([ended]);
            let quiet = words.iter().zip(ends).map(|(from, to)| (from.plus_ms(i64::from(*minutes) * MINUTE_MS), to));
            quiet.filter_map(|span| with_people(ticket, events, span)).collect()
        }
        Trigger::Seen { signal, times } => {
            let rounds = ticket.promises.count(*signal) / (*times).max(1);
            (0..rounds).map(|_| ticket.updated_at).collect()
        }
    }
}

/// When a clock came to `at`: in the cycle that runs, or ended after it, and in every earlier one that was missed.
fn reached(clock: &Clock, at: Timestamp, now: Timestamp) -> Vec<Timestamp> {
    let end = clock.met_at.or(clock.dropped_at).unwrap_or(now);
    let earlier = clock.late.iter().filter(|late| late.cycle != clock.cycle).map(|late| late.at);
    earlier.chain((at < end && !clock.is_paused()).then_some(at)).collect()
}

/// The first instant from `from` on and before `to` at which the ticket is with people: while it waits for its requester, or has
/// ended, nobody is asked to hurry.
fn with_people(ticket: &Ticket, events: &[TicketEvent], (from, to): (Timestamp, Timestamp)) -> Option<Timestamp> {
    let changes = || events.iter().filter_map(|event| Some((event.at, status_change(event)?)));
    let before = changes().next().map_or(ticket.status, |(_, (before, _))| before);
    let opened = events.iter().find(|event| event.kind == EventKind::Opened);
    let opened_at = opened.map_or(ticket.created_at, |event| event.at);
    let states = std::iter::once((opened_at, before)).chain(changes().map(|(at, (_, after))| (at, after)));
    let ends = changes().map(|(at, _)| Some(at)).chain([None]);
    let spans = states.zip(ends).filter(|((_, status), _)| matches!(status, Status::New | Status::Open));
    let within = spans.map(|((begin, _), end)| (begin.max(from), end.map_or(to, |end| end.min(to))));
    within.filter(|(begin, end)| begin < end).map(|(begin, _)| begin).min()
}

/// What the status was and became: `new → waiting for host`, `open → resolved: an agent says it is solved`.
fn status_change(event: &TicketEvent) -> Option<(Status, Status)> {
    let (before, after) = event.detail.split_once(" → ").filter(|_| event.kind == EventKind::Status)?;
    Some((before.parse().ok()?, after.split([':', ' ']).next()?.parse().ok()?))
}

/// When it came into a queue.
fn arrivals(ticket: &Ticket, events: &[TicketEvent]) -> Vec<Timestamp> {
    let moves = events.iter().filter(|event| event.kind == EventKind::Queue).map(|event| event.at);
    std::iter::once(ticket.created_at).chain(moves).collect()
}

fn is_by_agent(event: &TicketEvent) -> bool {
    !NO_AGENTS.contains(&event.actor.as_str())
}

#[cfg(test)]
mod tests {
    use super::super::escalation::tests::{NOW, catalog, ticket};
    use super::*;
    use crate::domain::promise::{Late, Signal};
    use crate::domain::service::Which;
    use crate::domain::{Approval, TicketId, Verdict};

    fn event(minutes: i64, kind: EventKind, actor: &str) -> TicketEvent {
        let at = NOW.plus_ms(minutes * MINUTE_MS);
        TicketEvent { ticket: TicketId(7), at, kind, actor: actor.into(), detail: String::new() }
    }

    /// A trigger, what is done to the ticket, its history, and the minutes the trigger would have fired at.
    type Case<'a> = (Trigger, fn(&mut Ticket), &'a [TicketEvent], &'a [i64]);

    /// The minutes at which a trigger would have fired within ten hours.
    fn fired(trigger: Trigger, change: impl FnOnce(&mut Ticket), events: &[TicketEvent]) -> Vec<i64> {
        let catalog = catalog(vec![trigger]);
        let mut known = ticket(&catalog, Status::Open);
        change(&mut known);
        let found = rehearse(Book { catalog: &catalog }, &known, events, NOW.plus_ms(600 * MINUTE_MS));
        found.iter().map(|one| (one.at.0 - NOW.0) / MINUTE_MS).collect()
    }

    #[test]
    fn each_trigger_is_tried_on_what_happened() {
        let taken = [event(20, EventKind::Assignee, "aoki")];
        let moved = [event(5, EventKind::Note, "aoki"), event(30, EventKind::Queue, "rule")];
        let words = [
            event(10, EventKind::MessageOut, "aoki"),
            event(15, EventKind::MessageOut, "rule"),
            event(100, EventKind::MessageOut, "aoki"),
        ];
        let status =
            |minutes, detail: &str| TicketEvent { detail: detail.into(), ..event(minutes, EventKind::Status, "rule") };
        let asked = [status(0, "new → waiting for host")];
        let answered = [status(0, "new → waiting for host"), status(40, "waiting → open: the requester wrote")];
        let waits = [
            event(10, EventKind::MessageOut, "aoki"),
            status(10, "open → waiting: an agent replied and waits for the requester"),
            status(180, "waiting → open: the requester wrote"),
        ];
        let which = Which::default();
        let none: fn(&mut Ticket) = |_| {};
        let met: fn(&mut Ticket) = |ticket| ticket.promises.clocks[0].met_at = Some(NOW.plus_ms(60 * MINUTE_MS));
        let late: fn(&mut Ticket) =
            |ticket| ticket.promises.clocks[0].late.push(Late { cycle: 1, at: NOW.plus_ms(100 * MINUTE_MS) });
        let solved: fn(&mut Ticket) = |ticket| ticket.resolved_at = Some(NOW.plus_ms(200 * MINUTE_MS));
        let unapproved: fn(&mut Ticket) = |ticket| {
            let (verdict, wanted_at) = (Verdict::Wanted, NOW);
            ticket.course.approval = Some(Approval { verdict, wanted_at, given: None, note: String::new() });
        };
        let angry: fn(&mut Ticket) = |ticket| {
            ticket.promises.note(Signal::Negative);
            ticket.promises.note(Signal::Negative);
        };
        let unacknowledged = |minutes| Trigger::Unacknowledged { minutes };
        let cases: [Case<'_>; 16] = [
            (Trigger::TimeUsed { which, percent: 50 }, none, &[], &[50]),
            (Trigger::TimeUsed { which, percent: 50 }, met, &[], &[50]),
            (Trigger::TimeUsed { which, percent: 75 }, met, &[], &[]),
            (Trigger::TimeLeft { which, minutes: 10 }, none, &[], &[90]),
            (Trigger::Breach { which }, none, &[], &[]),
            (Trigger::Breach { which }, late, &[], &[100]),
            (unacknowledged(15), none, &taken, &[15]),
            (unacknowledged(25), none, &taken, &[]),
            (unacknowledged(15), none, &moved, &[45]),
            (unacknowledged(15), none, &asked, &[]),
            (unacknowledged(15), none, &answered, &[40]),
            (Trigger::Silence { minutes: 60 }, solved, &words, &[70, 160]),
            (Trigger::Silence { minutes: 60 }, solved, &waits, &[180]),
            (Trigger::Unapproved { minutes: 30 }, unapproved, &answered, &[40]),
            (Trigger::Queued, none, &moved, &[0, 30]),
            (Trigger::Seen { signal: Signal::Negative, times: 2 }, angry, &[], &[0]),
        ];
        for (trigger, change, events, wanted) in cases {
            assert_eq!(fired(trigger.clone(), change, events), wanted, "{trigger:?}");
        }
    }
}
