//! One condition, one ticket: joining, recovery, flapping, storms, and who is told.

use super::super::fixture::{NOW, catalog, message, ring};
use super::super::plan;
use super::*;
use crate::domain::service::{NotifyTarget, NotifyWay};
use crate::domain::{Changes, Classification, Fate, Known, NoticeEvent, Priority, Severity, Step, TicketId};

fn watched() -> Catalog {
    let mut catalog = catalog();
    let place = |name: &str, way| NotifyTarget { name: name.into(), way };
    let mail = NotifyWay::Mail { address: "lead@client.example".into(), mailbox: "support".into() };
    catalog.service.targets = vec![place("pager", NotifyWay::Pagerduty), place("leads", mail)];
    let notify = vec!["pager".to_owned(), "leads".to_owned()];
    catalog.service.alerts = vec![AlertSource { notify, ..AlertSource::new("zbx") }];
    catalog
}

fn alert(fingerprint: &str, state: AlertState, severity: Severity) -> Alert {
    Alert {
        source: "zbx".into(),
        fingerprint: fingerprint.into(),
        severity,
        state,
        host: "web-1".into(),
        service: "HTTP".into(),
        title: "HTTP is down".into(),
        text: String::new(),
        starts_at: NOW,
        link: None,
    }
}

/// A desk that remembers alerts as the store does.
struct World {
    catalog: Catalog,
    number: i64,
    tickets: Vec<Ticket>,
    standings: Vec<AlertStanding>,
    flow: Option<AlertFlow>,
}

impl World {
    fn new(catalog: Catalog) -> Self {
        Self { catalog, number: 100, tickets: Vec::new(), standings: Vec::new(), flow: None }
    }

    fn ticket(&self, id: TicketId) -> &Ticket {
        self.tickets.iter().find(|ticket| ticket.id == id).unwrap()
    }

    fn report(&mut self, alert: Alert, now: Timestamp) -> Changes {
        self.number += 1;
        let standing = self.standings.iter().find(|known| known.fingerprint == alert.fingerprint).cloned();
        let id = standing.as_ref().and_then(|standing| standing.ticket);
        let others = |known: &&AlertStanding| known.fingerprint != alert.fingerprint;
        let since = now.plus_ms(-5 * MINUTE_MS);
        let known = AlertKnown {
            ticket: id.map(|id| self.ticket(id).clone()),
            others_firing: u32::try_from(
                self.standings
                    .iter()
                    .filter(others)
                    .filter(|known| known.ticket == id && known.state == AlertState::Firing)
                    .count(),
            )
            .unwrap(),
            umbrella: self.flow.as_ref().and_then(|flow| flow.umbrella).map(|id| self.ticket(id).clone()),
            flow: self.flow.clone(),
            recent: self
                .standings
                .iter()
                .filter(others)
                .filter(|known| known.opened_at > since)
                .filter_map(|known| known.ticket)
                .collect(),
            standing,
        };
        let mut message = message(&alert.title, "");
        (message.inbox_id, message.channel) = (crate::domain::InboxId(self.number), Channel::Alert);
        (message.fingerprint, message.arrived_at) = (self.number.to_string(), now);
        message.act = Some(Act::Alert { alert: Box::new(alert) });
        let known = Known { alert: Some(Box::new(known)), ..Known::default() };
        let nothing = Classification::nothing(message.language);
        let context = Context { catalog: &self.catalog, classification: &nothing, known: &known };
        let changes = plan(&super::super::decide(&message, &context, now), &message, &context, &ring(), now);
        self.write(&changes);
        changes
    }

    fn write(&mut self, changes: &Changes) {
        for ticket in &changes.tickets {
            self.tickets.retain(|known| known.id != ticket.id);
            self.tickets.push(Ticket { version: ticket.version + 1, ..ticket.clone() });
        }
        for change in &changes.alerts {
            self.standings.retain(|known| known.fingerprint != change.standing.fingerprint);
            self.standings.push(AlertStanding { version: change.standing.version + 1, ..change.standing.clone() });
            if let Some(flow) = &change.flow {
                self.flow = Some(AlertFlow { version: flow.version + 1, ..flow.clone() });
            }
        }
    }
}

fn fate(changes: &Changes) -> (Fate, &str, Option<TicketId>) {
    let settled = changes.settled.as_ref().unwrap();
    (settled.fate, settled.reason.as_str(), settled.ticket)
}

fn told(changes: &Changes) -> Vec<(&str, Option<NoticeEvent>)> {
    let of = |outbound: &crate::domain::Outbound| outbound.notice.as_ref().map(|notice| notice.event);
    changes.outbound.iter().map(|outbound| (outbound.source.as_str(), of(outbound))).collect()
}

fn last_step(changes: &Changes) -> Step {
    changes.settled.as_ref().unwrap().decided.as_ref().unwrap().trace.last().unwrap().clone()
}

fn at(minutes: i64) -> Timestamp {
    NOW.plus_ms(minutes * MINUTE_MS)
}

use AlertState::{Firing, Resolved};

#[test]
fn a_new_alert_opens_an_incident_and_its_repeats_join_it() {
    let mut world = World::new(watched());
    let opened = world.report(alert("a", Firing, Severity::Critical), at(0));
    let id = TicketId(101);
    assert_eq!(fate(&opened), (Fate::Filed, "", Some(id)));
    let ticket = world.ticket(id).clone();
    assert_eq!((ticket.priority, ticket.intent.as_deref()), (Priority::Critical, Some("incident")));
    assert_eq!((ticket.requester.address.as_str(), ticket.participants.len()), ("alert:zbx", 0));
    assert!(!ticket.promises.clocks.is_empty(), "the desk's promise runs");
    assert_eq!(told(&opened), [("pager", Some(NoticeEvent::Opened)), ("support", None)]);
    let again = world.report(alert("a", Firing, Severity::Critical), at(10));
    assert_eq!((fate(&again), told(&again).len()), ((Fate::Joined, "", Some(id)), 0));
    let other = world.report(alert("b", Firing, Severity::Warning), at(11));
    assert_eq!(fate(&other).2, Some(TicketId(103)), "another condition is another ticket");
}

#[test]
fn a_recovery_ends_what_nobody_worked_on_and_notes_what_somebody_has() {
    let mut world = World::new(watched());
    world.report(alert("a", Firing, Severity::Error), at(0));
    let over = world.report(alert("a", Resolved, Severity::Error), at(5));
    assert_eq!(world.ticket(TicketId(101)).status, Status::Resolved);
    assert_eq!(told(&over), [("pager", Some(NoticeEvent::Resolved)), ("support", None)]);
    assert!(over.outbound[1].subject.starts_with("【復旧】"), "{}", over.outbound[1].subject);
    assert_eq!(over.outbound[0].replaces.as_deref(), Some("notice:T-101:0:opened:pager"));
    let twice = world.report(alert("a", Resolved, Severity::Error), at(6));
    assert_eq!(fate(&twice), (Fate::Ignored, "recovered", None));
    let unknown = world.report(alert("never", Resolved, Severity::Error), at(6));
    assert_eq!((fate(&unknown), unknown.alerts.len()), ((Fate::Ignored, "recovered", None), 0));

    world.report(alert("b", Firing, Severity::Error), at(7));
    let id = TicketId(105);
    world.tickets.iter_mut().find(|ticket| ticket.id == id).unwrap().assignee = Some("aoki".into());
    let over = world.report(alert("b", Resolved, Severity::Error), at(8));
    assert_eq!((fate(&over), world.ticket(id).status), ((Fate::Joined, "", Some(id)), Status::New));
    assert_eq!(told(&over), [], "a pager hears when the ticket ends");
}

#[test]
fn what_fires_again_soon_is_the_same_incident_and_later_a_linked_one() {
    let mut world = World::new(watched());
    world.report(alert("a", Firing, Severity::Error), at(0));
    world.report(alert("a", Resolved, Severity::Error), at(5));
    let back = world.report(alert("a", Firing, Severity::Error), at(20));
    assert_eq!((fate(&back).2, world.ticket(TicketId(101)).status), (Some(TicketId(101)), Status::New));
    assert_eq!(told(&back)[0], ("pager", Some(NoticeEvent::Reopened)));
    world.report(alert("a", Resolved, Severity::Error), at(25));
    let new = world.report(alert("a", Firing, Severity::Error), at(60));
    assert_eq!(fate(&new), (Fate::Filed, "", Some(TicketId(105))));
    assert_eq!(world.ticket(TicketId(105)).linked_to, Some(TicketId(101)));
}

#[test]
fn a_flapping_alert_keeps_its_ticket_and_its_turns_tell_nobody() {
    let mut world = World::new(watched());
    let mut notices = Vec::new();
    for turn in 0..12 {
        let state = if turn % 2 == 0 { Firing } else { Resolved };
        notices.push(told(&world.report(alert("a", state, Severity::Error), at(turn))).len());
    }
    assert_eq!(notices, [2, 2, 2, 2, 2, 0, 0, 0, 0, 0, 0, 0]);
    assert_eq!(world.tickets.len(), 1);
    assert_eq!(world.ticket(TicketId(101)).status, Status::New, "a recovery in between does not end it");
    let quiet = world.report(alert("a", Firing, Severity::Error), at(200));
    let end = world.report(alert("a", Resolved, Severity::Error), at(210));
    assert_eq!((told(&quiet).len(), world.ticket(TicketId(101)).status), (0, Status::Resolved));
    assert_eq!(told(&end).len(), 2, "once it is calm it ends like any other");
}

#[test]
fn a_storm_is_one_incident_that_ends_with_its_last_alert() {
    let mut catalog = watched();
    catalog.service.alerts[0].storm_alerts = 3;
    let mut world = World::new(catalog);
    let mut fates = Vec::new();
    for n in 0..10 {
        let severity = if n == 8 { Severity::Critical } else { Severity::Warning };
        let changes = world.report(alert(&format!("f{n}"), Firing, severity), at(0));
        fates.push((fate(&changes).0, fate(&changes).2.unwrap().0));
    }
    let own = [(Fate::Filed, 101), (Fate::Filed, 102), (Fate::Filed, 103), (Fate::Filed, 104)];
    assert_eq!(fates[..4], own, "the fourth is one too many and stands for the rest");
    assert!(fates[4..].iter().all(|fate| *fate == (Fate::Joined, 104)), "{fates:?}");
    let umbrella = world.ticket(TicketId(104)).clone();
    assert!(umbrella.subject.contains("3件を超える"), "{}", umbrella.subject);
    assert_eq!((umbrella.priority, world.flow.as_ref().unwrap().gathered), (Priority::Critical, 7));
    for n in 3..10 {
        let changes = world.report(alert(&format!("f{n}"), Resolved, Severity::Warning), at(1));
        let check = if n == 9 { "alert.recovers" } else { "alert.recovers_in_part" };
        assert_eq!(last_step(&changes).check, check);
    }
    assert_eq!(world.ticket(TicketId(104)).status, Status::Resolved);
    let after = world.report(alert("later", Firing, Severity::Warning), at(30));
    assert_eq!(fate(&after).0, Fate::Filed, "the storm is over");
    assert!(world.ticket(fate(&after).2.unwrap()).subject.contains("HTTP"));
}

#[test]
fn hours_severity_and_customers_follow_the_settings() {
    let mut catalog = watched();
    let source = &mut catalog.service.alerts[0];
    source.calendar = Some("business".into());
    source.least = Severity::Warning;
    source.customers =
        vec![crate::domain::alert::AlertCustomer { hosts: "web-*".into(), customer: "ops@client.example".into() }];
    let closed = (0..14 * 24).map(|hour| at(hour * 60));
    let business = catalog.calendar("business").unwrap().clone();
    let closed = closed.into_iter().find(|at| !crate::sla::is_open(&business, *at)).unwrap();
    let mut world = World::new(catalog);
    assert_eq!(fate(&world.report(alert("i", Firing, Severity::Info), closed)), (Fate::Ignored, "minor", None));
    let night = world.report(alert("w", Firing, Severity::Warning), closed);
    assert_eq!((fate(&night).0, told(&night).len()), (Fate::Filed, 0));
    let ticket = world.ticket(fate(&night).2.unwrap());
    assert_eq!(ticket.requester.address, "ops@client.example");
    assert_eq!(told(&world.report(alert("c", Firing, Severity::Critical), closed)).len(), 2);
}

#[test]
fn an_agent_the_machine_chose_neither_answers_the_pager_nor_keeps_the_ticket_open() {
    let mut world = World::new(watched());
    world.report(alert("a", Firing, Severity::Critical), at(0));
    let known = world.ticket(TicketId(101)).clone();
    let mut given = Ticket { assignee: Some("aoki".into()), ..known.clone() };
    given.course.given = true;
    let tell = |before: &Ticket, after: &Ticket| {
        let mut changes = Changes { tickets: vec![after.clone()], ..Changes::default() };
        let keyring = ring();
        let post = super::super::letter::Post { catalog: &world.catalog, keyring: &keyring, now: at(1) };
        super::super::notice::follow(&post, &[before], &mut changes, "");
        told(&changes).into_iter().filter(|(place, _)| *place == "pager").map(|(_, event)| event).collect::<Vec<_>>()
    };
    assert_eq!(tell(&known, &given), []);
    let mut taken = Ticket { version: given.version + 1, ..given.clone() };
    taken.course.given = false;
    assert_eq!(tell(&given, &taken), [Some(NoticeEvent::Acknowledged)]);
    world.tickets = vec![given];
    let recovered = world.report(alert("a", AlertState::Resolved, Severity::Critical), at(2));
    assert!(recovered.tickets.iter().any(|ticket| is_ended(ticket.status)), "{:?}", recovered.tickets);
}

#[test]
fn nothing_about_an_alert_is_ever_answered() {
    let mut world = World::new(watched());
    world.catalog.service.alerts[0].customer = Some("ops@client.example".into());
    let opened = world.report(alert("a", Firing, Severity::Critical), at(0));
    let ticket = world.ticket(TicketId(101)).clone();
    let keyring = ring();
    let hand = super::super::agent::Hand { catalog: &world.catalog, keyring: &keyring, agent: "aoki", now: at(1) };
    let taken = super::super::agent::assign(&hand, &ticket, Some("aoki")).unwrap();
    assert_eq!(told(&taken), [("pager", Some(NoticeEvent::Acknowledged))]);
    let resolved = super::super::agent::resolve(&hand, &ticket, None).unwrap();
    assert_eq!(told(&resolved), [("pager", Some(NoticeEvent::Resolved)), ("support", None)]);
    let to = |changes: &Changes| -> Vec<String> {
        changes.outbound.iter().flat_map(|outbound| &outbound.to).map(|to| to.address.clone()).collect()
    };
    for changes in [&opened, &taken, &resolved] {
        assert!(to(changes).iter().all(|to| to == "lead@client.example"), "{:?}", to(changes));
        assert!(changes.outbound.iter().all(|outbound| outbound.kind == crate::domain::OutboundKind::Notice));
    }
}
