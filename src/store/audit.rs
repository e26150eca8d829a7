//! The audit log: every change by a person or a rule, written in the transaction of the change. Rows are added, and removed when
//! they are old; the schema refuses to change them. Nothing that a requester wrote goes in here, so that erasing a person leaves
//! it alone.

use serde::Serialize;

use super::backend::{Arg, Sql, bulk, json, repeat, sql};
use super::{Store, StoreError};
use crate::domain::{Aspect, AuditEntry, Changes, EventKind, FeedbackSource, TicketEvent, TicketId, Timestamp};

pub(super) const INSERT_AUDIT: Sql = bulk!(
    "INSERT INTO audit_log (at, actor, origin, action, subject, before_change, after_change)
     SELECT CAST(value->>'at' AS BIGINT), value->>'actor', value->>'origin', value->>'action', value->>'subject',
            value->>'before', value->>'after'
     FROM " ROWS
    ""
);
const LIST: Sql = sql!(
    "SELECT id, at, actor, origin, action, subject, before_change, after_change FROM audit_log
     WHERE id > $1 AND at >= $2 AND ($3 IS NULL OR actor = $3) ORDER BY id LIMIT $4"
);
const LAST_OF: Sql = sql!(
    "SELECT after_change FROM audit_log WHERE id = (SELECT MAX(id) FROM audit_log WHERE action = $1 AND subject = $2)"
);
const SWEEP: Sql = sql!("DELETE FROM audit_log WHERE at < $1");
const ARROW: &str = " → ";

/// One row to write.
#[derive(Serialize)]
pub(super) struct AuditRow {
    at: i64,
    actor: String,
    pub(super) origin: String,
    action: String,
    subject: String,
    before: String,
    after: String,
}

/// Which entries to list.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AuditFilter {
    /// Only from then on.
    pub since: Option<Timestamp>,
    /// Only of this person or rule.
    pub who: Option<String>,
    /// Only above this row.
    pub after: i64,
    /// At most this many; `None` for all.
    pub limit: Option<u32>,
}

#[derive(sqlx::FromRow)]
struct Row {
    id: i64,
    at: i64,
    actor: String,
    origin: String,
    action: String,
    subject: String,
    before_change: String,
    after_change: String,
}

/// What `changes` change on tickets. What opens a ticket or is said on it is in the ledger and the history, not here.
pub(super) fn rows_of(changes: &Changes) -> impl Iterator<Item = AuditRow> + '_ {
    let origin = changes.settled.as_ref().map_or_else(|| "desk".to_owned(), |done| format!("inbox:{}", done.inbox_id));
    let judged = changes
        .feedback
        .iter()
        .filter(|said| said.source == FeedbackSource::Agent)
        .filter(|said| is_apart(said.aspect));
    let judged = judged.map(|said| AuditEntry {
        at: said.at,
        actor: said.actor.strip_prefix("agent:").unwrap_or(&said.actor).to_owned(),
        origin: String::new(),
        action: format!("judge.{}", said.aspect),
        subject: TicketId::from(said.about).to_string(),
        before: said.given.clone().unwrap_or_default(),
        after: said.wanted.clone().unwrap_or_default(),
    });
    let moved = changes.events.iter().filter_map(|event| {
        let (before, after) = change_of(event.kind, &event.detail).or_else(|| act_of(event))?;
        let action = step(&event.detail).filter(|_| event.kind == EventKind::Note);
        Some(AuditEntry {
            at: event.at,
            actor: event.actor.clone(),
            origin: String::new(),
            action: action.map_or_else(|| event.kind.to_string(), str::to_owned),
            subject: event.ticket.to_string(),
            before,
            after,
        })
    });
    moved.chain(judged).map(move |entry| AuditRow { origin: origin.clone(), ..row(&entry) })
}

/// Queue and priority have events of their own.
const fn is_apart(aspect: Aspect) -> bool {
    matches!(aspect, Aspect::Intent | Aspect::Article)
}

/// Before and after of an event that is a change; `None` for one that is none.
fn change_of(kind: EventKind, detail: &str) -> Option<(String, String)> {
    match kind {
        EventKind::Status | EventKind::Queue | EventKind::Priority | EventKind::Assignee => {
            let (before, after) = detail.split_once(ARROW).unwrap_or(("", detail));
            // Why a status changed may name details that were asked for.
            let after = if kind == EventKind::Status { after.split([':', ' ']).next().unwrap_or(after) } else { after };
            Some((before.to_owned(), after.to_owned()))
        }
        // Why it was passed up may quote the message; so may what was said with leave.
        EventKind::Escalated | EventKind::Approval => {
            Some((String::new(), detail.split(':').next().unwrap_or(detail).to_owned()))
        }
        // A problem is called after a detail of the request.
        EventKind::Linked if detail.starts_with(TicketEvent::PROBLEM) => {
            Some((String::new(), TicketEvent::PROBLEM.trim_end().to_owned()))
        }
        EventKind::Merged | EventKind::Linked => Some((String::new(), detail.to_owned())),
        // What was learnt is the requester's.
        EventKind::Slots => Some((String::new(), String::new())),
        EventKind::Opened
        | EventKind::MessageIn
        | EventKind::Note
        | EventKind::MessageOut
        | EventKind::Clock
        | EventKind::Delivery => None,
    }
}

/// What an agent did in one of the desk's processes, by the note about it.
fn step(detail: &str) -> Option<&'static str> {
    let steps = [
        (TicketEvent::ACKNOWLEDGED, "acknowledge"),
        (TicketEvent::REPORTED, "report"),
        (TicketEvent::DOWN, "recover"),
        (TicketEvent::COMPLAINT, "complaint"),
    ];
    steps.into_iter().find(|(begins, _)| detail.starts_with(begins)).map(|(_, step)| step)
}

/// A note of an agent that is a step of a process, without what was written with it.
fn act_of(event: &TicketEvent) -> Option<(String, String)> {
    let by_machine = matches!(event.actor.as_str(), "rule" | "requester" | "bystander");
    step(&event.detail).filter(|_| event.kind == EventKind::Note && !by_machine)?;
    let said = event.detail.split(':').next().unwrap_or_default();
    Some((String::new(), said.to_owned()))
}

fn row(entry: &AuditEntry) -> AuditRow {
    let AuditEntry { at, actor, origin, action, subject, before, after } = entry.clone();
    AuditRow { at: at.0, actor, origin, action, subject, before, after }
}

impl Store {
    /// Notes changes that are no changes of tickets.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn audit(&self, entries: &[AuditEntry]) -> Result<(), StoreError> {
        let rows: Vec<AuditRow> = entries.iter().map(row).collect();
        let rows = json(&rows)?;
        repeat!(self.write_one(INSERT_AUDIT, vec![rows.clone()]))?;
        Ok(())
    }

    /// Notes `entry` when its `after` differs from the last one of the same action and subject; whether it did.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn audit_if_changed(&self, entry: &AuditEntry) -> Result<bool, StoreError> {
        let mut tx = self.backend.read().await?;
        let last: Vec<(String,)> = tx.fetch(LAST_OF, [Arg::Text(&entry.action), Arg::Text(&entry.subject)]).await?;
        tx.commit().await?;
        let before = last.into_iter().next().map(|(after,)| after);
        if before.as_ref() == Some(&entry.after) {
            return Ok(false);
        }
        self.audit(&[AuditEntry { before: before.unwrap_or_default(), ..entry.clone() }]).await?;
        Ok(true)
    }

    /// Entries with their rows, oldest first.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn audit_entries(&self, filter: &AuditFilter) -> Result<Vec<(i64, AuditEntry)>, StoreError> {
        let args = [
            Arg::Int(filter.after),
            Arg::Int(filter.since.map_or(i64::MIN, |at| at.0)),
            Arg::MaybeText(filter.who.as_deref()),
            Arg::Int(filter.limit.map_or(i64::MAX, i64::from)),
        ];
        let mut tx = self.backend.read().await?;
        let rows: Vec<Row> = tx.fetch(LIST, args).await?;
        tx.commit().await?;
        let read = |row: Row| {
            let (before, after) = (row.before_change, row.after_change);
            let (actor, origin, action, subject) = (row.actor, row.origin, row.action, row.subject);
            (row.id, AuditEntry { at: Timestamp(row.at), actor, origin, action, subject, before, after })
        };
        Ok(rows.into_iter().map(read).collect())
    }

    /// Removes entries from before `before`. Returns how many.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn sweep_audit(&self, before: Timestamp) -> Result<u64, StoreError> {
        repeat!(self.write_one(SWEEP, vec![Arg::Int(before.0)]))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_holds_before_and_after_and_nothing_a_requester_wrote() {
        for (kind, detail, wanted) in [
            (EventKind::Status, "new → waiting for host, what happened", Some(("new", "waiting"))),
            (EventKind::Status, "open → resolved: an agent says it is solved", Some(("open", "resolved"))),
            (EventKind::Queue, "support → operations", Some(("support", "operations"))),
            (EventKind::Priority, "stays high: aoki set it", Some(("", "stays high: aoki set it"))),
            (EventKind::Slots, "learnt host=web-01", Some(("", ""))),
            (EventKind::Escalated, "to security: `ransom` in the text", Some(("", "to security"))),
            (EventKind::Note, "changed message 3, which read: secret", None),
            (EventKind::MessageIn, "from a@b.example", None),
            (EventKind::Approval, "approved: on Friday, for Tanaka", Some(("", "approved"))),
            (EventKind::Linked, "problem incident/tanaka-pc", Some(("", "problem"))),
            (EventKind::Linked, "beside T-7", Some(("", "beside T-7"))),
        ] {
            let wanted = wanted.map(|(before, after)| (before.to_owned(), after.to_owned()));
            assert_eq!(change_of(kind, detail), wanted, "{detail}");
        }
    }

    #[test]
    fn steps_of_processes_are_noted_and_other_notes_are_not() {
        for (actor, detail, wanted) in [
            ("aoki", "acknowledged", Some(("acknowledge", "acknowledged"))),
            ("aoki", "interim report 3", Some(("report", "interim report 3"))),
            ("aoki", "down for 42 minutes: the disk of Tanaka", Some(("recover", "down for 42 minutes"))),
            ("aoki", "complaint: Tanaka was called", Some(("complaint", "complaint"))),
            ("requester", "complaint: nobody calls", None),
            ("rule", "recovered: CPU", None),
            ("aoki", "article a → b", None),
        ] {
            let (kind, actor, detail) = (EventKind::Note, actor.to_owned(), detail.to_owned());
            let event = TicketEvent { ticket: TicketId(1), at: Timestamp(0), kind, actor, detail };
            let changes = Changes { events: vec![event.clone()], ..Changes::default() };
            let row = rows_of(&changes).next();
            let got = row.as_ref().map(|row| (row.action.as_str(), row.after.as_str()));
            assert_eq!(got, wanted, "{event:?}");
        }
    }
}
