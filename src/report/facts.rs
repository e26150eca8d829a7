//! From tickets with their histories, one after the other, to the few values the tables count. Nothing else of a ticket is kept, so
//! that a year fits into memory.

use std::collections::BTreeMap;

use super::courses::Courses;
use crate::domain::catalog::Catalog;
use crate::domain::schedule::Objective;
use crate::domain::{
    Channel, Clock, ClockKind, ClockLevel, EventKind, ReportTerms, Signal, Span, Status, Ticket, TicketEvent, TicketId,
    TicketLife, Timestamp,
};
use crate::sla::book::Book;
use crate::sla::timers;

/// Details that name the service a ticket is about, the best first.
const SERVICE_SLOTS: [&str; 4] = ["service", "host", "domain", "contract_id"];
/// Those who are no agents.
const NO_AGENTS: [&str; 3] = ["rule", "requester", "bystander"];
const MS_PER_MINUTE: f64 = 60_000.0;

/// What figures depend on beside the tickets.
#[derive(Clone, Copy, Debug)]
pub struct Basis<'a> {
    /// Request types, queues, calendars.
    pub catalog: &'a Catalog,
    /// What a support lead says about the figures.
    pub terms: &'a ReportTerms,
    /// When the report is made.
    pub now: Timestamp,
}

/// Everything counted of the tickets that lived in a span.
#[derive(Debug)]
pub struct Tally<'a> {
    pub(super) basis: Basis<'a>,
    pub(super) span: Span,
    /// Tickets that arrived in the span, in order of their numbers.
    pub(super) cohort: Vec<Fact>,
    /// What people did in the span.
    pub(super) acts: Vec<Act>,
    /// What the machine did in the span.
    pub(super) deeds: BTreeMap<Deed, Vec<TicketId>>,
    /// Outages that lasted into the span.
    pub(super) outages: Vec<Outage>,
    /// What the processes keep of the tickets.
    pub(super) courses: Courses,
}

/// A ticket that arrived in the span.
#[derive(Clone, Debug)]
pub(super) struct Fact {
    pub id: TicketId,
    pub created_at: Timestamp,
    pub subject: String,
    pub intent: Option<String>,
    pub channel: Channel,
    pub queue: String,
    pub service: Option<String>,
    pub status: Status,
    pub promises: Vec<Promise>,
    /// Working minutes to the first word of a person, and to the solution.
    pub first_minutes: Option<f64>,
    pub solved_minutes: Option<f64>,
    pub handled: Handled,
    /// An article answered it or was suggested.
    pub has_article: bool,
    pub reopened: u32,
    pub is_complaint: bool,
    /// The register of complaints has it.
    pub is_registered: bool,
}

/// Who dealt with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Handled {
    /// The machine's answer was all there was.
    Answered,
    /// An alert that ended by itself: nobody worked on it.
    Recovered,
    /// People, or nobody yet.
    People,
}

/// How one clock of a ticket stands, all its cycles together.
#[derive(Clone, Debug)]
pub(super) struct Promise {
    pub kind: ClockKind,
    pub level: ClockLevel,
    pub target: Objective,
    pub met: u32,
    pub missed: u32,
    pub open: u32,
    /// Why it was missed.
    pub cause: Option<Cause>,
}

/// Why a promise was missed, as the history shows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Cause {
    NobodyTookIt,
    TakenButNoWord,
    NoInterimReport,
    PassedOn,
    CameBack,
    NotDone,
}

/// What a person did: a reply, or any other change.
#[derive(Clone, Debug)]
pub(super) struct Act {
    pub ticket: TicketId,
    pub team: String,
    pub intent: Option<String>,
    pub is_reply: bool,
}

/// Something the machine did in place of a person.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Deed {
    Filed,
    Escalated,
    Answered,
    Suggested,
    Asked,
    Informed,
    Joined,
}

/// A service that was down.
#[derive(Clone, Debug)]
pub(super) struct Outage {
    pub ticket: TicketId,
    pub began_at: Timestamp,
    pub service: Option<String>,
    pub event: String,
    /// As it was stated, or written down as a detail.
    pub cause: Option<String>,
    /// The key of the problem it was put under.
    pub matter: Option<String>,
    /// Interim reports that were sent.
    pub reports: u32,
    /// Hours with a word in time, and without.
    pub in_time: u32,
    pub late: u32,
    /// When it was down within the span, in order; the last one may last.
    pub stretches: Vec<Span>,
    /// For how long it was down in all, also outside of the span.
    pub whole_ms: i64,
    pub lasts: bool,
}

impl<'a> Tally<'a> {
    /// Nothing counted yet.
    #[must_use]
    pub fn new(basis: Basis<'a>, span: Span) -> Self {
        let (deeds, courses) = (BTreeMap::new(), Courses::default());
        Self { basis, span, cohort: Vec::new(), acts: Vec::new(), deeds, outages: Vec::new(), courses }
    }

    /// Counts a ticket. Tickets that have nothing to do with the span change nothing.
    pub fn add(&mut self, life: &TicketLife) {
        let ticket = &life.ticket;
        if self.span.holds(ticket.created_at) {
            self.cohort.push(self.fact(life));
        }
        self.work(life);
        self.outage(life);
        self.course(ticket);
    }

    fn fact(&self, life: &TicketLife) -> Fact {
        let ticket = &life.ticket;
        let is = |types: &[String]| ticket.intent.as_ref().is_some_and(|intent| types.contains(intent));
        let by_people = life.events.iter().any(|event| is_agent(&event.actor));
        let has_ended = matches!(ticket.status, Status::Resolved | Status::Closed);
        let is_answered = ticket.article.is_some() && ticket.first_response_at.is_none();
        let handled = if by_people {
            Handled::People
        } else if is_answered && (has_ended || ticket.status == Status::Answered) {
            Handled::Answered
        } else if has_ended && ticket.channel == Channel::Alert {
            Handled::Recovered
        } else {
            Handled::People
        };
        Fact {
            id: ticket.id,
            created_at: ticket.created_at,
            subject: ticket.subject.clone(),
            intent: ticket.intent.clone(),
            channel: ticket.channel,
            queue: ticket.queue.clone(),
            service: service(ticket),
            status: ticket.status,
            promises: ticket.promises.clocks.iter().map(|clock| self.promise(clock, life)).collect(),
            first_minutes: self.minutes(ticket, ClockKind::FirstResponse),
            solved_minutes: self.minutes(ticket, ClockKind::Resolution),
            handled,
            has_article: ticket.article.is_some(),
            reopened: ticket.promises.count(Signal::Reopened),
            is_complaint: is(&self.basis.terms.complaint_types) || ticket.promises.count(Signal::Complaint) > 0,
            is_registered: ticket.course.complaint.is_some(),
        }
    }

    /// A clock that fell due is missed also when the ticker has not looked at it yet.
    pub(super) fn promise(&self, clock: &Clock, life: &TicketLife) -> Promise {
        let is_running = clock.is_open() && clock.breached_at.is_none();
        let is_late = is_running && !clock.is_paused() && clock.due_at <= self.basis.now;
        let missed = clock.missed + u32::from(is_late);
        Promise {
            kind: clock.kind,
            level: clock.level,
            target: clock.target,
            met: clock.kept,
            missed,
            open: u32::from(is_running && !is_late),
            cause: (missed > 0).then(|| cause(clock, life)),
        }
    }

    /// Working minutes a clock of this kind took, when it ended. Both levels count the same time; our own target comes first.
    #[expect(clippy::cast_precision_loss, reason = "milliseconds of a ticket's life are far below 2^52")]
    fn minutes(&self, ticket: &Ticket, kind: ClockKind) -> Option<f64> {
        let clocks =
            [ClockLevel::Slo, ClockLevel::Sla].into_iter().filter_map(|level| ticket.promises.clock(kind, level));
        let clock = clocks.into_iter().find(|clock| clock.met_at.is_some())?;
        let book = Book { catalog: self.basis.catalog };
        let table = book.table_of(clock, &ticket.queue)?;
        Some(timers::spent_ms(clock, &table, self.basis.now) as f64 / MS_PER_MINUTE)
    }

    /// What people and the machine did to the ticket in the span.
    fn work(&mut self, life: &TicketLife) {
        let ticket = &life.ticket;
        let mut team = first_queue(life);
        // One action writes several lines with one time and one actor.
        let mut last: Option<(Timestamp, &str)> = None;
        for event in &life.events {
            if self.span.holds(event.at) {
                if let Some(deed) = deed(event) {
                    self.deeds.entry(deed).or_default().push(ticket.id);
                }
                if is_agent(&event.actor) && event.kind != EventKind::Clock {
                    let key = (event.at, event.actor.as_str());
                    let is_reply = event.kind == EventKind::MessageOut;
                    match self.acts.last_mut() {
                        Some(act) if last == Some(key) => act.is_reply |= is_reply,
                        _ => {
                            let (team, intent) = (team.to_owned(), ticket.intent.clone());
                            self.acts.push(Act { ticket: ticket.id, team, intent, is_reply });
                        }
                    }
                    last = Some(key);
                }
            }
            if let Some(queue) = moved_to(event) {
                team = queue;
            }
        }
    }
}

pub(super) fn service(ticket: &Ticket) -> Option<String> {
    SERVICE_SLOTS.iter().find_map(|name| ticket.slots.get(*name)).filter(|name| !name.trim().is_empty()).cloned()
}

fn is_agent(actor: &str) -> bool {
    !NO_AGENTS.contains(&actor)
}

fn deed(event: &TicketEvent) -> Option<Deed> {
    if event.actor != "rule" {
        return None;
    }
    match event.kind {
        EventKind::Opened => Some(Deed::Filed),
        EventKind::Escalated => Some(Deed::Escalated),
        EventKind::MessageOut => match event.detail.split(' ').next() {
            Some("answer") => Some(Deed::Answered),
            Some("suggestion") => Some(Deed::Suggested),
            Some("question") => Some(Deed::Asked),
            Some("acknowledgement" | "status") => Some(Deed::Informed),
            _ => None,
        },
        EventKind::Note if is_repeat(&event.detail) => Some(Deed::Joined),
        EventKind::MessageIn
        | EventKind::Note
        | EventKind::Status
        | EventKind::Queue
        | EventKind::Priority
        | EventKind::Assignee
        | EventKind::Slots
        | EventKind::Merged
        | EventKind::Linked
        | EventKind::Approval
        | EventKind::Clock
        | EventKind::Delivery => None,
    }
}

/// A repeated alert that became no ticket of its own.
fn is_repeat(note: &str) -> bool {
    let gathered = |note: &str| note.starts_with(TicketEvent::GATHERED) && note.contains(TicketEvent::OF_STORM);
    note.starts_with(TicketEvent::STILL_FIRING) || note.starts_with(TicketEvent::FIRING_AGAIN) || gathered(note)
}

fn moved_to(event: &TicketEvent) -> Option<&str> {
    let moved = (event.kind == EventKind::Queue).then(|| event.detail.split_once(" → "))?;
    moved.map(|(_, queue)| queue)
}

/// The queue a ticket began in.
fn first_queue(life: &TicketLife) -> &str {
    let moved = life.events.iter().find(|event| event.kind == EventKind::Queue);
    moved.and_then(|event| event.detail.split_once(" → ")).map_or(life.ticket.queue.as_str(), |(from, _)| from)
}

fn cause(clock: &Clock, life: &TicketLife) -> Cause {
    let due_at = clock.late.first().map_or(clock.due_at, |late| late.at);
    let before = |kind: EventKind| life.events.iter().any(|event| event.kind == kind && event.at <= due_at);
    match clock.kind {
        ClockKind::FirstResponse | ClockKind::NextResponse if before(EventKind::Assignee) => Cause::TakenButNoWord,
        ClockKind::FirstResponse | ClockKind::NextResponse => Cause::NobodyTookIt,
        ClockKind::Update => Cause::NoInterimReport,
        ClockKind::Resolution if before(EventKind::Queue) => Cause::PassedOn,
        ClockKind::Resolution if life.ticket.promises.count(Signal::Reopened) > 0 => Cause::CameBack,
        ClockKind::Resolution => Cause::NotDone,
    }
}
