//! Which policy holds, which words stop its clocks, and where a ticket waits.

use super::super::agent::{
    Hand, Recovery, Reply, Then, acknowledge, assign, close, recover, reopen, reply, report, resolve,
};
use super::super::fixture::catalog;
use super::super::tick;
use super::*;
use crate::domain::promise::{Clock, ClockKind, ClockLevel};
use crate::domain::routing::{Customer, Route};
use crate::domain::schedule::Objective;
use crate::domain::service::{Policy, Scope, Target};
use crate::domain::{Catalog, Changes, Timestamp};

const MINUTE_MS: i64 = 60_000;

fn after(minutes: i64) -> Timestamp {
    NOW.plus_ms(minutes * MINUTE_MS)
}

/// A policy around the clock: a first word in `first` minutes, the next ones in 30, a solution in 600.
fn policy(name: &str, scope: Scope, first: u32) -> Policy {
    let target = |kind, minutes| Target { kind, level: ClockLevel::Slo, time: Some(Objective::Minutes(minutes)) };
    let targets = vec![
        target(ClockKind::FirstResponse, first),
        target(ClockKind::NextResponse, 30),
        target(ClockKind::Resolution, 600),
    ];
    Policy {
        name: name.into(),
        scope,
        targets,
        calendar: Some("always".into()),
        ..crate::sla::shipped::policies().remove(0)
    }
}

fn promised(policies: Vec<Policy>) -> Catalog {
    let mut catalog = catalog();
    catalog.service.policies = policies;
    catalog
}

fn filed(catalog: &Catalog, scene: Scene) -> Ticket {
    let ticket = scene.with(|scene| scene.catalog = catalog.clone()).planned().tickets.remove(0);
    Ticket { version: 1, ..ticket }
}

fn restart() -> Scene {
    Scene::new("再起動", "web01 を再起動してください")
        .intent("restart_server", 0.99)
        .slot("host", "web01")
        .slot("operation", "restart")
}

fn slo(ticket: &Ticket, kind: ClockKind) -> Clock {
    ticket.promises.clock(kind, ClockLevel::Slo).unwrap_or_else(|| panic!("no {kind}")).clone()
}

#[test]
fn the_first_policy_that_fits_holds_and_a_customers_own_before_all() {
    let words = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>();
    let mut catalog = promised(vec![
        policy("by-channel", Scope { channels: vec![Channel::Slack], ..Scope::default() }, 1),
        policy("by-customer", Scope { requesters: words(&["@gold.example"]), ..Scope::default() }, 2),
        policy("by-priority", Scope { priorities: vec![Priority::Critical], ..Scope::default() }, 3),
        policy("by-type", Scope { intents: words(&["restart_server"]), ..Scope::default() }, 4),
        policy("by-queue", Scope { queues: words(&["contracts"]), ..Scope::default() }, 5),
        policy("rest", Scope::default(), 6),
    ]);
    let from = |mail: &'static str| move |scene: &mut Scene| scene.message.from = address(mail);
    let cases: Vec<(&str, Scene)> = vec![
        ("by-channel", restart().with(|scene| scene.message.channel = Channel::Slack)),
        ("by-customer", restart().with(from("a@eu.gold.example"))),
        ("by-priority", restart().wishes(&[Wish::Security])),
        ("by-type", restart()),
        ("by-queue", Scene::new("契約", "本文").with(|scene| scene.message.source = "sales".into())),
        ("rest", Scene::new("件名", "本文")),
        ("rest", Scene::new("件名", "本文").with(from("a@notgold.example"))),
    ];
    for (wanted, scene) in cases {
        let clock = slo(&filed(&catalog, scene), ClockKind::FirstResponse);
        assert_eq!(clock.policy, wanted);
    }
    let own = Customer {
        name: "acme".into(),
        addresses: words(&["@client.example"]),
        policies: words(&["by-queue", "rest"]),
        ..Customer::default()
    };
    catalog.service.routing.customers.push(own);
    assert_eq!(
        slo(&filed(&catalog, restart()), ClockKind::FirstResponse).policy,
        "rest",
        "the first of its own that fits"
    );
}

#[test]
fn the_machines_word_counts_only_where_the_policy_says_so() {
    for (bot_counts, wanted) in [(false, "running"), (true, "met")] {
        let catalog = promised(vec![Policy { bot_counts, ..policy("p", Scope::default(), 60) }]);
        let acknowledged = filed(&catalog, restart());
        assert_eq!(
            slo(&acknowledged, ClockKind::FirstResponse).state(),
            wanted,
            "acknowledged, bot_counts {bot_counts}"
        );
    }
}

#[test]
fn the_next_word_is_due_when_the_requester_writes_after_an_answer() {
    let catalog = promised(vec![policy("p", Scope::default(), 60)]);
    let keyring = ring();
    let hand = |minutes| Hand { catalog: &catalog, keyring: &keyring, agent: "aoki", now: after(minutes) };
    let words = Reply { text: "確認します。", then: Then::StaysOpen, last: None };
    let writes = |ticket: &Ticket| filed(&catalog, Scene::reply(ticket.clone(), "追加です"));
    let new = filed(&catalog, restart());
    assert_eq!(writes(&new).promises.clock(ClockKind::NextResponse, ClockLevel::Slo), None, "nobody has answered yet");
    let told = reply(&hand(-10), &new, &words).unwrap().tickets.remove(0);
    assert_eq!(told.promises.clock(ClockKind::NextResponse, ClockLevel::Slo), None);
    let back = writes(&told);
    let due = slo(&back, ClockKind::NextResponse);
    assert_eq!((due.state(), due.due_at), ("running", after(30)));
    assert_eq!(
        slo(&writes(&back), ClockKind::NextResponse).started_at,
        due.started_at,
        "counted from the first that waits"
    );
    let late = tick(&catalog, &ring(), &back, after(31)).tickets.remove(0);
    assert!(late.breached.contains(&"next_response".to_owned()), "{:?}", late.breached);
    let again = reply(&hand(40), &late, &words).unwrap().tickets.remove(0);
    assert_eq!(slo(&again, ClockKind::NextResponse).state(), "late");
    assert_eq!(slo(&writes(&again), ClockKind::NextResponse).cycle, 2);
}

#[test]
fn only_the_kinds_the_policy_names_stand_while_it_waits_for_the_requester() {
    let update = Target { kind: ClockKind::Update, level: ClockLevel::Slo, time: Some(Objective::Minutes(90)) };
    for (pauses, wanted) in [
        (vec![ClockKind::Resolution], ["running", "paused"]),
        (vec![ClockKind::Update], ["paused", "running"]),
        (Vec::new(), ["running", "running"]),
    ] {
        let mut policy = Policy { pauses, ..policy("p", Scope::default(), 60) };
        policy.targets.push(update.clone());
        let catalog = promised(vec![policy]);
        let (keyring, new) = (ring(), filed(&catalog, restart()));
        let hand = Hand { catalog: &catalog, keyring: &keyring, agent: "aoki", now: after(5) };
        let words = Reply { text: "どちらのサーバですか。", then: Then::Waits, last: None };
        let waits = reply(&hand, &new, &words).unwrap().tickets.remove(0);
        let states = [ClockKind::Update, ClockKind::Resolution].map(|kind| slo(&waits, kind).state());
        assert_eq!(states, wanted);
    }
}

#[test]
fn a_ticket_waits_where_the_first_of_rule_customer_type_and_mailbox_says() {
    let words = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>();
    let mut catalog = catalog();
    let route = |name: &str, scope: Scope, word: &[&str], queue: Option<&str>, skills: &[&str]| Route {
        name: name.into(),
        scope,
        words: words(word),
        queue: queue.map(str::to_owned),
        skills: words(skills),
    };
    let scope = |requester: &str| Scope { requesters: words(&[requester]), ..Scope::default() };
    catalog.service.routing.routes = vec![
        route("linux", Scope::default(), &["linux"], None, &["linux"]),
        route("vip", scope("ceo@client.example"), &["至急"], Some("experts"), &["tact"]),
    ];
    let customer = |name: &str, domain: &str, queue: &str| Customer {
        name: name.into(),
        addresses: words(&[domain]),
        queue: Some(queue.into()),
        ..Customer::default()
    };
    catalog.service.routing.customers = vec![customer("gold", "@gold.example", "contracts")];
    catalog.service.routing.default_queue = Some("complaints".into());
    let from = |mail: &'static str| move |scene: &mut Scene| scene.message.from = address(mail);
    let cases: Vec<(&str, bool, &[&str], Scene)> = vec![
        ("operations", false, &[], restart()),
        ("operations", false, &["linux"], restart().with(|scene| scene.message.subject = "Linux".into())),
        ("contracts", false, &[], restart().with(from("a@gold.example"))),
        ("operations", false, &[], restart().with(from("ceo@client.example"))),
        (
            "experts",
            false,
            &["tact"],
            restart().with(from("ceo@client.example")).with(|scene| scene.message.subject = "至急".into()),
        ),
        ("contracts", false, &[], Scene::new("件名", "本文").with(|scene| scene.message.source = "sales".into())),
        ("complaints", true, &[], Scene::new("件名", "本文")),
        ("complaints", false, &[], Scene::new("件名", "本文").intent("complaint", 0.99).with(from("a@gold.example"))),
    ];
    for (queue, unrouted, skills, scene) in cases {
        let scene = scene.with(|scene| scene.catalog = catalog.clone());
        let changes = scene.planned();
        let ticket = &changes.tickets[0];
        assert_eq!((ticket.queue.as_str(), ticket.course.unrouted), (queue, unrouted), "{:?}", scene.message.subject);
        assert_eq!(ticket.course.skills, skills);
        let said = changes.events.iter().any(|event| event.detail.contains("nothing routed it"));
        assert_eq!(said, unrouted, "its history says so: {:?}", changes.events);
    }
}

/// A first word within an hour, and one every hour from then on.
fn hourly() -> Catalog {
    let mut hourly = policy("p", Scope::default(), 60);
    let kind = ClockKind::Update;
    hourly.targets.push(Target { kind, level: ClockLevel::Slo, time: Some(Objective::Minutes(60)) });
    promised(vec![hourly])
}

/// How the clocks of the first word, of the hourly one and of the solution stand, and how often each was kept.
fn standing(ticket: &Ticket) -> [(&'static str, u32); 3] {
    [ClockKind::FirstResponse, ClockKind::Update, ClockKind::Resolution].map(|kind| {
        let clock = slo(ticket, kind);
        (clock.state(), clock.kept)
    })
}

#[test]
fn a_word_that_nobody_gave_is_a_promise_that_nobody_kept() {
    let (catalog, keyring) = (hourly(), ring());
    let new = filed(&catalog, restart());
    let hand = Hand { catalog: &catalog, keyring: &keyring, agent: "aoki", now: after(5) };
    let words = Reply { text: "再起動しました。", then: Then::IsResolved, last: None };
    let enough = Ticket { automatic_sent: 100, ..new.clone() };
    let (met, once, dropped) = (("met", 1), ("dropped", 1), ("dropped", 0));
    for (what, done, wanted) in [
        ("without a word", close(&hand, &new), [dropped, dropped, met]),
        ("with the letter that asks whether it is solved", resolve(&hand, &new, None), [met, met, met]),
        ("without that letter", resolve(&hand, &enough, None), [dropped, dropped, met]),
        ("with an answer", reply(&hand, &new, &words), [met, once, met]),
    ] {
        assert_eq!(standing(&done.unwrap().tickets[0]), wanted, "{what}");
    }
    let closed = close(&hand, &new).unwrap().tickets.remove(0);
    let back = reopen(&Hand { now: after(100), ..hand }, &closed).unwrap().tickets.remove(0);
    assert_eq!(standing(&back).map(|clock| clock.0), ["running"; 3], "what comes back is waited for again");
}

#[test]
fn a_report_and_the_recovery_are_two_words_and_not_three() {
    let (catalog, keyring) = (hourly(), ring());
    let hand = |minutes| Hand { catalog: &catalog, keyring: &keyring, agent: "aoki", now: after(minutes) };
    let new = filed(&catalog, restart());
    let told = report(&hand(30), &new, "調査中です。", None).unwrap().tickets.remove(0);
    let over = Recovery { text: "復旧しました。", since: None, back: Some(after(45)), cause: "", last: None };
    let back = recover(&hand(50), &told, &over).unwrap().tickets.remove(0);
    assert_eq!(standing(&back)[1], ("dropped", 2));
}

/// The ticket of an alert, which nobody can be written to about.
fn monitored(catalog: &Catalog) -> Ticket {
    let filed = filed(catalog, restart());
    Ticket { channel: Channel::Alert, requester: address(""), ..filed }
}

#[test]
fn where_nobody_can_be_written_to_whoever_takes_it_up_keeps_the_first_promise() {
    let (catalog, keyring) = (hourly(), ring());
    let hand = |minutes| Hand { catalog: &catalog, keyring: &keyring, agent: "aoki", now: after(minutes) };
    let alert = monitored(&catalog);
    let first = |done: &Changes| standing(&done.tickets[0])[0];
    for (what, done) in [
        ("acknowledged", acknowledge(&hand(5), &alert)),
        ("taken", assign(&hand(5), &alert, Some("aoki"))),
        ("closed", close(&hand(5), &alert)),
    ] {
        assert_eq!(first(&done.unwrap()), ("met", 1), "{what}");
    }
    assert_eq!(first(&acknowledge(&hand(61), &alert).unwrap()), ("late", 0));
    assert_eq!(
        first(&acknowledge(&hand(5), &filed(&catalog, restart())).unwrap()),
        ("running", 0),
        "it has a requester"
    );
}

#[test]
fn where_nobody_can_be_written_to_a_report_stays_in_the_history() {
    let (catalog, keyring) = (hourly(), ring());
    let hand = |minutes| Hand { catalog: &catalog, keyring: &keyring, agent: "aoki", now: after(minutes) };
    let done = report(&hand(30), &monitored(&catalog), "ディスクを交換中", None).unwrap();
    let told = done.tickets[0].clone();
    assert!(done.outbound.is_empty());
    assert!(done.events.iter().any(|event| event.detail == "interim report 1: ディスクを交換中"), "{:?}", done.events);
    assert_eq!(
        (standing(&told), told.due.next_update),
        ([("met", 1), ("running", 1), ("running", 0)], Some(after(90)))
    );
    assert_eq!(told.first_response_at, None, "nobody was told");
    let ended = close(&hand(50), &told).unwrap().tickets.remove(0);
    assert_eq!(standing(&ended)[1], ("met", 2), "that it is over is the last report");
}
