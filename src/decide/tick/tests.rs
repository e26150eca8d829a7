use super::super::fixture::{NOW, Scene, catalog, ring, ticket};
use super::*;
use crate::decide::agent::{Hand, Reply, Then, reopen, reply, resolve, set_priority};
use crate::domain::promise::{ClockKind, ClockLevel, Signal};
use crate::domain::service::{NotifyTarget, NotifyWay, Scope, Trigger, Which};
use crate::domain::{Channel, OutboundKind, Status, Wish};

const MINUTE_MS: i64 = 60_000;

fn rule(name: &str, trigger: Trigger, remedies: Vec<Remedy>) -> Escalation {
    Escalation { name: name.into(), scope: Scope::default(), trigger, remedies }
}

fn watched(rules: Vec<Escalation>) -> Catalog {
    let mut catalog = catalog();
    catalog.service.escalations = rules;
    catalog.service.targets = vec![
        NotifyTarget {
            name: "leads".into(),
            way: NotifyWay::Mail { address: "lead@client.example".into(), mailbox: "support".into() },
        },
        NotifyTarget { name: "room".into(), way: NotifyWay::Triage { channel: Channel::Slack, room: "C1".into() } },
    ];
    catalog
}

/// An incident as it is filed.
fn incident(catalog: &Catalog) -> Ticket {
    let scene = Scene::new("サイトが落ちています", "web-1 が停止")
        .intent("incident", 0.99)
        .with(|scene| scene.catalog = catalog.clone());
    scene.planned().tickets.remove(0)
}

fn clock(ticket: &Ticket, kind: ClockKind, level: ClockLevel) -> crate::domain::Clock {
    ticket.promises.clock(kind, level).unwrap_or_else(|| panic!("no {level} {kind}: {:?}", ticket.promises)).clone()
}

fn after(minutes: i64) -> Timestamp {
    NOW.plus_ms(minutes * MINUTE_MS)
}

#[test]
fn an_incident_has_both_clocks_and_the_hourly_word() {
    let catalog = catalog();
    let filed = incident(&catalog);
    let due = |kind, level| (clock(&filed, kind, level).due_at.0 - NOW.0) / MINUTE_MS;
    assert_eq!(
        (
            due(ClockKind::FirstResponse, ClockLevel::Slo),
            due(ClockKind::FirstResponse, ClockLevel::Sla),
            due(ClockKind::Update, ClockLevel::Slo)
        ),
        (15, 30, 60)
    );
    let quiet =
        Scene::new("障害", "web-1 が停止。業務への影響はありません。").intent("incident", 0.99).slot("host", "web-1");
    let quiet = quiet.planned().tickets.remove(0);
    assert_eq!(
        (quiet.priority, quiet.promises.clock(ClockKind::FirstResponse, ClockLevel::Sla)),
        (Priority::High, None)
    );
    assert_eq!((clock(&quiet, ClockKind::FirstResponse, ClockLevel::Slo).due_at.0 - NOW.0) / MINUTE_MS, 60);
}

#[test]
fn the_machines_word_is_not_a_persons_and_an_hourly_word_begins_the_next_hour() {
    let (catalog, keyring) = (catalog(), ring());
    let filed = Ticket { version: 1, ..incident(&catalog) };
    assert_eq!(clock(&filed, ClockKind::FirstResponse, ClockLevel::Slo).state(), "running", "it was acknowledged");
    let hand = |minutes| Hand { catalog: &catalog, keyring: &keyring, agent: "aoki", now: after(minutes) };
    let words = Reply { text: "調査中です。", then: Then::StaysOpen, last: None };
    let told = reply(&hand(10), &filed, &words).unwrap().tickets.remove(0);
    assert_eq!(clock(&told, ClockKind::FirstResponse, ClockLevel::Sla).state(), "met");
    assert_eq!((clock(&told, ClockKind::Update, ClockLevel::Slo).cycle, told.due.next_update), (2, Some(after(70))));
    let late = tick(&catalog, &ring(), &told, after(75));
    let late_ticket = late.tickets[0].clone();
    assert_eq!(clock(&late_ticket, ClockKind::Update, ClockLevel::Slo).breached_at, Some(after(70)));
    assert!(late_ticket.breached.contains(&"next_update".to_owned()));
    assert!(late.events.iter().any(|event| event.kind == EventKind::Clock && event.detail.contains("missed")));
    let told = reply(&hand(80), &late_ticket, &words).unwrap().tickets.remove(0);
    assert_eq!((clock(&told, ClockKind::Update, ClockLevel::Slo).cycle, told.due.next_update), (3, Some(after(140))));
    let back = resolve(&hand(90), &told, None).unwrap().tickets.remove(0);
    assert_eq!((clock(&back, ClockKind::Resolution, ClockLevel::Slo).state(), back.due.next_update), ("met", None));
    let again = reopen(&hand(200), &back).unwrap().tickets.remove(0);
    assert_eq!(again.due.resolution, Some(after(240 + 110)), "the time in between does not count");
    assert_eq!(again.promises.count(Signal::Reopened), 1);
}

#[test]
fn rules_fire_in_order_once_and_what_a_person_set_stays() {
    let breach =
        Trigger::Breach { which: Which { kind: Some(ClockKind::FirstResponse), level: Some(ClockLevel::Sla) } };
    let notify = |name: &str| Remedy::Notify { target: name.into() };
    let catalog = watched(vec![
        rule("late", breach, vec![Remedy::SecondLine, notify("leads"), Remedy::Page { target: "room".into() }]),
        rule(
            "talk",
            Trigger::Seen { signal: Signal::Person, times: 1 },
            vec![Remedy::Raise { to: Priority::Critical }],
        ),
        rule("twice", Trigger::Seen { signal: Signal::Complaint, times: 1 }, vec![Remedy::OpenProblem]),
    ]);
    let mut known = Ticket { version: 4, ..incident(&catalog) };
    known.promises.note(Signal::Person);
    known.promises.note(Signal::Complaint);
    let changes = tick(&catalog, &ring(), &known, after(30));
    let done = &changes.tickets[0];
    assert_eq!((done.queue.as_str(), done.promises.moves), ("experts", 1));
    let rules: Vec<&str> = changes.fired.iter().map(|firing| firing.rule.as_str()).collect();
    assert_eq!(rules, ["late", "talk", "twice"]);
    assert_eq!((changes.outbound.len(), changes.problems[0].key.as_str()), (2, "incident/experts"));
    assert_eq!(changes.outbound[0].to[0].address, "lead@client.example");
    assert!(changes.outbound[1].subject.starts_with("【至急】") && changes.outbound[1].place.is_some());
    assert!(changes.outbound.iter().all(|notice| notice.kind == OutboundKind::Notice && notice.text.contains("late")));
    let told = &changes.outbound[0].text;
    assert!(told.contains("理由: 初回応答（SLA）の期限を過ぎました") && told.contains("優先度: 緊急"), "{told}");
    assert_eq!(changes.fired[0].because.en, "first_response (sla) was missed");
    let again = tick(&catalog, &ring(), done, after(31));
    assert_eq!((again.fired.len(), again.outbound.len(), again.tickets[0].promises.watch_at), (0, 0, None));

    let (keyring, low) = (ring(), Ticket { version: 4, ..incident(&catalog) });
    let hand = Hand { catalog: &catalog, keyring: &keyring, agent: "aoki", now: after(1) };
    let mut low = set_priority(&hand, &low, Priority::Low).unwrap().tickets.remove(0);
    low.promises.note(Signal::Person);
    let stays = tick(&catalog, &ring(), &low, after(2));
    assert_eq!(stays.tickets[0].priority, Priority::Low);
    assert!(stays.events.iter().any(|event| event.detail.contains("aoki set it")));
}

#[test]
fn a_message_leaves_its_signals_and_wakes_the_rules_at_once() {
    let catalog =
        watched(vec![rule("anger", Trigger::Seen { signal: Signal::Complaint, times: 1 }, vec![Remedy::OpenProblem])]);
    let scene = Scene::reply(ticket(Status::Open), "ひどい対応です")
        .wishes(&[Wish::Complaint])
        .with(|scene| scene.catalog = catalog.clone());
    let joined = scene.planned().tickets.remove(0);
    assert_eq!((joined.promises.count(Signal::Complaint), joined.promises.watch_at), (1, Some(NOW)));
    let vague = Scene::new("?", "よくわからない").planned().tickets.remove(0);
    assert_eq!(vague.promises.count(Signal::LowConfidence), 1);
}

#[test]
fn each_signal_a_message_leaves_sets_off_its_rule() {
    let signals = [
        Signal::Person,
        Signal::Negative,
        Signal::Complaint,
        Signal::Security,
        Signal::LowConfidence,
        Signal::Reopened,
    ];
    let seen =
        signals.map(|signal| rule(signal.as_str(), Trigger::Seen { signal, times: 1 }, vec![Remedy::OpenProblem]));
    let catalog = watched(seen.to_vec());
    let new = |wishes: &[Wish]| Scene::new("件名", "本文").intent("restart_server", 0.99).wishes(wishes);
    let joined = |status, wishes: &[Wish]| Scene::reply(ticket(status), "本文").wishes(wishes);
    for (scene, wanted) in vec![
        (new(&[]), &[][..]),
        (new(&[Wish::Person]), &["person"]),
        (new(&[Wish::Complaint]), &["complaint"]),
        (new(&[Wish::Security]), &["security"]),
        (Scene::new("?", "よくわからない"), &["low_confidence"]),
        (joined(Status::Open, &[]), &[]),
        (joined(Status::Open, &[Wish::Person]), &["person"]),
        (joined(Status::Open, &[Wish::Security]), &["security"]),
        (joined(Status::Resolved, &[Wish::NotSolved]), &["negative", "reopened"]),
    ] {
        let filed = scene.with(|scene| scene.catalog = catalog.clone()).planned().tickets.remove(0);
        let firings = tick(&catalog, &ring(), &filed, NOW).fired;
        let rules: Vec<&str> = firings.iter().map(|firing| firing.rule.as_str()).collect();
        assert_eq!(rules, wanted);
    }
}

#[test]
fn every_kind_of_place_is_told_by_a_row_of_its_own() {
    let room = |channel| NotifyWay::Room { channel, room: "R1".into() };
    let ways = [
        ("mail", NotifyWay::Mail { address: "lead@client.example".into(), mailbox: "support".into() }, Channel::Email),
        ("slack", room(Channel::Slack), Channel::Slack),
        ("discord", room(Channel::Discord), Channel::Discord),
        ("triage", NotifyWay::Triage { channel: Channel::Slack, room: "C1".into() }, Channel::Slack),
        ("webhook", NotifyWay::Webhook, Channel::Notify),
        ("pagerduty", NotifyWay::Pagerduty, Channel::Notify),
        ("backlog", NotifyWay::Backlog, Channel::Notify),
    ];
    let all = ways.iter().map(|(name, ..)| Remedy::Notify { target: (*name).into() }).collect();
    let late = Trigger::Breach { which: Which { kind: Some(ClockKind::FirstResponse), level: Some(ClockLevel::Sla) } };
    let mut catalog = watched(vec![rule("late", late, all)]);
    catalog.service.targets =
        ways.iter().map(|(name, way, _)| NotifyTarget { name: (*name).into(), way: way.clone() }).collect();
    let known = Ticket { version: 4, ..incident(&catalog) };
    let written = tick(&catalog, &ring(), &known, after(30)).outbound;
    assert_eq!(written.len(), ways.len());
    for (row, (name, _, channel)) in written.iter().zip(&ways) {
        assert_eq!((row.channel, row.kind, row.ticket), (*channel, OutboundKind::Notice, Some(known.id)), "{name}");
        assert!(row.dedupe_key.starts_with("notice:late:") && row.dedupe_key.ends_with(name), "{}", row.dedupe_key);
        let by_http = *channel == Channel::Notify;
        assert_eq!(
            (row.notice.is_some(), row.place.is_some(), row.to.len()),
            (by_http, matches!(channel, Channel::Slack | Channel::Discord), usize::from(*name == "mail")),
            "{name}"
        );
        assert!(row.notice.as_ref().is_none_or(|notice| notice.target == *name && notice.rule == "late"), "{name}");
    }
}

#[test]
fn other_rules_give_open_tickets_other_terms_and_their_history_says_so() {
    let mut catalog = catalog();
    let filed = Ticket { version: 1, ..incident(&catalog) };
    catalog.service.version = "2".into();
    for target in &mut catalog.service.policies[0].targets {
        if target.kind == ClockKind::Resolution {
            target.time = Some(crate::domain::schedule::Objective::Minutes(120));
        }
    }
    let changes = tick(&catalog, &ring(), &filed, after(5));
    let solution = clock(&changes.tickets[0], ClockKind::Resolution, ClockLevel::Slo);
    assert_eq!((solution.due_at, solution.revisions[0].due_at), (after(120), after(240)));
    assert!(changes.events.iter().any(|event| event.detail.contains("other terms")));
    assert_eq!(tick(&catalog, &ring(), &changes.tickets[0], after(6)).events, []);
}

#[test]
fn a_problem_of_a_rule_is_told_apart_by_what_it_is_about() {
    let catalog =
        watched(vec![rule("bad", Trigger::Seen { signal: Signal::Security, times: 1 }, vec![Remedy::OpenProblem])]);
    let key = |host: &str, matter: Option<&str>| {
        let mut known = Ticket { version: 4, ..incident(&catalog) };
        known.slots.insert("host".into(), host.into());
        known.course.matter = matter.map(Into::into);
        known.promises.note(Signal::Security);
        tick(&catalog, &ring(), &known, after(1)).problems.remove(0).key
    };
    assert_eq!((key("Web-1", None), key("web-2", None)), ("incident/web-1".into(), "incident/web-2".into()));
    assert_eq!(key("web-1", Some("incident/proxy")), "incident/proxy", "what it is counted under stays");
}

#[test]
fn a_place_reads_what_happened_and_none_of_our_keys() {
    let late = Trigger::Breach { which: Which { kind: Some(ClockKind::FirstResponse), level: Some(ClockLevel::Sla) } };
    let mut catalog = watched(vec![rule("late", late, vec![Remedy::Notify { target: "tracker".into() }])]);
    catalog.service.targets.push(NotifyTarget { name: "tracker".into(), way: NotifyWay::Backlog });
    let keyring = ring();
    let because = |catalog: &Catalog, action: &dyn Fn(&Hand<'_>, &Ticket) -> crate::domain::Changes| {
        let known = Ticket { version: 4, ..incident(catalog) };
        let told = Ticket { version: 5, ..tick(catalog, &keyring, &known, after(30)).tickets.remove(0) };
        let hand = Hand { catalog, keyring: &keyring, agent: "aoki", now: after(40) };
        let rows = action(&hand, &told).outbound;
        rows.into_iter().find_map(|row| row.notice).expect("the tracker is told").because
    };
    let report = |hand: &Hand<'_>, ticket: &Ticket| {
        crate::decide::agent::report(hand, ticket, "原因を調べています。", None).unwrap()
    };
    let said = because(&catalog, &report);
    assert!(said.contains("中間報告 1: 原因を調べています。"), "{said}");
    let words = Reply { text: "調査中です。", then: Then::StaysOpen, last: None };
    let replied = because(&catalog, &|hand, ticket| reply(hand, ticket, &words).unwrap());
    assert!(replied.contains("aoki が返信しました"), "{replied}");
    let lower = because(&catalog, &|hand, ticket| set_priority(hand, ticket, Priority::Low).unwrap());
    assert_eq!(lower, "優先度: 緊急 → 低");
    for text in [said, replied, lower] {
        let ours = ["agent:", "notice:", "message_out", "agent_reply", "note:"];
        assert!(ours.iter().all(|key| !text.contains(key)), "{text}");
    }
    catalog.desk.language = crate::domain::Language::En;
    assert!(because(&catalog, &report).contains("interim report 1: 原因を調べています。"));
}
