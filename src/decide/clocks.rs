//! When a ticket's promises fall due, and how waiting for the requester stops them.
//!
//! While a ticket waits, is answered or has ended, its clocks stand: `due` is what it was at `updated_at`. A change that
//! leaves or keeps such a state first moves the due times by the working time that has passed since.

use crate::domain::catalog::{Catalog, Due};
use crate::domain::schedule::{Calendar, Objective};
use crate::domain::{Intent, Message, Priority, Status, Ticket, Timestamp};
use crate::sla;

/// For what no request type sets a time: the next business day.
const USUAL: Objective = Objective::BusinessDays(1);
/// First notice and interim reports while a critical matter lasts, around the clock.
const CRITICAL_NOTICE_MINUTES: u32 = 15;
const CRITICAL_UPDATE_MINUTES: u32 = 60;
/// First notice on high priority, in the queue's hours.
const HIGH_NOTICE_MINUTES: u32 = 60;
/// Critical matters run on this calendar, which every catalog holds.
const ALWAYS: &str = "always";

/// What a ticket's promises are counted from: its intent and priority, and the queue whose hours apply.
pub(super) struct Promise<'a> {
    pub(super) catalog: &'a Catalog,
    pub(super) intent: Option<&'a Intent>,
    pub(super) queue: &'a str,
    pub(super) priority: Priority,
}

impl<'a> Promise<'a> {
    pub(super) fn of(catalog: &'a Catalog, ticket: &'a Ticket) -> Self {
        let intent = ticket.intent.as_deref().and_then(|id| catalog.intent(id));
        Self { catalog, intent, queue: &ticket.queue, priority: ticket.priority }
    }

    /// The due times for something that begins at `start`; none without a calendar.
    pub(super) fn due(&self, start: Timestamp) -> Due {
        let Some(calendar) = hours_of(self.catalog, self.queue) else { return Due::default() };
        let objective = self.intent.map_or(USUAL, |intent| intent.objective);
        let around_the_clock = self.catalog.calendar(ALWAYS).unwrap_or(calendar);
        let (first_response, resolution, next_update) = match self.priority {
            Priority::Critical => {
                let hours = match objective {
                    Objective::Minutes(_) => around_the_clock,
                    Objective::BusinessDays(_) => calendar,
                };
                (
                    sla::add_minutes(around_the_clock, start, CRITICAL_NOTICE_MINUTES),
                    sla::due(hours, start, objective),
                    Some(sla::add_minutes(around_the_clock, start, CRITICAL_UPDATE_MINUTES)),
                )
            }
            Priority::High => {
                (sla::add_minutes(calendar, start, HIGH_NOTICE_MINUTES), sla::due(calendar, start, objective), None)
            }
            Priority::Medium | Priority::Low => {
                (sla::due(calendar, start, USUAL), sla::due(calendar, start, objective), None)
            }
        };
        Due { first_response: Some(first_response.min(resolution)), resolution: Some(resolution), next_update }
    }
}

/// The calendar of `queue`, or any there is.
fn hours_of<'a>(catalog: &'a Catalog, queue: &str) -> Option<&'a Calendar> {
    let named = catalog.queue(queue).and_then(|queue| catalog.calendar(&queue.calendar));
    named.or_else(|| catalog.calendars.first())
}

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

/// Brings the due times of a ticket whose clocks stood since its last change up to `now`. Called once, before the change.
pub(super) fn catch_up(catalog: &Catalog, ticket: &mut Ticket, now: Timestamp) {
    if !is_standing(ticket.status) {
        return;
    }
    let Some(calendar) = hours_of(catalog, &ticket.queue) else { return };
    let (since, critical) = (ticket.updated_at, ticket.priority == Priority::Critical);
    let around_the_clock = catalog.calendar(ALWAYS).unwrap_or(calendar);
    let moved = |due: Option<Timestamp>, calendar: &Calendar| {
        due.map(|due| sla::add_ms(calendar, due, sla::working_ms(calendar, since, now)))
    };
    let hours = if critical { around_the_clock } else { calendar };
    if ticket.first_response_at.is_none() {
        ticket.due.first_response = moved(ticket.due.first_response, hours);
    }
    ticket.due.resolution = moved(ticket.due.resolution, hours);
    ticket.due.next_update = moved(ticket.due.next_update, around_the_clock);
}

/// Starts clocks that never ran: a ticket that was answered or asked about before any person had it.
pub(super) fn run(catalog: &Catalog, ticket: &mut Ticket, now: Timestamp) {
    if ticket.due.resolution.is_none() {
        ticket.due = Promise::of(catalog, ticket).due(now);
    }
}
