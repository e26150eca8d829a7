//! What an alert means: whether it is new, joins what is open, or says that it is over. One condition is one fingerprint.
//!
//! Alerts are decided one after the other for each source, so a storm is seen at the alert that makes it one.

use super::case::Context;
use super::clocks::is_ended;
use super::trace::Trace;
use crate::domain::catalog::Catalog;
use crate::domain::{
    Act, Alert, AlertFlow, AlertKnown, AlertProbe, AlertSource, AlertStanding, AlertState, Channel, Decided, Decision,
    IgnoreReason, Message, Status, Ticket, Timestamp,
};

const MINUTE_MS: i64 = 60_000;

/// The alert a message is.
#[must_use]
pub(super) fn of(message: &Message) -> Option<&Alert> {
    match &message.act {
        Some(Act::Alert { alert }) => Some(alert),
        Some(
            Act::Edited { .. }
            | Act::Deleted { .. }
            | Act::Pressed { .. }
            | Act::WantsTicket
            | Act::Filled { .. }
            | Act::Speaks { .. }
            | Act::Links { .. },
        )
        | None => None,
    }
}

/// What the store must be asked about an alert; `None` for everything else.
#[must_use]
pub fn alert_probe(catalog: &Catalog, message: &Message, now: Timestamp) -> Option<AlertProbe> {
    let alert = of(message)?;
    let minutes = i64::from(source(catalog, alert).storm_minutes);
    let since = now.plus_ms(-minutes * MINUTE_MS);
    Some(AlertProbe { source: alert.source.clone(), fingerprint: alert.fingerprint.clone(), since })
}

/// The rules of its source; what ships for one that is no longer in the settings.
pub(super) fn source(catalog: &Catalog, alert: &Alert) -> AlertSource {
    let written = catalog.service.alerts.iter().find(|source| source.name == alert.source);
    written.cloned().unwrap_or_else(|| AlertSource::new(&alert.source))
}

/// What an alert does.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Turn<'a> {
    /// Less severe than what is filed.
    Minor,
    /// It is over, and nothing is open for it.
    NothingOpen,
    /// A new incident. It may be the same as one that ended before.
    Opens { earlier: Option<&'a Ticket> },
    /// One too many: the incident that stands for all that follow.
    OpensUmbrella,
    /// It goes on a ticket.
    Joins { ticket: &'a Ticket, how: How },
}

/// What an alert does on its ticket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum How {
    /// It fires, as it did before.
    Again,
    /// It fires after it had recovered; the ticket was still open.
    FiresAgain,
    /// It fires after it had recovered and ended its ticket.
    Reopens,
    /// It is new, and part of a storm.
    Gathered,
    /// It is over, and so is the ticket.
    Recovers,
    /// It is over, others of its ticket are not.
    RecoversInPart,
    /// It is over, but somebody works on the ticket, or the source's tickets do not end by themselves.
    RecoversOnly,
    /// It is over for now.
    RecoversFlapping,
}

impl How {
    const fn check(self) -> &'static str {
        match self {
            Self::Again => "alert.again",
            Self::FiresAgain => "alert.fires_again",
            Self::Reopens => "alert.reopens",
            Self::Gathered => "alert.storm",
            Self::Recovers => "alert.recovers",
            Self::RecoversInPart => "alert.recovers_in_part",
            Self::RecoversOnly => "alert.recovers_only",
            Self::RecoversFlapping => "alert.flapping",
        }
    }
}

/// Everything a decision about an alert rests on.
pub(super) struct Look<'a> {
    pub(super) alert: &'a Alert,
    pub(super) source: AlertSource,
    pub(super) turn: Turn<'a>,
    /// It goes back and forth: nobody is told of each turn.
    pub(super) flapping: bool,
    /// The condition as it stands now.
    pub(super) standing: AlertStanding,
    pub(super) known: &'a AlertKnown,
}

/// Looks at an alert. Asked when it is decided and again when the changes are made; both get the same answer.
pub(super) fn look<'a>(alert: &'a Alert, context: &Context<'a>, now: Timestamp) -> Look<'a> {
    static NOTHING: AlertKnown =
        AlertKnown { standing: None, ticket: None, others_firing: 0, flow: None, umbrella: None, recent: Vec::new() };
    let source = source(context.catalog, alert);
    let known = context.known.alert.as_deref().unwrap_or(&NOTHING);
    let mut standing = known.standing.clone().unwrap_or_else(|| AlertStanding {
        source: alert.source.clone(),
        fingerprint: alert.fingerprint.clone(),
        version: 0,
        state: AlertState::Resolved,
        ticket: None,
        opened_at: Timestamp(0),
        changes: Vec::new(),
        reports: 0,
    });
    let was = standing.state;
    standing.reports = standing.reports.saturating_add(1);
    if was != alert.state {
        standing.changes.push(now);
        standing.state = alert.state;
    }
    let since = now.plus_ms(-i64::from(source.flapping_minutes) * MINUTE_MS);
    let most = usize::try_from(source.flapping_changes).unwrap_or(usize::MAX);
    standing.changes.retain(|at| *at > since);
    let surplus = standing.changes.len().saturating_sub(most.max(1));
    standing.changes.drain(..surplus);
    let flapping = most > 0 && standing.changes.len() >= most;
    let turn = match alert.state {
        AlertState::Resolved => recovery(known, was, (&source, flapping)),
        AlertState::Firing if alert.severity < source.least && was == AlertState::Resolved => Turn::Minor,
        AlertState::Firing => firing(known, was, &source, now),
    };
    Look { alert, source, turn, flapping, standing, known }
}

fn recovery<'a>(known: &'a AlertKnown, was: AlertState, (source, flapping): (&AlertSource, bool)) -> Turn<'a> {
    let Some(ticket) = known.ticket.as_ref().filter(|ticket| was == AlertState::Firing && !is_ended(ticket.status))
    else {
        return Turn::NothingOpen;
    };
    let how = if known.others_firing > 0 {
        How::RecoversInPart
    } else if flapping {
        How::RecoversFlapping
    } else if source.recovers && is_untouched(ticket) {
        How::Recovers
    } else {
        How::RecoversOnly
    };
    Turn::Joins { ticket, how }
}

fn firing<'a>(known: &'a AlertKnown, was: AlertState, source: &AlertSource, now: Timestamp) -> Turn<'a> {
    if let Some(ticket) = &known.ticket {
        let ended = is_ended(ticket.status);
        let again = i64::from(source.again_minutes) * MINUTE_MS;
        let soon = ticket.resolved_at.is_some_and(|at| now.0.saturating_sub(at.0) <= again);
        match (was, ended) {
            // A person who ended the ticket while it fires knows that it does.
            (AlertState::Firing, _) => return Turn::Joins { ticket, how: How::Again },
            (AlertState::Resolved, false) => return Turn::Joins { ticket, how: How::FiresAgain },
            (AlertState::Resolved, true) if soon => return Turn::Joins { ticket, how: How::Reopens },
            (AlertState::Resolved, true) => {}
        }
    }
    let window = i64::from(source.storm_minutes) * MINUTE_MS;
    let most = usize::try_from(source.storm_alerts).unwrap_or(usize::MAX);
    let crowded = most > 0 && known.recent.len() >= most;
    let lasts = known.flow.as_ref().is_some_and(|flow| now.0.saturating_sub(flow.gathered_at.0) <= window);
    match known.umbrella.as_ref().filter(|umbrella| !is_ended(umbrella.status)) {
        Some(ticket) if crowded || lasts => Turn::Joins { ticket, how: How::Gathered },
        Some(_) | None if crowded => Turn::OpensUmbrella,
        Some(_) | None => Turn::Opens { earlier: known.ticket.as_ref() },
    }
}

/// Nobody has worked on it, and it is monitoring's own: one that alerts were merged into is somebody's.
fn is_untouched(ticket: &Ticket) -> bool {
    let promises = &ticket.promises;
    ticket.channel == Channel::Alert
        && matches!(ticket.status, Status::New | Status::Open)
        && (ticket.assignee.is_none() || ticket.course.given)
        && ticket.first_response_at.is_none()
        && promises.words == 0
        && promises.priority_by.is_none()
}

/// The source as it stands when something new came in of it.
pub(super) fn flow(look: &Look<'_>) -> AlertFlow {
    look.known.flow.clone().unwrap_or_else(|| AlertFlow {
        source: look.alert.source.clone(),
        version: 0,
        umbrella: None,
        gathered_at: Timestamp(0),
        gathered: 0,
    })
}

/// What is to be done with an alert.
pub(super) fn decide(alert: &Alert, context: &Context<'_>, now: Timestamp) -> Decided {
    let look = look(alert, context, now);
    let catalog = context.catalog;
    let mut trace = Trace::default();
    trace
        .note("alert.source", format!("`{}`: {} {}, {}", alert.source, alert.severity, alert.state, alert.fingerprint));
    let storm = format!(
        "{} others are new within {} min, the limit is {}",
        look.known.recent.len(),
        look.source.storm_minutes,
        look.source.storm_alerts
    );
    let decision = match &look.turn {
        Turn::Minor => {
            trace.settle("alert.minor", format!("{} < {}", alert.severity, look.source.least));
            Decision::Ignore { reason: IgnoreReason::Minor }
        }
        Turn::NothingOpen => {
            trace.settle("alert.recovered", "no ticket is open for it");
            Decision::Ignore { reason: IgnoreReason::Recovered }
        }
        Turn::Opens { .. } => {
            trace.settle("alert.opens", storm);
            Decision::File
        }
        Turn::OpensUmbrella => {
            trace.settle("alert.umbrella", storm);
            Decision::File
        }
        Turn::Joins { ticket, how } => {
            let because = match how {
                How::Gathered => storm,
                How::RecoversInPart => format!("{} other alerts of it still fire", look.known.others_firing),
                How::RecoversFlapping => format!("{} turns are flapping", look.standing.changes.len()),
                How::Again | How::FiresAgain | How::Reopens | How::Recovers | How::RecoversOnly => {
                    format!("the ticket is {}", ticket.status)
                }
            };
            trace.settle(how.check(), format!("{}: {because}", ticket.id));
            Decision::FollowUp { ticket: ticket.id, reopen: *how == How::Reopens }
        }
    };
    let intent = catalog.intent(&look.source.intent);
    let queue = look.source.queue.as_deref().filter(|name| catalog.queue(name).is_some());
    let queue = queue.unwrap_or_else(|| super::queue_for(catalog, intent, &alert.source));
    let named = [("host", &alert.host), ("service", &alert.service)];
    let named = named.into_iter().filter(|(_, value)| !value.is_empty());
    Decided {
        tags: Vec::new(),
        ruled: Vec::new(),
        decision,
        intent: intent.map(|intent| intent.id.clone()),
        intent_probability: if intent.is_some() { 1.0 } else { 0.0 },
        queue: queue.to_owned(),
        priority: look.source.priority(alert.severity),
        slots: named.map(|(name, value)| (name.to_owned(), value.clone())).collect(),
        missing: Vec::new(),
        trace: trace.into_steps(),
    }
}

#[cfg(test)]
mod tests;
