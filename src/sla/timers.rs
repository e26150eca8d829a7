//! A clock from its start to its end: each function takes a clock and returns the next one. None reads the time.
//!
//! A clock is missed at the very instant it falls due, however late that is noticed. While it stands nothing falls due; when
//! it runs again its due time has moved by the working time that passed.

use super::hours::{add_ms, due, working_ms};
use crate::domain::Timestamp;
use crate::domain::promise::{Clock, ClockKind, ClockLevel, Late, Pause, Revision};
use crate::domain::schedule::{Objective, Timetable};

/// Revisions and misses kept on a clock.
const MOST_KEPT: usize = 20;

/// What a policy says of a clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Terms<'a> {
    /// The policy's name.
    pub policy: &'a str,
    /// How much time there is.
    pub target: Objective,
    /// Shares of it, in percent, at which people are warned.
    pub warn_percent: &'a [u8],
}

/// From when a clock counts after its terms changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Count {
    /// From its start: the rules changed.
    FromStart,
    /// From now: the ticket became another matter.
    FromNow,
}

/// A stretch of a clock's time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stretch {
    /// Its beginning.
    pub from: Timestamp,
    /// Its end.
    pub to: Timestamp,
    /// Whether it counts.
    pub counts: bool,
    /// Working time in it, in milliseconds, whether it counts or not.
    pub working_ms: i64,
}

/// A clock that begins at `at`.
#[must_use]
pub fn start(kind: ClockKind, level: ClockLevel, terms: Terms<'_>, table: &Timetable, at: Timestamp) -> Clock {
    let clock = Clock {
        kind,
        level,
        policy: terms.policy.to_owned(),
        calendar: table.calendar().name.clone(),
        target: terms.target,
        cycle: 1,
        started_at: at,
        pauses: Vec::new(),
        due_at: due(table, at, terms.target),
        warn_percent: terms.warn_percent.to_vec(),
        warned: Vec::new(),
        met_at: None,
        breached_at: None,
        dropped_at: None,
        kept: 0,
        missed: 0,
        late: Vec::new(),
        revisions: Vec::new(),
        next_at: None,
    };
    planned(clock, table)
}

/// What has happened to the clock by `now`: warnings reached, and whether it was missed.
#[must_use]
pub fn look(clock: &Clock, table: &Timetable, now: Timestamp) -> Clock {
    let mut clock = clock.clone();
    if !clock.is_open() || clock.is_paused() || clock.breached_at.is_some() {
        return clock;
    }
    for percent in clock.warn_percent.clone() {
        if !clock.warned.contains(&percent) && share_at(&clock, table, percent) <= now {
            clock.warned.push(percent);
        }
    }
    if clock.due_at <= now {
        clock.breached_at = Some(clock.due_at);
        clock.missed = clock.missed.saturating_add(1);
        clock.late.push(Late { cycle: clock.cycle, at: clock.due_at });
        let surplus = clock.late.len().saturating_sub(MOST_KEPT);
        clock.late.drain(..surplus);
    }
    planned(clock, table)
}

/// The clock stands from `at` on. A clock that has ended or stands already stays as it is.
#[must_use]
pub fn pause(clock: &Clock, table: &Timetable, at: Timestamp) -> Clock {
    let mut clock = look(clock, table, at);
    if clock.is_open() && !clock.is_paused() {
        clock.pauses.push(Pause { from: at.max(clock.started_at), to: None });
    }
    planned(clock, table)
}

/// The clock runs again from `at` on.
#[must_use]
pub fn resume(clock: &Clock, table: &Timetable, at: Timestamp) -> Clock {
    let mut clock = clock.clone();
    let (breached, due_at) = (clock.breached_at.is_some(), clock.due_at);
    if let Some(pause) = clock.pauses.last_mut().filter(|pause| pause.to.is_none()) {
        let to = at.max(pause.from);
        pause.to = Some(to);
        if !breached {
            clock.due_at = add_ms(table, due_at, working_ms(table, pause.from, to));
        }
    }
    planned(clock, table)
}

/// What the clock waits for happened at `at`: in time, or too late.
#[must_use]
pub fn meet(clock: &Clock, table: &Timetable, at: Timestamp) -> Clock {
    let mut clock = resume(&look(clock, table, at), table, at);
    if clock.is_open() {
        clock.met_at = Some(at);
        clock.kept = clock.kept.saturating_add(u32::from(clock.breached_at.is_none()));
    }
    planned(clock, table)
}

/// Nothing is waited for any more, and nobody kept the promise.
#[must_use]
pub fn drop_at(clock: &Clock, table: &Timetable, at: Timestamp) -> Clock {
    let mut clock = resume(&look(clock, table, at), table, at);
    if clock.is_open() {
        clock.dropped_at = Some(at);
    }
    planned(clock, table)
}

/// A clock that had ended goes on at `at`; the time in between does not count. What was missed stays missed.
#[must_use]
pub fn reopen(clock: &Clock, table: &Timetable, at: Timestamp) -> Clock {
    let mut clock = clock.clone();
    let Some(ended) = clock.met_at.or(clock.dropped_at) else { return clock };
    if clock.met_at.is_some() && clock.breached_at.is_none() {
        clock.kept = clock.kept.saturating_sub(1);
    }
    (clock.met_at, clock.dropped_at) = (None, None);
    clock.pauses.push(Pause { from: ended.max(clock.started_at), to: None });
    resume(&clock, table, at)
}

/// The next cycle of a clock, from `at` on. The one before ends there when it still ran.
#[must_use]
pub fn again(clock: &Clock, table: &Timetable, at: Timestamp) -> Clock {
    let ended = meet(clock, table, at);
    let terms = Terms { policy: &ended.policy, target: ended.target, warn_percent: &ended.warn_percent };
    Clock {
        cycle: ended.cycle.saturating_add(1),
        kept: ended.kept,
        missed: ended.missed,
        late: ended.late.clone(),
        revisions: ended.revisions.clone(),
        ..start(ended.kind, ended.level, terms, table, at)
    }
}

/// The clock under other terms. A clock that has ended or was missed keeps what it promised; one whose new time is over
/// already falls due now, for nobody was late by the promise that held until now.
#[must_use]
pub fn recompute(clock: &Clock, terms: Terms<'_>, table: &Timetable, (count, now): (Count, Timestamp)) -> Clock {
    let before = look(clock, table, now);
    if !before.is_open() || before.breached_at.is_some() {
        return before;
    }
    let (paused, mut after) = (before.is_paused(), before.clone());
    terms.policy.clone_into(&mut after.policy);
    after.calendar.clone_from(&table.calendar().name);
    after.target = terms.target;
    after.warn_percent = terms.warn_percent.to_vec();
    match count {
        Count::FromStart => {
            let base = due(table, after.started_at, terms.target);
            after.due_at = shifted(&after, table, base);
        }
        Count::FromNow => {
            after.started_at = now;
            after.pauses = if paused { vec![Pause { from: now, to: None }] } else { Vec::new() };
            after.warned = Vec::new();
            after.due_at = due(table, now, terms.target);
        }
    }
    if !paused {
        after.due_at = after.due_at.max(now);
    }
    if (&after.policy, after.target, after.started_at, after.due_at)
        != (&before.policy, before.target, before.started_at, before.due_at)
    {
        after.revisions.push(Revision {
            at: now,
            policy: before.policy,
            target: before.target,
            started_at: before.started_at,
            due_at: before.due_at,
        });
        let surplus = after.revisions.len().saturating_sub(MOST_KEPT);
        after.revisions.drain(..surplus);
    }
    planned(after, table)
}

/// When `percent` of the clock's time has passed, if it does not stand again.
#[must_use]
pub fn share_at(clock: &Clock, table: &Timetable, percent: u8) -> Timestamp {
    let whole = spent_until(clock, table, clock.due_at);
    let part = whole.saturating_mul(i64::from(percent)) / 100;
    shifted(clock, table, add_ms(table, clock.started_at, part))
}

/// Working time that has counted by `now`, in milliseconds.
#[must_use]
pub fn spent_ms(clock: &Clock, table: &Timetable, now: Timestamp) -> i64 {
    spent_until(clock, table, end_of(clock, now))
}

/// The clock's time in order, from its start to its end or `now`: what counted, and what did not.
#[must_use]
pub fn explain(clock: &Clock, table: &Timetable, now: Timestamp) -> Vec<Stretch> {
    let end = end_of(clock, now);
    let mut stretches = Vec::new();
    let mut add = |from: Timestamp, to: Timestamp, counts: bool| {
        if to > from {
            stretches.push(Stretch { from, to, counts, working_ms: working_ms(table, from, to) });
        }
    };
    let mut from = clock.started_at;
    for pause in &clock.pauses {
        let to = pause.to.unwrap_or(end).min(end);
        add(from, pause.from.min(end), true);
        add(pause.from, to, false);
        from = from.max(to);
    }
    add(from, end, true);
    stretches
}

fn end_of(clock: &Clock, now: Timestamp) -> Timestamp {
    clock.met_at.or(clock.dropped_at).unwrap_or(now).max(clock.started_at)
}

fn spent_until(clock: &Clock, table: &Timetable, end: Timestamp) -> i64 {
    let stood: i64 =
        clock.pauses.iter().map(|pause| working_ms(table, pause.from.min(end), pause.to.unwrap_or(end).min(end))).sum();
    working_ms(table, clock.started_at, end) - stood
}

/// An instant reckoned without pauses, moved by those that began before it.
fn shifted(clock: &Clock, table: &Timetable, at: Timestamp) -> Timestamp {
    let mut at = at;
    for pause in &clock.pauses {
        if let Some(to) = pause.to.filter(|_| pause.from < at) {
            at = add_ms(table, at, working_ms(table, pause.from, to));
        }
    }
    at
}

/// The clock with the time at which it next has to be looked at.
fn planned(mut clock: Clock, table: &Timetable) -> Clock {
    clock.next_at = None;
    if clock.is_open() && !clock.is_paused() && clock.breached_at.is_none() {
        let warnings = clock.warn_percent.iter().filter(|percent| !clock.warned.contains(percent));
        let first = warnings.map(|percent| share_at(&clock, table, *percent)).min();
        clock.next_at = Some(first.map_or(clock.due_at, |first| first.min(clock.due_at)));
    }
    clock
}

#[cfg(test)]
mod tests;
