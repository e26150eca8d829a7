//! The rows a batch of changes becomes, one list for each table.

use serde::Serialize;

use super::StoreError;
use super::alerts::AlertRows;
use super::audit::{self, AuditRow};
use super::problems::{ProblemRow, SightingRow, add_problem, sighting};
use super::processes::{ComplaintRow, RatingRow, complaint_row, rating_row};
use super::rule_hits::{self, HitRow};
use super::timers::{TimerRow, timer_rows};
use crate::domain::{
    Attachment, Changes, Classification, Decided, Decision, Feedback, Firing, Outbound, Seen, Status, StoredMessage,
    Ticket, TicketEvent, Turn,
};

/// How an inbox row ends.
#[derive(Serialize)]
pub(super) struct InboxRow<'a> {
    id: i64,
    fate: &'static str,
    reason: &'a str,
    ticket: Option<i64>,
    article: Option<&'a str>,
    catalog: &'a str,
}

#[derive(Serialize)]
pub(super) struct TicketRow<'a> {
    id: i64,
    was: i64,
    version: i64,
    status: &'static str,
    queue: &'a str,
    priority: &'static str,
    intent: Option<&'a str>,
    requester: String,
    channel: &'static str,
    source: &'a str,
    assignee: Option<&'a str>,
    created: i64,
    updated: i64,
    next_due: Option<i64>,
    merged_into: Option<i64>,
    body: &'a Ticket,
}

#[derive(Serialize)]
pub(super) struct MessageRow<'a> {
    id: i64,
    ticket: Option<i64>,
    fingerprint: &'a str,
    message_id: Option<&'a str>,
    sender: &'a str,
    sender_name: &'a str,
    subject: &'a str,
    text: &'a str,
    reply_text: &'a str,
    language: &'static str,
    arrived: i64,
}

#[derive(Serialize)]
pub(super) struct AttachmentRow<'a> {
    id: i64,
    n: usize,
    name: &'a str,
    media_type: &'a str,
    size: i64,
    inline: u8,
    sha256: &'a str,
    scan: &'static str,
    warnings: &'a [String],
}

#[derive(Serialize)]
pub(super) struct OutboundRow<'a> {
    key: &'a str,
    ticket: Option<i64>,
    channel: &'static str,
    source: &'a str,
    kind: &'static str,
    recipient: String,
    automatic: u8,
    message_id: &'a str,
    send_at: i64,
    body: &'a Outbound,
}

#[derive(Serialize)]
pub(super) struct DecisionRow<'a> {
    id: i64,
    decision: &'static str,
    catalog: &'a str,
    decided: &'a Decided,
    classification: Option<&'a Classification>,
    seen: Option<&'a Seen>,
    probability: Option<i64>,
}

#[derive(Serialize)]
pub(super) struct EventRow<'a> {
    ticket: i64,
    at: i64,
    kind: &'static str,
    actor: &'a str,
    detail: &'a str,
}

#[derive(Serialize)]
pub(super) struct KeyRow<'a> {
    key: &'a str,
    ticket: i64,
}

#[derive(Serialize)]
pub(super) struct EditRow<'a> {
    id: i64,
    text: &'a str,
    reply_text: &'a str,
}

#[derive(Serialize)]
pub(super) struct MovedRow {
    id: i64,
    ticket: i64,
}

/// Everything a batch writes.
#[derive(Default)]
pub(super) struct Rows<'a> {
    pub(super) inbox: Vec<InboxRow<'a>>,
    pub(super) new_tickets: Vec<TicketRow<'a>>,
    pub(super) changed_tickets: Vec<TicketRow<'a>>,
    pub(super) events: Vec<EventRow<'a>>,
    pub(super) messages: Vec<MessageRow<'a>>,
    pub(super) attachments: Vec<AttachmentRow<'a>>,
    pub(super) edits: Vec<EditRow<'a>>,
    pub(super) moved: Vec<MovedRow>,
    pub(super) moved_keys: Vec<KeyRow<'a>>,
    pub(super) thread_keys: Vec<KeyRow<'a>>,
    pub(super) outbox: Vec<OutboundRow<'a>>,
    pub(super) bounced: Vec<super::raw::IdRow>,
    pub(super) decisions: Vec<DecisionRow<'a>>,
    pub(super) rule_hits: Vec<HitRow<'a>>,
    pub(super) feedback: Vec<&'a Feedback>,
    pub(super) timers: Vec<TimerRow<'a>>,
    pub(super) fired: Vec<&'a Firing>,
    pub(super) problems: Vec<ProblemRow<'a>>,
    pub(super) sightings: Vec<SightingRow<'a>>,
    pub(super) ratings: Vec<RatingRow<'a>>,
    pub(super) complaints: Vec<ComplaintRow<'a>>,
    pub(super) turns: Vec<&'a Turn>,
    pub(super) alerts: AlertRows<'a>,
    pub(super) audit: Vec<AuditRow>,
}

impl<'a> Rows<'a> {
    pub(super) fn of(batch: impl IntoIterator<Item = &'a Changes>) -> Self {
        let mut rows = Self::default();
        for changes in batch {
            rows.add(changes);
        }
        // One order for all writers, so that two of them seldom wait for each other in a circle.
        rows.changed_tickets.sort_by_key(|row| row.id);
        // One statement may write a row once: of one person's votes on one thing the last stays.
        let key = |said: &Feedback| (said.about, said.aspect, said.actor.clone());
        rows.feedback.reverse();
        rows.feedback.sort_by_key(|said| key(said));
        rows.feedback.dedup_by_key(|said| key(said));
        rows
    }

    fn add(&mut self, changes: &'a Changes) {
        if let Some(settled) = &changes.settled {
            self.inbox.push(InboxRow {
                id: settled.inbox_id.0,
                fate: settled.fate.as_str(),
                reason: &settled.reason,
                ticket: settled.ticket.map(|id| id.0),
                article: settled.article.as_deref(),
                catalog: &settled.catalog_version,
            });
            if let Some(decided) = &settled.decided {
                self.decisions.push(DecisionRow {
                    id: settled.inbox_id.0,
                    decision: decided.decision.name(),
                    catalog: &settled.catalog_version,
                    decided,
                    classification: settled.classification.as_ref(),
                    seen: settled.seen.as_deref(),
                    probability: probability(decided, settled.classification.as_ref()),
                });
            }
        }
        self.rule_hits.extend(rule_hits::rows(changes));
        for ticket in &changes.tickets {
            let list = if ticket.version == 0 { &mut self.new_tickets } else { &mut self.changed_tickets };
            list.push(ticket_row(ticket));
            self.timers.extend(timer_rows(ticket));
            self.ratings.extend(rating_row(ticket));
            self.complaints.extend(complaint_row(ticket));
        }
        self.events.extend(changes.events.iter().map(event_row));
        self.audit.extend(audit::rows_of(changes));
        if let Some(message) = &changes.message {
            self.messages.push(message_row(message));
            let id = message.inbox_id.0;
            self.attachments
                .extend(message.attachments.iter().enumerate().map(|(n, file)| attachment_row(id, n, file)));
        }
        self.edits.extend(changes.edits.iter().map(|edit| EditRow {
            id: edit.inbox_id.0,
            text: &edit.text,
            reply_text: &edit.reply_text,
        }));
        for moved in &changes.moved {
            self.moved.push(MovedRow { id: moved.inbox_id.0, ticket: moved.ticket.0 });
            self.moved_keys.extend(moved.keys.iter().map(|key| KeyRow { key, ticket: moved.ticket.0 }));
        }
        self.thread_keys.extend(changes.thread_keys.iter().map(|key| KeyRow { key: &key.key, ticket: key.ticket.0 }));
        self.outbox.extend(changes.outbound.iter().map(outbound_row));
        self.feedback.extend(&changes.feedback);
        self.fired.extend(&changes.fired);
        for problem in &changes.problems {
            add_problem(&mut self.problems, problem);
            self.sightings.push(sighting(problem));
        }
        self.turns.extend(&changes.turns);
        for change in &changes.alerts {
            self.alerts.add(change);
        }
        self.bounced.extend(changes.bounced.iter().map(|id| super::raw::IdRow { id: id.0 }));
    }
}

/// How probable the article is that a decision names, in millionths.
#[expect(clippy::cast_possible_truncation, reason = "a share of a million fits")]
fn probability(decided: &Decided, classification: Option<&Classification>) -> Option<i64> {
    let named = match &decided.decision {
        Decision::Answer { probability, .. } => Some(*probability),
        Decision::Suggest { articles } => {
            let candidates = &classification?.articles;
            candidates.iter().find(|found| Some(&found.article) == articles.first()).map(|found| found.probability)
        }
        Decision::Ignore { .. }
        | Decision::FollowUp { .. }
        | Decision::Ask { .. }
        | Decision::File
        | Decision::Escalate { .. } => None,
    };
    named.map(|share| (share.clamp(0.0, 1.0) * 1e6).round() as i64)
}

fn ticket_row(ticket: &Ticket) -> TicketRow<'_> {
    TicketRow {
        id: ticket.id.0,
        was: ticket.version,
        version: ticket.version + 1,
        status: ticket.status.as_str(),
        queue: &ticket.queue,
        priority: ticket.priority.as_str(),
        intent: ticket.intent.as_deref(),
        requester: ticket.requester.address.to_lowercase(),
        channel: ticket.channel.as_str(),
        source: &ticket.source,
        assignee: ticket.assignee.as_deref(),
        created: ticket.created_at.0,
        updated: ticket.updated_at.0,
        next_due: next_due(ticket),
        merged_into: ticket.merged_into.map(|id| id.0),
        body: ticket,
    }
}

/// The next promise of an unsolved ticket that is neither kept nor already missed: what a search for due tickets goes by.
fn next_due(ticket: &Ticket) -> Option<i64> {
    let running = match ticket.status {
        Status::New | Status::Open | Status::Waiting | Status::Answered => ticket.merged_into.is_none(),
        Status::Resolved | Status::Closed => false,
    };
    let open = |name: &str| !ticket.breached.iter().any(|missed| missed == name);
    let due = &ticket.due;
    let promises = [
        due.first_response.filter(|_| ticket.first_response_at.is_none() && open("first_response")),
        due.resolution.filter(|_| open("resolution")),
        due.next_update.filter(|_| open("next_update")),
    ];
    promises.into_iter().flatten().map(|at| at.0).min().filter(|_| running)
}

fn event_row(event: &TicketEvent) -> EventRow<'_> {
    EventRow {
        ticket: event.ticket.0,
        at: event.at.0,
        kind: event.kind.as_str(),
        actor: &event.actor,
        detail: &event.detail,
    }
}

fn message_row(message: &StoredMessage) -> MessageRow<'_> {
    MessageRow {
        id: message.inbox_id.0,
        ticket: message.ticket.map(|id| id.0),
        fingerprint: &message.fingerprint,
        message_id: message.message_id.as_deref(),
        sender: &message.from.address,
        sender_name: &message.from.name,
        subject: &message.subject,
        text: &message.text,
        reply_text: &message.reply_text,
        language: message.language.as_str(),
        arrived: message.arrived_at.0,
    }
}

fn attachment_row(id: i64, n: usize, file: &Attachment) -> AttachmentRow<'_> {
    AttachmentRow {
        id,
        n,
        name: &file.name,
        media_type: &file.media_type,
        size: file.size_bytes,
        inline: u8::from(file.inline),
        sha256: &file.sha256,
        scan: file.scan.as_str(),
        warnings: &file.warnings,
    }
}

pub(super) fn outbound_row(outbound: &Outbound) -> OutboundRow<'_> {
    OutboundRow {
        key: &outbound.dedupe_key,
        ticket: outbound.ticket.map(|id| id.0),
        channel: outbound.channel.as_str(),
        source: &outbound.source,
        kind: outbound.kind.as_str(),
        recipient: outbound.to.first().map(|to| to.address.to_lowercase()).unwrap_or_default(),
        automatic: u8::from(outbound.kind.is_automatic()),
        message_id: &outbound.message_id,
        send_at: outbound.send_at.0,
        body: outbound,
    }
}

/// A ticket as it was written, with the version its row has now.
pub(super) fn ticket(version: i64, body: &str) -> Result<Ticket, StoreError> {
    Ok(Ticket { version, ..serde_json::from_str(body)? })
}
