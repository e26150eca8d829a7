//! What an alert changes: its ticket, what is remembered of it, and who is told. Nothing of this ever goes out as an answer.

use super::super::alert::{self, How, Look, Turn};
use super::super::clocks;
use super::super::notice::{self, News};
use super::super::wording::one_line;
use super::{RULE, Sheet, opened};
use crate::domain::{
    Address, Alert, AlertChange, AlertSource, AlertState, Changes, EventKind, Fate, IgnoreReason, Language,
    NoticeEvent, Severity, Status, Ticket, TicketEvent, TicketId,
};
use crate::sla;
use crate::sla::book::Book;

const TITLE_CHARS: usize = 160;
/// Tickets of a storm's beginning that are linked to the one that stands for it.
const MOST_LINKED: usize = 50;

pub(super) fn plan(mut sheet: Sheet<'_>, alert: &Alert) -> Changes {
    let look = alert::look(alert, &sheet.context, sheet.post.now);
    match &look.turn {
        Turn::Minor => {
            sheet.keep_message(None);
            sheet.settle(Fate::Ignored, IgnoreReason::Minor.as_str(), None, None)
        }
        Turn::NothingOpen => {
            sheet.keep_message(None);
            if look.standing.version > 0 {
                let standing = look.standing.clone();
                sheet.changes.alerts.push(AlertChange { standing, flow: None });
            }
            sheet.settle(Fate::Ignored, IgnoreReason::Recovered.as_str(), None, None)
        }
        Turn::Opens { earlier } => opens(sheet, &look, *earlier),
        Turn::OpensUmbrella => umbrella(sheet, &look),
        Turn::Joins { ticket, how } => joins(sheet, &look, ticket, *how),
    }
}

/// A ticket of this alert's own.
fn opens(mut sheet: Sheet<'_>, look: &Look<'_>, earlier: Option<&Ticket>) -> Changes {
    let mut ticket = new_ticket(&sheet, look, &look.alert.title);
    ticket.linked_to = earlier.map(|earlier| earlier.id);
    sheet.keep_message(Some(ticket.id));
    if let Some(earlier) = earlier {
        sheet.event(ticket.id, EventKind::Linked, RULE, format!("the same alert as {}", earlier.id));
        sheet.event(earlier.id, EventKind::Linked, RULE, format!("{} was opened for the same alert", ticket.id));
    }
    remember(&mut sheet, look, ticket.id, None);
    open(sheet, look, ticket, &summary(look.alert))
}

/// The ticket that stands for a storm.
fn umbrella(mut sheet: Sheet<'_>, look: &Look<'_>) -> Changes {
    let source = &look.source;
    let title = match sheet.context.catalog.desk.language {
        Language::Ja => {
            format!("{}: {}分間に{}件を超えるアラート", source.name, source.storm_minutes, source.storm_alerts)
        }
        Language::En => {
            format!("{}: more than {} alerts within {} minutes", source.name, source.storm_alerts, source.storm_minutes)
        }
    };
    let mut ticket = new_ticket(&sheet, look, &title);
    ticket.slots.clear();
    sheet.keep_message(Some(ticket.id));
    let mut linked: Vec<TicketId> = look.known.recent.clone();
    linked.sort_unstable();
    linked.dedup();
    for other in linked.into_iter().take(MOST_LINKED) {
        sheet.event(other, EventKind::Linked, RULE, format!("part of a storm that {} stands for", ticket.id));
        sheet.event(ticket.id, EventKind::Linked, RULE, format!("{other} came just before"));
    }
    remember(&mut sheet, look, ticket.id, Some(1));
    open(sheet, look, ticket, &summary(look.alert))
}

fn open(mut sheet: Sheet<'_>, look: &Look<'_>, mut ticket: Ticket, because: &str) -> Changes {
    let id = ticket.id;
    let detail = format!("queue {}, priority {}: {because}", ticket.queue, ticket.priority);
    sheet.event(id, EventKind::Opened, RULE, detail);
    clocks::begin(sheet.context.catalog, &mut ticket, clocks::start(sheet.message, sheet.post.now));
    tell_first(&mut sheet, look, &mut ticket, because);
    sheet.changes.tickets.push(ticket);
    sheet.settle(Fate::Filed, "", Some(id), None)
}

fn new_ticket(sheet: &Sheet<'_>, look: &Look<'_>, title: &str) -> Ticket {
    let source = &look.source;
    let address = customer(source, &look.alert.host).unwrap_or_else(|| format!("alert:{}", source.name));
    Ticket {
        subject: one_line(title, TITLE_CHARS),
        requester: Address { name: source.name.clone(), address },
        // Nobody of the customer's has asked: nobody joins by writing, and nobody is written to.
        participants: Vec::new(),
        ..opened::new_ticket(sheet)
    }
}

/// Whose host it is.
fn customer(source: &AlertSource, host: &str) -> Option<String> {
    let host = host.to_lowercase();
    let named = source.customers.iter().find(|one| matches(&one.hosts, &host)).map(|one| one.customer.clone());
    named.or_else(|| source.customer.clone())
}

/// Whether `text` is `pattern`, in which `*` stands for any characters.
fn matches(pattern: &str, text: &str) -> bool {
    let mut parts = pattern.split('*');
    let Some(mut rest) = parts.next().and_then(|first| text.strip_prefix(first)) else { return false };
    let mut last = None;
    for part in parts {
        if let Some(middle) = last.replace(part) {
            let Some(at) = rest.find(middle) else { return false };
            rest = &rest[at + middle.len()..];
        }
    }
    last.map_or(rest.is_empty(), |last| rest.ends_with(last))
}

/// Notes how the condition stands, and that something new came in of its source.
fn remember(sheet: &mut Sheet<'_>, look: &Look<'_>, ticket: TicketId, gathered: Option<u32>) {
    let now = sheet.post.now;
    let mut standing = look.standing.clone();
    (standing.ticket, standing.opened_at) = (Some(ticket), now);
    let mut flow = alert::flow(look);
    if let Some(gathered) = gathered {
        (flow.umbrella, flow.gathered_at, flow.gathered) = (Some(ticket), now, gathered);
    }
    sheet.changes.alerts.push(AlertChange { standing, flow: Some(flow) });
}

/// Tells the places of the source, in its hours; of critical alerts always.
fn tell_first(sheet: &mut Sheet<'_>, look: &Look<'_>, ticket: &mut Ticket, because: &str) {
    let catalog = sheet.context.catalog;
    let now = sheet.post.now;
    let table = look.source.calendar.as_deref().and_then(|name| Book { catalog }.table(name));
    let closed = table.is_some_and(|table| !sla::is_open(table.calendar(), now));
    if closed && look.alert.severity < Severity::Critical && !look.source.notify.is_empty() {
        sheet.event(ticket.id, EventKind::Note, RULE, "nobody is told: it is not critical and out of hours");
        return;
    }
    let news = News {
        event: NoticeEvent::Opened,
        urgent: look.alert.severity == Severity::Critical,
        key: format!("{}:0:opened", ticket.id),
        rule: "",
        because,
        at: now,
        link: look.alert.link.as_deref(),
    };
    for name in &look.source.notify {
        let Some(target) = catalog.service.targets.iter().find(|target| target.name == *name) else { continue };
        let written = notice::tell(catalog, ticket, target, &news);
        sheet.event(ticket.id, EventKind::MessageOut, RULE, format!("notice to {name} ({})", written.dedupe_key));
        sheet.changes.outbound.push(written);
    }
}

fn joins(mut sheet: Sheet<'_>, look: &Look<'_>, known: &Ticket, how: How) -> Changes {
    let now = sheet.post.now;
    sheet.keep_message(Some(known.id));
    let mut ticket = known.clone();
    clocks::adopt(sheet.context.catalog, &mut ticket);
    ticket.updated_at = now;
    if how == How::Gathered {
        let gathered = alert::flow(look).gathered.saturating_add(1);
        remember(&mut sheet, look, known.id, Some(gathered));
    } else {
        sheet.changes.alerts.push(AlertChange { standing: look.standing.clone(), flow: None });
    }
    sheet.event(known.id, EventKind::Note, RULE, format!("{}: {}", said(how, look), summary(look.alert)));
    let raised = raise(&mut sheet, look, &mut ticket);
    let event = match how {
        How::Recovers => {
            ticket.resolved_at = Some(now);
            set_status(&mut sheet, &mut ticket, Status::Resolved, "the alert recovered and nobody had worked on it");
            Some(NoticeEvent::Resolved)
        }
        How::Reopens => {
            ticket.resolved_at = None;
            clocks::run(sheet.context.catalog, &mut ticket, now);
            let status = if ticket.assignee.is_some() { Status::Open } else { Status::New };
            set_status(&mut sheet, &mut ticket, status, "the alert fires again");
            Some(NoticeEvent::Reopened)
        }
        How::RecoversOnly => Some(NoticeEvent::Changed),
        How::Again | How::FiresAgain | How::Gathered | How::RecoversInPart | How::RecoversFlapping => {
            raised.then_some(NoticeEvent::Changed)
        }
    };
    // While it goes back and forth nobody is told of each turn; the first words said that it is there.
    if let Some(event) = event.filter(|event| !look.flapping || *event == NoticeEvent::Resolved || raised) {
        let because = format!("{}: {}", said(how, look), summary(look.alert));
        notice::go_on(&sheet.post, known, (&mut ticket, &mut sheet.changes), (event, &because));
    }
    sheet.changes.tickets.push(ticket);
    sheet.settle(Fate::Joined, "", Some(known.id), None)
}

/// A worse alert makes its ticket more urgent, unless a person set how urgent it is.
fn raise(sheet: &mut Sheet<'_>, look: &Look<'_>, ticket: &mut Ticket) -> bool {
    let wanted = look.source.priority(look.alert.severity);
    let firing = look.alert.state == AlertState::Firing;
    if !firing || ticket.priority >= wanted || ticket.promises.priority_by.is_some() {
        return false;
    }
    sheet.event(ticket.id, EventKind::Priority, RULE, format!("{} → {wanted}", ticket.priority));
    ticket.priority = wanted;
    true
}

fn set_status(sheet: &mut Sheet<'_>, ticket: &mut Ticket, status: Status, because: &str) {
    if ticket.status != status {
        sheet.event(ticket.id, EventKind::Status, RULE, format!("{} → {status}: {because}", ticket.status));
        ticket.status = status;
    }
}

fn said(how: How, look: &Look<'_>) -> String {
    match how {
        How::Again => format!("{}, report {}", TicketEvent::STILL_FIRING, look.standing.reports),
        How::FiresAgain | How::Reopens if look.flapping => format!("{}, flapping", TicketEvent::FIRING_AGAIN),
        How::FiresAgain | How::Reopens => TicketEvent::FIRING_AGAIN.to_owned(),
        How::Gathered => {
            let number = alert::flow(look).gathered.saturating_add(1);
            format!("{}{number} {}", TicketEvent::GATHERED, TicketEvent::OF_STORM)
        }
        How::RecoversFlapping => "recovered for now, flapping".to_owned(),
        How::RecoversInPart => format!("recovered, {} others still fire", look.known.others_firing),
        How::Recovers | How::RecoversOnly => "recovered".to_owned(),
    }
}

fn summary(alert: &Alert) -> String {
    one_line(&format!("{} ({}, {})", alert.title, alert.severity, alert.state), TITLE_CHARS * 2)
}

#[cfg(test)]
mod tests {
    use super::matches;

    #[test]
    fn a_star_stands_for_any_characters() {
        for (pattern, text, wanted) in [
            ("web-1", "web-1", true),
            ("web-1", "web-11", false),
            ("web-*", "web-11", true),
            ("*.client.example", "db.client.example", true),
            ("*.client.example", "client.example", false),
            ("a*b*c", "axxbyyc", true),
            ("a*b*c", "axxcyyb", false),
            ("a*a", "a", false),
            ("*", "", true),
        ] {
            assert_eq!(matches(pattern, text), wanted, "{pattern} {text}");
        }
    }
}
