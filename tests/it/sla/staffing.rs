//! Tickets given out in turn, lists that are gone down, problems out of repeated incidents, and quiet tickets that end: over the
//! real store, by the ticker.

use madoguchi::clock::Clock as Time;
use madoguchi::decide::agent::{Hand, Reply, Then, acknowledge, answer_complaint, reply};
use madoguchi::domain::catalog::Catalog;
use madoguchi::domain::problem::ProblemState;
use madoguchi::domain::routing::{Agent, Contact, ContactList, Line, QueueRules, Strategy};
use madoguchi::domain::service::{Escalation, Remedy, Scope, Trigger};
use madoguchi::domain::*;
use madoguchi::store::{OutboxFilter, StoreError, TicketFilter};

use super::{BEGIN, MINUTE, catalog, file, ring, tick, ticker};
use crate::store::{Desk, on_both};

on_both! {
    tickets_go_round_over_passes_and_restarts
    the_least_loaded_is_counted_from_what_is_stored
    a_list_is_gone_down_until_somebody_acknowledges
    three_incidents_of_one_host_are_a_problem
    what_nobody_answers_is_closed_and_its_requester_is_told_before
    ratings_and_complaints_have_rows_of_their_own
}

const DAY: i64 = 24 * 60 * MINUTE;

fn after(minutes: i64) -> Timestamp {
    BEGIN.plus_ms(minutes * MINUTE)
}

fn staffed(assign: Strategy) -> Catalog {
    let mut catalog = catalog();
    let agent = |name: &str| Agent {
        name: name.into(),
        addresses: vec![format!("{name}@client.example")],
        queues: vec!["support".into()],
        ..Agent::default()
    };
    let routing = &mut catalog.service.routing;
    routing.agents = ["aoki", "baba", "chiba"].map(agent).to_vec();
    routing.queues = vec![QueueRules { queue: "support".into(), line: Line::Second, assign }];
    catalog
}

/// Files `count` requests from number `first` on, and lets the ticker look; who has them.
async fn given(desk: &Desk, catalog: &Catalog, (first, count): (usize, usize), at: Timestamp) -> String {
    let messages: Vec<(usize, &str, Timestamp)> = (first..first + count).map(|n| (n, "restart", at)).collect();
    let tickets = file(&desk.store, catalog, &messages).await;
    tick(&ticker(&desk.store, catalog, &Time::fixed(at))).await;
    let mut names = String::new();
    for id in tickets.values() {
        let ticket = desk.store.ticket(*id).await.unwrap().unwrap();
        names.push(ticket.assignee.map_or('-', |name| name.chars().next().unwrap()));
    }
    names
}

async fn tickets_go_round_over_passes_and_restarts(desk: Desk) {
    let catalog = staffed(Strategy::RoundRobin);
    assert_eq!(given(&desk, &catalog, (1, 4), after(0)).await, "abca");
    assert_eq!(
        given(&desk, &catalog, (5, 4), after(1)).await,
        "bcab",
        "another ticker goes on where the last one ended"
    );
    assert_eq!(given(&desk, &catalog, (9, 2), after(2)).await, "ca");
}

async fn the_least_loaded_is_counted_from_what_is_stored(desk: Desk) {
    let mut catalog = staffed(Strategy::LeastLoaded);
    catalog.service.routing.agents[1].absent = vec![(after(0), after(10))];
    assert_eq!(given(&desk, &catalog, (1, 4), after(0)).await, "acac");
    assert_eq!(given(&desk, &catalog, (5, 3), after(20)).await, "bba", "the one who was away catches up");
    for agent in &mut catalog.service.routing.agents {
        agent.absent = vec![(after(30), after(60))];
    }
    assert_eq!(given(&desk, &catalog, (8, 1), after(30)).await, "-");
    assert!(
        tick(&ticker(&desk.store, &catalog, &Time::fixed(after(59)))).await <= 1,
        "and nobody is looked for meanwhile"
    );
    tick(&ticker(&desk.store, &catalog, &Time::fixed(after(60)))).await;
    let waiting = desk.store.tickets(&TicketFilter::default()).await.unwrap();
    assert!(waiting.iter().all(|listed| listed.ticket.assignee.is_some()));
}

async fn a_list_is_gone_down_until_somebody_acknowledges(desk: Desk) {
    let mut catalog = staffed(Strategy::None);
    let contacts = ["aoki", "baba", "chiba"].map(|name| Contact::Agent(name.into())).to_vec();
    catalog.service.routing.lists = vec![ContactList { name: "on-call".into(), contacts, wait_minutes: 5, rounds: 3 }];
    let rule = Escalation {
        name: "page".into(),
        scope: Scope { priorities: vec![Priority::Critical], ..Scope::default() },
        trigger: Trigger::Queued,
        remedies: vec![Remedy::Call { list: "on-call".into() }],
    };
    catalog.service.escalations = vec![rule];
    let id = file(&desk.store, &catalog, &[(1, "incident", after(0))]).await[&1];
    for minute in 0..=11 {
        tick(&ticker(&desk.store, &catalog, &Time::fixed(after(minute)))).await;
    }
    let told = async |desk: &Desk| {
        let rows = desk.store.outbox_list(&OutboxFilter::default()).await.unwrap();
        let calls = rows.into_iter().filter(|row| row.outbound.dedupe_key.starts_with("notice:call-"));
        let mut told: Vec<(Timestamp, String)> =
            calls.map(|row| (row.outbound.send_at, row.outbound.to[0].address.clone())).collect();
        told.sort();
        told.into_iter().map(|(at, to)| ((at.0 - BEGIN.0) / MINUTE, to[..1].to_owned())).collect::<Vec<_>>()
    };
    let wanted = [(0, "a".to_owned()), (5, "b".to_owned()), (10, "c".to_owned())];
    assert_eq!(told(&desk).await, wanted);
    let ticket = desk.store.ticket(id).await.unwrap().unwrap();
    let hand = Hand { catalog: &catalog, keyring: &ring(), agent: "chiba", now: after(12) };
    desk.store.apply(&acknowledge(&hand, &ticket).unwrap(), after(12)).await.unwrap();
    for minute in 13..60 {
        tick(&ticker(&desk.store, &catalog, &Time::fixed(after(minute)))).await;
    }
    assert_eq!(told(&desk).await, wanted, "nobody is told any more");
}

async fn three_incidents_of_one_host_are_a_problem(desk: Desk) {
    let mut catalog = staffed(Strategy::None);
    catalog.service.problems.owner = Some("baba".into());
    let seen = async |n: usize, host: &str, at: Timestamp| {
        let id = file(&desk.store, &catalog, &[(n, "incident", at)]).await[&n];
        let mut ticket = desk.store.ticket(id).await.unwrap().unwrap();
        ticket.slots.insert("host".into(), host.into());
        let hand = Hand { catalog: &catalog, keyring: &ring(), agent: "aoki", now: at };
        desk.store.apply(&acknowledge(&hand, &ticket).unwrap(), at).await.unwrap();
        tick(&ticker(&desk.store, &catalog, &Time::fixed(at))).await;
    };
    for (n, host, minutes) in [(1, "web01", 0), (2, "web02", 5), (3, "Web01", 10)] {
        seen(n, host, after(minutes)).await;
    }
    let state = async |key: &str| desk.store.problem(key).await.unwrap().unwrap();
    assert_eq!(state("incident/web01").await.state, ProblemState::Counted);
    seen(4, "web01", after(20)).await;
    let open = state("incident/web01").await;
    assert_eq!((open.state, open.owner.as_deref(), open.tickets.len()), (ProblemState::Open, Some("baba"), 3));
    assert_eq!(state("incident/web02").await.state, ProblemState::Counted);
    let nudges = async || {
        let rows = desk.store.outbox_list(&OutboxFilter::default()).await.unwrap();
        rows.iter().filter(|row| row.outbound.dedupe_key.starts_with("notice:problem-")).count()
    };
    assert_eq!(nudges().await, 1);
    tick(&ticker(&desk.store, &catalog, &Time::fixed(open.nudge_at.unwrap()))).await;
    assert_eq!(nudges().await, 2, "the owner is asked again");
    let asked = state("incident/web01").await;
    let late = desk.store.put_problem(&open, &[], after(30)).await;
    assert!(matches!(late, Err(StoreError::Conflict { .. })), "{late:?}");
    let mut closed = asked.clone();
    closed.state = ProblemState::Closed;
    closed.closed_at = Some(BEGIN.plus_ms(20 * DAY));
    desk.store.put_problem(&closed, &[], BEGIN.plus_ms(20 * DAY)).await.unwrap();
    for (n, days) in [(5, 21), (6, 22)] {
        seen(n, "web01", BEGIN.plus_ms(days * DAY)).await;
        assert_eq!(state("incident/web01").await.state, ProblemState::Closed);
    }
    seen(7, "web01", BEGIN.plus_ms(23 * DAY)).await;
    assert_eq!(state("incident/web01").await.state, ProblemState::Open, "it came back");
}

async fn what_nobody_answers_is_closed_and_its_requester_is_told_before(desk: Desk) {
    let mut catalog = staffed(Strategy::None);
    catalog.service.closing = madoguchi::sla::shipped::closing();
    let id = file(&desk.store, &catalog, &[(1, "restart", after(0))]).await[&1];
    let ticket = desk.store.ticket(id).await.unwrap().unwrap();
    let hand = Hand { catalog: &catalog, keyring: &ring(), agent: "aoki", now: after(10 * 60) };
    let words = Reply { text: "どのサーバですか。", then: Then::Waits, last: None };
    desk.store.apply(&reply(&hand, &ticket, &words).unwrap(), hand.now).await.unwrap();
    let mut seen = Vec::new();
    for day in 0..40 {
        let time = Time::fixed(BEGIN.plus_ms(day * DAY + 20 * 60 * MINUTE));
        tick(&ticker(&desk.store, &catalog, &time)).await;
        let status = desk.store.ticket(id).await.unwrap().unwrap().status;
        let rows = desk.store.outbox_list(&OutboxFilter::default()).await.unwrap();
        let told = rows.iter().filter(|row| row.outbound.dedupe_key.starts_with("closing:")).count();
        seen.push((day + 2, status, told));
    }
    // Monday 2 November; the 3rd and the 23rd are holidays.
    let first = |wanted: &dyn Fn(&(i64, Status, usize)) -> bool| seen.iter().find(|day| wanted(day)).map(|day| day.0);
    assert_eq!(first(&|day| day.2 == 1), Some(12), "three business days before the end");
    assert_eq!(first(&|day| day.1 == Status::Closed), Some(17), "ten business days after the question");
    assert_eq!(seen.last().unwrap().2, 1, "told once");
}

async fn ratings_and_complaints_have_rows_of_their_own(desk: Desk) {
    let catalog = staffed(Strategy::None);
    let id = file(&desk.store, &catalog, &[(1, "restart", after(0))]).await[&1];
    let mut ticket = desk.store.ticket(id).await.unwrap().unwrap();
    let (by, comment) = ("u1@client.example".to_owned(), "早い".to_owned());
    ticket.course.rating = Some(Rating { score: 5, comment, by, at: after(5) });
    let (service, content, action) = ("mail".to_owned(), "遅い".to_owned(), String::new());
    ticket.course.complaint = Some(Complaint { at: after(6), service, content, action, done: None });
    let hand = Hand { catalog: &catalog, keyring: &ring(), agent: "aoki", now: after(7) };
    let done = answer_complaint(&hand, &ticket, "お詫びした", None).unwrap();
    desk.store.apply(&done, after(7)).await.unwrap();
    let rated = desk.store.satisfaction([after(0), after(10)]).await.unwrap();
    assert_eq!((rated.len(), rated[0].0, rated[0].1.score, rated[0].1.comment.as_str()), (1, id, 5, "早い"));
    assert_eq!(desk.store.satisfaction([after(6), after(10)]).await.unwrap(), []);
    let register = desk.store.complaints([after(0), after(10)]).await.unwrap();
    let done = register[0].1.done.as_ref().unwrap();
    assert_eq!((register.len(), register[0].1.action.as_str(), done.by.as_str()), (1, "お詫びした", "aoki"));
}
