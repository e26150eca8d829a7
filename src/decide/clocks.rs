//! A ticket's clocks: when they begin, which terms they have, and what of them the ticket shows.
//!
//! `keep` moves the clocks with everything that happens to a ticket; what stands here is needed while a change is put
//! together, for words that say when something is due.

use crate::domain::catalog::{Catalog, Due};
use crate::domain::promise::{Clock, ClockKind, ClockLevel, Pause};
use crate::domain::schedule::Objective;
use crate::domain::service::Policy;
use crate::domain::{Message, Priority, Status, Ticket, Timestamp};
use crate::sla::book::Book;
use crate::sla::timers::{self, Count};

/// What the requester is told to expect: for critical matters the first word of a person, otherwise the solution.
/// `None` when that time has passed already.
pub(super) fn expected(priority: Priority, due: Due, now: Timestamp) -> Option<Timestamp> {
    let at = if priority == Priority::Critical { due.first_response } else { due.resolution };
    at.filter(|at| *at > now)
}

/// When a new ticket's clocks begin: at the arrival of its message, but now for one from an old backlog.
pub(super) fn start(message: &Message, now: Timestamp) -> Timestamp {
    if message.stale { now } else { message.arrived_at.min(now) }
}

/// Whether the clocks stand in this state.
pub(super) const fn is_standing(status: Status) -> bool {
    match status {
        Status::Waiting | Status::Answered | Status::Resolved | Status::Closed => true,
        Status::New | Status::Open => false,
    }
}

/// Whether the matter has ended.
pub(super) const fn is_ended(status: Status) -> bool {
    match status {
        Status::Resolved | Status::Closed => true,
        Status::New | Status::Open | Status::Waiting | Status::Answered => false,
    }
}

/// Begins the clocks of a ticket that has none, at `at`.
pub(super) fn begin(catalog: &Catalog, ticket: &mut Ticket, at: Timestamp) {
    let book = Book { catalog };
    if !ticket.promises.clocks.is_empty() {
        return;
    }
    if let Some(policy) = book.policy(ticket) {
        ticket.promises.clocks = clocks_of(book, policy, ticket, at);
    }
    show(ticket);
}

/// The clocks of `policy` from `at` on. The first word is due no later than the solution.
fn clocks_of(book: Book<'_>, policy: &Policy, ticket: &Ticket, at: Timestamp) -> Vec<Clock> {
    let Some(table) = book.policy_table(policy, ticket) else { return Vec::new() };
    let targets = policy.targets.iter().filter(|target| target.kind != ClockKind::NextResponse);
    let mut clocks: Vec<Clock> = targets
        .map(|target| timers::start(target.kind, target.level, book.terms(policy, target, ticket), &table, at))
        .collect();
    for level in ClockLevel::ALL {
        let of = |kind| move |clock: &&Clock| clock.kind == kind && clock.level == *level;
        let Some((target, due_at)) =
            clocks.iter().find(of(ClockKind::Resolution)).map(|clock| (clock.target, clock.due_at))
        else {
            continue;
        };
        for clock in clocks.iter_mut().filter(|clock| of(ClockKind::FirstResponse)(&&**clock) && clock.due_at > due_at)
        {
            let terms = timers::Terms { policy: &policy.name, target, warn_percent: &policy.warn_percent };
            *clock = timers::start(ClockKind::FirstResponse, *level, terms, &table, at);
        }
    }
    clocks
}

/// The clocks run from now on: those that stand go on, those of a ticket that never had any begin.
pub(super) fn run(catalog: &Catalog, ticket: &mut Ticket, now: Timestamp) {
    adopt(catalog, ticket);
    if ticket.promises.clocks.is_empty() {
        begin(catalog, ticket, now);
        return;
    }
    each(catalog, ticket, |clock, table| match clock.kind {
        ClockKind::Resolution | ClockKind::Update if !clock.is_open() => timers::reopen(clock, table, now),
        _ if clock.dropped_at.is_some() => timers::reopen(clock, table, now),
        _ => timers::resume(clock, table, now),
    });
    show(ticket);
}

/// Gives the clocks the terms that hold for the ticket as it is now: clocks of another policy count from `count` on, kinds it
/// does not have are dropped, kinds that are new begin.
pub(super) fn retime(catalog: &Catalog, ticket: &mut Ticket, (count, now): (Count, Timestamp)) {
    let book = Book { catalog };
    if ticket.promises.clocks.is_empty() {
        return;
    }
    let Some(policy) = book.policy(ticket) else { return };
    let fresh = clocks_of(book, policy, ticket, now);
    let Some(table) = book.policy_table(policy, ticket) else { return };
    let mut clocks = std::mem::take(&mut ticket.promises.clocks);
    for clock in &mut clocks {
        let target = policy.targets.iter().find(|target| target.kind == clock.kind && target.level == clock.level);
        let Some(target) = target else {
            if let Some(own) = book.table_of(clock, &ticket.queue).filter(|_| clock.is_open()) {
                *clock = timers::drop_at(clock, &own, now);
            }
            continue;
        };
        let mut terms = book.terms(policy, target, ticket);
        // The first word was capped by the solution when it began.
        terms.target = fresh
            .iter()
            .find(|new| new.kind == clock.kind && new.level == clock.level)
            .map_or(terms.target, |new| new.target);
        let same = clock.policy == policy.name && clock.target == terms.target;
        match count {
            // A promise once made does not change because the ticket went to people with other hours.
            Count::FromNow if same => {}
            Count::FromNow | Count::FromStart => *clock = timers::recompute(clock, terms, &table, (count, now)),
        }
    }
    let begun =
        fresh.into_iter().filter(|new| !clocks.iter().any(|old| old.kind == new.kind && old.level == new.level));
    let begun: Vec<Clock> = begun.collect();
    clocks.extend(begun);
    ticket.promises.clocks = clocks;
    show(ticket);
}

/// Applies `change` to every clock.
pub(super) fn each(
    catalog: &Catalog,
    ticket: &mut Ticket,
    change: impl Fn(&Clock, &crate::domain::schedule::Timetable) -> Clock,
) {
    let book = Book { catalog };
    let queue = ticket.queue.clone();
    for clock in &mut ticket.promises.clocks {
        if let Some(table) = book.table_of(clock, &queue) {
            *clock = change(clock, &table);
        }
    }
}

/// A report was made at `now`: the next one is due, counted from it.
pub(super) fn report(catalog: &Catalog, ticket: &mut Ticket, now: Timestamp) {
    each(catalog, ticket, |clock, table| match clock.kind {
        ClockKind::Update if clock.is_open() => timers::again(clock, table, now),
        ClockKind::FirstResponse | ClockKind::NextResponse | ClockKind::Update | ClockKind::Resolution => clock.clone(),
    });
}

/// Clocks for a ticket that was stored with due times alone: they keep those times, and stand since the ticket's last change
/// when it waits.
pub(super) fn adopt(catalog: &Catalog, ticket: &mut Ticket) {
    let due = ticket.due;
    if !ticket.promises.clocks.is_empty() || due == Due::default() {
        return;
    }
    let book = Book { catalog };
    let Some(policy) = book.policy(ticket) else { return };
    let mut clocks = clocks_of(book, policy, ticket, ticket.created_at);
    clocks.retain(|clock| clock.level == ClockLevel::Slo && of_kind(due, clock.kind).is_some());
    for (kind, at) in [(ClockKind::FirstResponse, due.first_response), (ClockKind::Resolution, due.resolution)] {
        if at.is_some() && !clocks.iter().any(|clock| clock.kind == kind) {
            let terms = timers::Terms { policy: &policy.name, target: Objective::BusinessDays(1), warn_percent: &[] };
            clocks.extend(
                book.policy_table(policy, ticket)
                    .map(|table| timers::start(kind, ClockLevel::Slo, terms, &table, ticket.created_at)),
            );
        }
    }
    let (standing, since, met_at) = (is_standing(ticket.status), ticket.updated_at, ticket.first_response_at);
    for clock in &mut clocks {
        if let Some(at) = of_kind(due, clock.kind) {
            clock.due_at = at;
        }
        clock.next_at = Some(clock.due_at);
        if clock.kind == ClockKind::FirstResponse && met_at.is_some() {
            (clock.met_at, clock.next_at) = (met_at, None);
        } else if standing {
            clock.pauses.push(Pause { from: since, to: None });
            clock.next_at = None;
        }
    }
    ticket.promises.clocks = clocks;
}

const fn of_kind(due: Due, kind: ClockKind) -> Option<Timestamp> {
    match kind {
        ClockKind::FirstResponse => due.first_response,
        ClockKind::NextResponse => None,
        ClockKind::Update => due.next_update,
        ClockKind::Resolution => due.resolution,
    }
}

/// Writes on the ticket what its clocks say: the nearest due time of each kind, and what was missed.
pub(super) fn show(ticket: &mut Ticket) {
    let clocks = &ticket.promises.clocks;
    let nearest = |kind: ClockKind| {
        let of_kind = || clocks.iter().filter(move |clock| clock.kind == kind && clock.dropped_at.is_none());
        let open = of_kind().filter(|clock| clock.is_open()).map(|clock| clock.due_at).min();
        open.or_else(|| of_kind().map(|clock| clock.due_at).min())
    };
    let update = clocks.iter().filter(|clock| clock.kind == ClockKind::Update && clock.is_open());
    ticket.due = Due {
        first_response: nearest(ClockKind::FirstResponse),
        resolution: nearest(ClockKind::Resolution),
        next_update: update.map(|clock| clock.due_at).min(),
    };
    for clock in clocks.iter().filter(|clock| clock.missed > 0) {
        let name = shown_name(clock.kind);
        if !ticket.breached.iter().any(|known| known == name) {
            ticket.breached.push(name.to_owned());
        }
    }
}

/// What a missed promise is called on the ticket.
pub(super) const fn shown_name(kind: ClockKind) -> &'static str {
    match kind {
        ClockKind::Update => "next_update",
        ClockKind::FirstResponse | ClockKind::NextResponse | ClockKind::Resolution => kind.as_str(),
    }
}
