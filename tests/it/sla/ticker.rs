use madoguchi::clock::Clock as Time;
use madoguchi::decide::agent::{Hand, Reply, Then, reply};
use madoguchi::domain::routing::Customer;
use madoguchi::domain::service::{Remedy, Trigger};
use madoguchi::domain::*;
use madoguchi::store::{OutboxFilter, StoreError};

use super::{BEGIN, MINUTE, catalog, file, ring, tick, ticker};
use crate::store::{Desk, on_both};

on_both! {
    what_is_due_is_found_at_its_minute_and_noted_once
    two_processes_that_look_at_once_write_once
    what_has_fired_is_refused_although_the_ticket_does_not_know
    changed_rules_reach_every_open_ticket_once
    rules_that_come_back_in_the_middle_reach_every_ticket_again
    planned_maintenance_is_announced_once_to_each_customer
    a_ticket_moved_by_a_rule_is_in_its_new_queue
}

fn after(minutes: i64) -> Timestamp {
    BEGIN.plus_ms(minutes * MINUTE)
}

async fn notices(desk: &Desk) -> Vec<String> {
    let rows = desk.store.outbox_list(&OutboxFilter::default()).await.unwrap();
    let notices = rows.into_iter().filter(|row| row.outbound.kind == OutboundKind::Notice);
    notices.map(|row| row.outbound.dedupe_key).collect()
}

async fn what_is_due_is_found_at_its_minute_and_noted_once(desk: Desk) {
    let (catalog, time) = (catalog(), Time::fixed(after(0)));
    let id = file(&desk.store, &catalog, &[(1, "incident", after(0))]).await[&1];
    let worker = ticker(&desk.store, &catalog, &time);
    // The first look of all goes through every open ticket, as after a change of the rules.
    let quiet = tick(&worker).await;
    time.set(after(14));
    // The warning at 75 % of a quarter of an hour is 3 minutes and 45 seconds before its end.
    let warned = tick(&worker).await;
    assert_eq!((quiet, warned), (1, 1));
    assert_eq!(notices(&desk).await.len(), 0);
    time.set(after(15));
    assert_eq!((tick(&worker).await, notices(&desk).await.len()), (1, 1));
    assert_eq!((tick(&worker).await, notices(&desk).await.len()), (0, 1), "nothing is due twice");
    let ticket = desk.store.ticket(id).await.unwrap().unwrap();
    assert_eq!(ticket.breached, ["first_response"]);
    let hand = Hand { catalog: &catalog, keyring: &ring(), agent: "aoki", now: after(20) };
    let words = Reply { text: "調査中です。", then: Then::StaysOpen, last: None };
    desk.store.apply(&reply(&hand, &ticket, &words).unwrap(), after(20)).await.unwrap();
    time.set(after(79));
    tick(&worker).await;
    assert_eq!(notices(&desk).await.len(), 1, "the contract's half hour was kept");
    time.set(after(80));
    tick(&worker).await;
    assert_eq!(notices(&desk).await.len(), 2, "an hour after the word");
    assert_eq!(desk.store.firings(id).await.unwrap().len(), 2);
    let events = desk.store.ticket_events(id).await.unwrap();
    let missed: Vec<_> = events.iter().filter(|event| event.detail.contains("missed, was due")).collect();
    assert_eq!(missed.iter().map(|event| event.at).collect::<Vec<_>>(), [after(15), after(80)]);
}

async fn two_processes_that_look_at_once_write_once(desk: Desk) {
    let (catalog, time) = (catalog(), Time::fixed(after(16)));
    let messages: Vec<(usize, &str, Timestamp)> = (0..40).map(|n| (n, "incident", after(0))).collect();
    let tickets = file(&desk.store, &catalog, &messages).await;
    let mut running = tokio::task::JoinSet::new();
    for _ in 0..4 {
        let worker = ticker(&desk.store, &catalog, &time);
        running.spawn(async move { tick(&worker).await });
    }
    let written: usize = running.join_all().await.into_iter().sum();
    assert!(written >= 40, "{written}");
    let mut sent = notices(&desk).await;
    sent.sort();
    sent.dedup();
    assert_eq!((sent.len(), notices(&desk).await.len()), (40, 40));
    for id in tickets.values() {
        assert_eq!(desk.store.firings(*id).await.unwrap().len(), 1, "{id}");
        let events = desk.store.ticket_events(*id).await.unwrap();
        assert_eq!(events.iter().filter(|event| event.detail.contains("missed, was due")).count(), 1, "{id}");
    }
}

async fn what_has_fired_is_refused_although_the_ticket_does_not_know(desk: Desk) {
    let (catalog, time) = (catalog(), Time::fixed(after(15)));
    let id = file(&desk.store, &catalog, &[(1, "incident", after(0))]).await[&1];
    tick(&ticker(&desk.store, &catalog, &time)).await;
    let ticket = desk.store.ticket(id).await.unwrap().unwrap();
    let fired = desk.store.firings(id).await.unwrap();
    let again = Changes { tickets: vec![ticket.clone()], fired, ..Changes::default() };
    let refused = desk.store.apply(&again, after(16)).await;
    assert!(matches!(refused, Err(StoreError::Conflict { .. })), "{refused:?}");
    assert_eq!(desk.store.ticket(id).await.unwrap(), Some(ticket), "nothing of it is written");
}

async fn changed_rules_reach_every_open_ticket_once(desk: Desk) {
    let (mut catalog, time) = (catalog(), Time::fixed(after(1)));
    let messages: Vec<(usize, &str, Timestamp)> = (0..5).map(|n| (n, "restart", after(0))).collect();
    let tickets = file(&desk.store, &catalog, &messages).await;
    assert_eq!(tick(&ticker(&desk.store, &catalog, &time)).await, 1, "the first look goes through all of them");
    assert_eq!(tick(&ticker(&desk.store, &catalog, &time)).await, 0, "and is not done again");
    catalog.calendars[1].closed_dates.push("2026-11-04".parse().unwrap());
    catalog.service.timetables = catalog.calendars.iter().cloned().map(schedule::Timetable::new).collect();
    catalog.service.version = "2".into();
    assert_eq!(tick(&ticker(&desk.store, &catalog, &time)).await, 1);
    for id in tickets.values() {
        let ticket = desk.store.ticket(*id).await.unwrap().unwrap();
        assert_eq!(ticket.due.resolution.unwrap().rfc3339(), "2026-11-05T10:00:00.000Z", "3 November is a holiday");
        let clock = ticket.promises.clock(ClockKind::Resolution, ClockLevel::Slo).unwrap();
        assert_eq!(clock.revisions[0].due_at.rfc3339(), "2026-11-04T10:00:00.000Z");
        assert_eq!(ticket.promises.rules, "2");
    }
}

async fn rules_that_come_back_in_the_middle_reach_every_ticket_again(desk: Desk) {
    let (first, time) = (catalog(), Time::fixed(after(1)));
    // More than one page.
    let messages: Vec<(usize, &str, Timestamp)> = (0..201).map(|n| (n, "restart", after(0))).collect();
    let tickets = file(&desk.store, &first, &messages).await;
    tick(&ticker(&desk.store, &first, &time)).await;
    let mut second = catalog();
    second.service.version = "2".into();
    let worker = ticker(&desk.store, &first, &time);
    assert_eq!(worker.once().await.unwrap(), 0, "all have the first rules");
    let put = |catalog: &madoguchi::domain::Catalog| {
        let engine = madoguchi::classify::Engine::build(catalog).unwrap();
        let catalog = catalog.clone();
        worker.live.replace(madoguchi::workers::live::Rules { catalog, engine, model: 0 });
    };
    put(&second);
    assert_eq!(worker.once().await.unwrap(), 1, "a page of them has the second ones");
    put(&first);
    tick(&worker).await;
    for id in tickets.values() {
        assert_eq!(desk.store.ticket(*id).await.unwrap().unwrap().promises.rules, "1", "{id}");
    }
}

async fn planned_maintenance_is_announced_once_to_each_customer(desk: Desk) {
    let (mut catalog, time) = (catalog(), Time::fixed(after(0)));
    let customer = |name: &str, notices: &[&str]| Customer {
        name: name.into(),
        notices: notices.iter().map(|mail| (*mail).to_owned()).collect(),
        ..Customer::default()
    };
    catalog.service.routing.customers =
        vec![customer("acme", &["it@acme.example"]), customer("other", &["x@other.example"])];
    let day = 24 * 60;
    catalog.service.maintenance = vec![madoguchi::domain::maintenance::Maintenance {
        name: "switch".into(),
        span: Span { from: after(8 * day), to: after(8 * day + 60) },
        services: vec!["web01".into()],
        customers: vec!["acme".into()],
        what: Bilingual { ja: "交換".into(), en: "A switch is replaced.".into() },
        announce_days: 7,
    }];
    let told = async || {
        let rows = desk.store.outbox_list(&OutboxFilter::default()).await.unwrap();
        let keys = rows.into_iter().filter(|row| row.outbound.dedupe_key.starts_with("maintenance:"));
        keys.map(|row| row.outbound.to[0].address.clone()).collect::<Vec<_>>()
    };
    let worker = ticker(&desk.store, &catalog, &time);
    tick(&worker).await;
    assert_eq!(told().await, [""; 0], "eight days before");
    time.set(after(day));
    // Two at once, and one that was started later.
    let other = ticker(&desk.store, &catalog, &time);
    let (one, two) = tokio::join!(worker.once(), other.once());
    assert!(one.is_ok() && two.is_ok());
    tick(&ticker(&desk.store, &catalog, &time)).await;
    assert_eq!((tick(&worker).await, told().await), (0, vec!["it@acme.example".to_owned()]));
}

async fn a_ticket_moved_by_a_rule_is_in_its_new_queue(desk: Desk) {
    let (mut catalog, time) = (catalog(), Time::fixed(after(5)));
    let rule = &mut catalog.service.escalations[0];
    rule.trigger = Trigger::Unacknowledged { minutes: 5 };
    rule.remedies = vec![Remedy::SecondLine, Remedy::Raise { to: Priority::Critical }, Remedy::OpenProblem];
    let ids = file(&desk.store, &catalog, &[(1, "incident", after(0)), (2, "incident", after(0))]).await;
    tick(&ticker(&desk.store, &catalog, &time)).await;
    let ticket = desk.store.ticket(ids[&1]).await.unwrap().unwrap();
    assert_eq!((ticket.queue.as_str(), ticket.promises.moves), ("support", 1));
    let problems = desk.store.problems().await.unwrap();
    assert_eq!((problems.len(), problems[0].key.as_str()), (1, "incident/support"));
}
