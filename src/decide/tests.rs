use super::fixture::{DAY_MS, NOW, Scene, address, both, ring, ticket};
use crate::domain::{
    Automatic, Bounce, Channel, Decision, EventKind, Fate, Language, OutboundKind, OutboxId, Priority, Status, Ticket,
    TicketId, Wish,
};

mod chat;
mod conversations;
mod letters;
mod promises;

fn name(scene: &Scene) -> &'static str {
    scene.decided().decision.name()
}

/// Every trace names at most one deciding check, and it is the last one of the decision.
fn settled_by(scene: &Scene) -> String {
    let decided = scene.decided();
    let mut settling = decided.trace.iter().filter(|step| step.decided);
    let check = settling.next().map(|step| step.check.clone()).unwrap_or_default();
    assert_eq!(settling.next(), None, "{:?}", decided.trace);
    check
}

#[test]
#[expect(clippy::too_many_lines, reason = "one table of cases")]
fn the_first_check_that_settles_it_wins() {
    let scene = || Scene::new("件名", "本文です");
    let cases: Vec<(&str, Scene, &str, &str)> = vec![
        ("nothing known", scene(), "file", "file"),
        ("a sure article", scene().article("vpn", 0.95), "answer", "answer.threshold"),
        ("exactly at the threshold", scene().article("vpn", 0.9), "answer", "answer.threshold"),
        ("between the thresholds", scene().article("vpn", 0.7), "suggest", "answer.suggest"),
        ("below both", scene().article("vpn", 0.5), "file", "file"),
        ("not a number", scene().article("vpn", f64::NAN), "file", "file"),
        ("an article only to suggest", scene().article("price", 0.99), "suggest", "answer.suggest"),
        ("an internal article", scene().article("internal-note", 0.99), "file", "file"),
        ("an article that is gone", scene().article("gone", 0.99), "file", "file"),
        (
            "a request type for the FAQ",
            scene().intent("mail_trouble", 0.8).article("vpn", 0.95),
            "answer",
            "answer.threshold",
        ),
        ("asked to do something", scene().intent("restart_server", 0.8).article("vpn", 0.99), "ask", "ask"),
        ("certainly asked to do something", scene().rule("restart_server").article("vpn", 0.99), "ask", "ask"),
        (
            "an unsure request type does not hinder",
            scene().intent("restart_server", 0.4).article("vpn", 0.99),
            "answer",
            "answer.threshold",
        ),
        ("complete", scene().rule("restart_server").slot("operation", "restart").slot("host", "web-1"), "file", "file"),
        ("critical: not answered, not asked", scene().intent("incident", 0.9).article("vpn", 0.99), "file", "file"),
        (
            "wished up to critical",
            scene().article("vpn", 0.99).wishes(&[Wish::Security]),
            "escalate",
            "escalate.security",
        ),
        ("a complaint", scene().article("vpn", 0.99).wishes(&[Wish::Complaint]), "escalate", "escalate.complaint"),
        ("a request type that goes up", scene().rule("defacement").article("vpn", 0.99), "escalate", "escalate.intent"),
        ("a person please", scene().article("vpn", 0.99).wishes(&[Wish::Person]), "escalate", "escalate.person"),
        ("did not help before", scene().article("vpn", 0.99).wishes(&[Wish::NotSolved]), "file", "file"),
        ("old mail", scene().article("vpn", 0.99).with(|s| s.message.stale = true), "file", "file"),
        (
            "looks automatic",
            scene().article("vpn", 0.99).with(|s| s.message.no_auto_answer = Some("header".into())),
            "file",
            "file",
        ),
        ("enough for today", scene().article("vpn", 0.99).with(|s| s.known.automatic_to_sender = 10), "file", "file"),
        ("no question when silent", scene().rule("restart_server").with(|s| s.message.stale = true), "file", "file"),
        (
            "questions off",
            scene().rule("restart_server").with(|s| s.catalog.limits.questions_per_ticket = 0),
            "file",
            "file",
        ),
        (
            "no text in that language",
            scene().article("only-ja", 0.99).with(|s| s.message.language = Language::En),
            "suggest",
            "answer.suggest",
        ),
    ];
    for (what, scene, wanted, check) in cases {
        assert_eq!((name(&scene), settled_by(&scene).as_str()), (wanted, check), "{what}: {:?}", scene.decided().trace);
        assert_eq!(scene.decided(), scene.decided(), "{what}");
    }
}

#[test]
fn machines_copies_and_spam_open_nothing() {
    let automatic = |kind| Scene::new("自動応答", "不在です").with(|s| s.message.automatic = Some(kind));
    let cases: Vec<(&str, Scene, &str, Fate)> = vec![
        (
            "copy",
            Scene::new("a", "b").with(|s| s.known.duplicate = Some(Some(TicketId(7)))),
            "guard.duplicate",
            Fate::Duplicate,
        ),
        (
            "own address",
            Scene::new("a", "b").with(|s| s.message.from = address("Sales+x@desk.example")),
            "guard.own",
            Fate::Ignored,
        ),
        ("own mail", automatic(Automatic::Own), "guard.own", Fate::Ignored),
        (
            "circling",
            Scene::new("a", "b").with(|s| s.message.faults = vec!["loop: 51 Received".into()]),
            "guard.loop",
            Fate::Ignored,
        ),
        ("bounce", automatic(Automatic::Bounce), "guard.bounce", Fate::Ignored),
        ("abuse report", automatic(Automatic::Feedback), "guard.feedback", Fate::Ignored),
        ("receipt", automatic(Automatic::Receipt), "guard.receipt", Fate::Ignored),
        ("out of office", automatic(Automatic::AutoReply).rule("incident"), "guard.auto_reply", Fate::Ignored),
        ("newsletter", automatic(Automatic::List).article("vpn", 0.99), "guard.list", Fate::Ignored),
        ("spam", Scene::new("a", "b").with(|s| s.message.spam = true), "guard.spam", Fate::Ignored),
        ("notice", automatic(Automatic::Notification), "guard.notification", Fate::Ignored),
        ("alert with a rule", automatic(Automatic::Notification).rule("incident"), "file", Fate::Filed),
        (
            "alert with an unsure type",
            automatic(Automatic::Notification).intent("incident", 0.99),
            "guard.notification",
            Fate::Ignored,
        ),
        ("empty", Scene::new(" ", "\n"), "guard.empty", Fate::Ignored),
        (
            "a reply-looking header drops nothing",
            Scene::new("a", "b").with(|s| s.message.no_auto_answer = Some("x".into())),
            "file",
            Fate::Filed,
        ),
    ];
    for (what, scene, check, fate) in cases {
        assert_eq!(settled_by(&scene), check, "{what}");
        let changes = scene.planned();
        let settled = changes.settled.unwrap();
        assert_eq!(settled.fate, fate, "{what}");
        assert_eq!(settled.reason.is_empty(), fate != Fate::Ignored, "{what}");
        assert_eq!(
            settled.decided.as_ref(),
            Some(&scene.decided()).filter(|_| fate != Fate::Filed).or(settled.decided.as_ref())
        );
        assert_eq!(changes.message.is_none(), fate == Fate::Duplicate, "{what}: kept once");
        assert!(what.contains("drops nothing") || changes.outbound.is_empty(), "{what}: a machine gets no answer");
        assert!(changes.outbound.is_empty(), "{what}");
        if fate == Fate::Duplicate {
            assert_eq!(settled.ticket, Some(TicketId(7)));
        }
    }
}

#[test]
fn a_bounce_is_linked_only_to_what_was_sent() {
    let bounce = |action: &str, bounced| {
        Scene::reply(ticket(Status::Closed), "undeliverable").with(|s| {
            s.message.automatic = Some(Automatic::Bounce);
            s.message.from = address("mailer-daemon@relay.example");
            s.message.bounce = Some(Bounce {
                action: Some(action.into()),
                status: Some("5.1.1".into()),
                recipient: Some("hanako@client.example".into()),
                original_message_id: None,
            });
            s.known.bounced = bounced;
        })
    };
    let failed = bounce("failed", Some(OutboxId(3))).planned();
    assert_eq!(failed.bounced, [OutboxId(3)]);
    assert_eq!(failed.settled.unwrap().fate, Fate::Joined);
    assert_eq!(
        (failed.events.len(), failed.events[0].kind, failed.events[0].ticket),
        (1, EventKind::Delivery, TicketId(7))
    );
    assert!(failed.tickets.is_empty() && failed.outbound.is_empty(), "it moves nothing and is not answered");
    let delayed = bounce("delayed", Some(OutboxId(3))).planned();
    assert!(delayed.bounced.is_empty() && delayed.events[0].detail.starts_with("delayed"));
    let forged = bounce("failed", None).planned();
    assert_eq!(forged.settled.unwrap().fate, Fate::Ignored);
    assert!(forged.events.is_empty() && forged.bounced.is_empty());
}

#[test]
fn a_request_is_routed_weighed_and_promised_a_time() {
    let scene = Scene::new("再起動のお願い", "web-1 を再起動してください")
        .rule("restart_server")
        .slot("operation", "restart")
        .slot("host", "web-1");
    let changes = scene.clone().with(|s| s.classification.wishes = vec![Wish::High]).planned();
    let ticket = &changes.tickets[0];
    assert_eq!((ticket.id, ticket.version, ticket.status), (TicketId(1042), 0, Status::New));
    assert_eq!((ticket.queue.as_str(), ticket.priority), ("operations", Priority::High));
    assert_eq!(ticket.due.resolution.unwrap().rfc3339(), "2026-11-24T10:00:00.000Z");
    assert_eq!(ticket.due.first_response.unwrap().rfc3339(), "2026-11-24T02:00:00.000Z");
    let incident = Scene::new("障害", "落ちました").rule("incident").planned();
    let due = incident.tickets[0].due;
    assert_eq!(incident.tickets[0].priority, Priority::Critical);
    let minutes = |at: Option<crate::domain::Timestamp>| (at.unwrap().0 - NOW.0) / 60_000;
    assert_eq!((minutes(due.first_response), minutes(due.next_update), minutes(due.resolution)), (15, 60, 240));
    assert!(incident.outbound[0].text.contains("ホスト名"), "missing details are named, but not waited for");
    let up = Scene::new("x", "改ざん").wishes(&[Wish::Security]).planned();
    assert_eq!((up.tickets[0].queue.as_str(), up.tickets[0].status), ("experts", Status::Open));
    let complaint = Scene::new("x", "怒").wishes(&[Wish::Complaint]).planned();
    assert_eq!(
        (complaint.tickets[0].queue.as_str(), complaint.tickets[0].intent.as_deref()),
        ("complaints", Some("complaint"))
    );
}

#[test]
fn a_reply_that_cannot_be_worded_files_the_message_instead() {
    for scene in [Scene::new("x", "y").article("blank", 0.99), Scene::new("x", "y").article("blank", 0.7)] {
        let changes = scene.planned();
        assert!(changes.outbound.is_empty());
        let (ticket, settled) = (&changes.tickets[0], changes.settled.as_ref().unwrap());
        assert_eq!((ticket.status, ticket.article.as_deref()), (Status::New, None));
        assert!(ticket.due.resolution.is_some());
        let decided = settled.decided.as_ref().unwrap();
        assert_eq!((&decided.decision, settled.article.as_deref()), (&Decision::File, None));
        assert_eq!(decided.trace.last().unwrap().check, "reply.refused");
        assert!(changes.events[0].detail.contains("no reply:"), "{}", changes.events[0].detail);
    }
}

#[test]
fn silence_leaves_a_ticket_and_its_reason() {
    let cases: Vec<(&str, Scene)> = vec![
        ("per sender", Scene::new("x", "y").with(|s| s.known.automatic_to_sender = 10)),
        ("stale", Scene::new("x", "y").with(|s| s.message.stale = true)),
        ("no address", Scene::new("x", "y").with(|s| s.message.from = address(""))),
        ("nobody", Scene::new("x", "y").with(|s| s.message.from = address("noreply@client.example"))),
        ("switched off", Scene::new("x", "y").with(|s| s.catalog.limits.automatic_per_ticket = 0)),
    ];
    for (what, scene) in cases {
        let changes = scene.planned();
        assert_eq!((changes.outbound.len(), changes.tickets.len()), (0, 1), "{what}");
        assert_eq!(changes.tickets[0].automatic_sent, 0, "{what}");
        let trace = changes.settled.unwrap().decided.unwrap().trace;
        assert_eq!(trace.last().unwrap().check, "reply.silent", "{what}");
    }
}

#[test]
fn everybody_on_the_mail_but_ourselves_may_write_on_its_ticket() {
    let scene = Scene::new("x", "y").with(|s| {
        s.message.to = vec![address("Support@desk.example"), address("Boss@client.example")];
        s.message.cc = vec![address("boss@client.example"), address("noreply@client.example"), address("broken")];
        s.message.references = vec!["parent@client.example".into(), "first@client.example".into(), "bad id".into()];
    });
    let changes = scene.planned();
    assert_eq!(changes.tickets[0].participants, ["hanako@client.example", "boss@client.example"]);
    let keys: Vec<&str> = changes.thread_keys.iter().map(|key| key.key.as_str()).collect();
    assert_eq!(keys[..3], ["first@client.example", "parent@client.example", "m1@client.example"]);
    assert_eq!(keys[3], changes.outbound[0].message_id);
    assert!(changes.thread_keys.iter().all(|key| key.ticket == TicketId(1042)));
}

#[test]
fn hopeless_catalogs_do_not_panic() {
    let scene = Scene::new("x", "y").rule("incident").article("vpn", 0.99).with(|s| {
        s.catalog.queues.clear();
        s.catalog.calendars.clear();
        s.catalog.desk.mailboxes.clear();
    });
    let changes = scene.planned();
    assert_eq!(changes.tickets[0].queue, "");
    assert!(changes.outbound[0].message_id.ends_with("@desk.invalid"));
    let chat = Scene::new("", "VPN がつながりません\nよろしく").with(|s| {
        s.message.channel = Channel::Slack;
        s.message.from = address("U123");
    });
    assert_eq!(chat.planned().tickets[0].subject, "VPN がつながりません");
}

#[test]
fn the_trace_names_the_figures() {
    let decided = Scene::new("x", "y").intent("restart_server", 0.4).article("vpn", 0.72).decided();
    let because = |check: &str| decided.trace.iter().find(|step| step.check == check).map(|step| step.because.as_str());
    assert_eq!(because("intent.threshold"), Some("`restart_server` 0.400 < 0.500"));
    assert_eq!(because("answer.threshold"), Some("`vpn` 0.720 < 0.900"));
    assert_eq!(because("answer.suggest"), Some("`vpn` 0.720 ≥ 0.600"));
    assert_eq!(because("priority"), Some("no request type: medium"));
    assert_eq!(decided.intent_probability.to_bits(), 0.4f64.to_bits());
}

#[test]
fn an_intents_own_sentence_stands_in_the_acknowledgement() {
    let scene = Scene::new("x", "y").rule("improvement").slot("details", "more").with(|s| {
        s.catalog.intents[1].reply = both("承認後に着手いたします。", "Work starts after approval.");
    });
    assert!(scene.planned().outbound[0].text.contains("\n承認後に着手いたします。\n"));
}

#[test]
fn the_same_inputs_give_the_same_bits() {
    let scene = Scene::new("x", "y").rule("restart_server").article("vpn", 0.99);
    let bits = || serde_json::to_string(&scene.planned()).unwrap();
    assert_eq!(bits(), bits());
}
