//! What a message does on a ticket that is there.

use super::*;

fn waiting() -> Ticket {
    Ticket {
        intent: Some("restart_server".into()),
        queue: "operations".into(),
        missing: vec!["operation".into(), "host".into()],
        questions_asked: 1,
        ..ticket(Status::Waiting)
    }
}

struct Case {
    what: &'static str,
    scene: Scene,
    check: &'static str,
    status: Status,
    reopen: bool,
    sent: Option<OutboundKind>,
}

fn case(
    what: &'static str,
    scene: Scene,
    check: &'static str,
    status: Status,
    rest: (bool, Option<OutboundKind>),
) -> Case {
    Case { what, scene, check, status, reopen: rest.0, sent: rest.1 }
}

#[test]
#[expect(clippy::too_many_lines, reason = "one table of cases")]
fn a_participants_message_moves_the_ticket_as_it_should() {
    use OutboundKind::{Acknowledgement, Question, StatusReport};
    let on = |status| Scene::reply(ticket(status), "ご返信");
    let cases = vec![
        case("more on an open ticket", on(Status::Open), "follow_up.adds", Status::Open, (false, None)),
        case(
            "more before anybody looked: one ticket, no second answer",
            on(Status::New),
            "follow_up.adds",
            Status::New,
            (false, None),
        ),
        case(
            "back on an answered one",
            on(Status::Answered),
            "follow_up.returns",
            Status::New,
            (true, Some(Acknowledgement)),
        ),
        case(
            "back on a resolved one",
            on(Status::Resolved),
            "follow_up.returns",
            Status::New,
            (true, Some(Acknowledgement)),
        ),
        case(
            "back on a closed one",
            on(Status::Closed),
            "follow_up.returns",
            Status::New,
            (true, Some(Acknowledgement)),
        ),
        case("an answer to an agent's question", on(Status::Waiting), "follow_up.returns", Status::New, (true, None)),
        case(
            "thanks",
            on(Status::Resolved).wishes(&[Wish::Thanks]),
            "follow_up.thanks",
            Status::Resolved,
            (false, None),
        ),
        case(
            "thanks on a closed one",
            on(Status::Closed).wishes(&[Wish::Thanks]),
            "follow_up.thanks",
            Status::Closed,
            (false, None),
        ),
        case(
            "thanks, but it did not help",
            on(Status::Answered).wishes(&[Wish::Thanks, Wish::NotSolved]),
            "follow_up.unsolved",
            Status::New,
            (true, Some(Acknowledgement)),
        ),
        case(
            "that solved it",
            on(Status::Answered).wishes(&[Wish::Solved]),
            "follow_up.solved",
            Status::Resolved,
            (false, None),
        ),
        case(
            "solved an open one",
            on(Status::Open).wishes(&[Wish::Solved, Wish::Thanks]),
            "follow_up.solved",
            Status::Resolved,
            (false, None),
        ),
        case(
            "not what I meant",
            on(Status::Answered).wishes(&[Wish::NotSolved]),
            "follow_up.unsolved",
            Status::New,
            (true, Some(Acknowledgement)),
        ),
        case(
            "a person please",
            on(Status::Answered).wishes(&[Wish::Person]),
            "follow_up.person",
            Status::New,
            (true, Some(Acknowledgement)),
        ),
        case(
            "a person instead of a question",
            Scene::reply(waiting(), "人と").wishes(&[Wish::Person]),
            "follow_up.person",
            Status::New,
            (true, Some(Acknowledgement)),
        ),
        case(
            "how does it stand",
            on(Status::Open).wishes(&[Wish::Status]),
            "follow_up.status",
            Status::Open,
            (false, Some(StatusReport)),
        ),
        case(
            "how does it stand, closed",
            on(Status::Closed).wishes(&[Wish::Status]),
            "follow_up.status",
            Status::Closed,
            (false, Some(StatusReport)),
        ),
        case(
            "a complaint on a ticket",
            on(Status::Answered).wishes(&[Wish::Complaint]),
            "follow_up.escalate",
            Status::Open,
            (true, Some(Acknowledgement)),
        ),
        case(
            "all details",
            Scene::reply(waiting(), "はい").slot("operation", "restart").slot("host", "web-1"),
            "follow_up.details",
            Status::New,
            (true, Some(Acknowledgement)),
        ),
        case(
            "one detail of two",
            Scene::reply(waiting(), "web-1").slot("host", "web-1"),
            "follow_up.details",
            Status::Waiting,
            (false, Some(Question)),
        ),
        case(
            "asked often enough",
            Scene::reply(Ticket { questions_asked: 2, ..waiting() }, "?"),
            "follow_up.details",
            Status::New,
            (true, Some(Acknowledgement)),
        ),
        case(
            "from the boss on Cc",
            on(Status::Open).with(|s| s.message.from = address("BOSS@client.example")),
            "follow_up.adds",
            Status::Open,
            (false, None),
        ),
        case(
            "through a list",
            on(Status::Answered).with(|s| s.message.automatic = Some(Automatic::List)),
            "follow_up.returns",
            Status::New,
            (true, None),
        ),
        case(
            "spam-marked reply",
            on(Status::Answered).with(|s| s.message.spam = true),
            "follow_up.returns",
            Status::New,
            (true, None),
        ),
        case(
            "looks automatic: joins without an answer",
            on(Status::Answered).with(|s| s.message.no_auto_answer = Some("x".into())),
            "follow_up.returns",
            Status::New,
            (true, None),
        ),
        case(
            "the ticket's limit",
            Scene::reply(Ticket { automatic_sent: 4, ..ticket(Status::Answered) }, "x"),
            "follow_up.returns",
            Status::New,
            (true, None),
        ),
    ];
    for Case { what, scene, check, status, reopen, sent } in cases {
        assert_eq!(settled_by(&scene), check, "{what}: {:?}", scene.decided().trace);
        assert_eq!(scene.decided().decision, Decision::FollowUp { ticket: TicketId(7), reopen }, "{what}");
        let changes = scene.planned();
        assert_eq!((changes.tickets.len(), changes.tickets[0].version), (1, 3), "{what}");
        assert_eq!(changes.tickets[0].status, status, "{what}");
        let kinds: Vec<_> = changes.outbound.iter().map(|outbound| outbound.kind).collect();
        assert_eq!(kinds, sent.into_iter().collect::<Vec<_>>(), "{what}: {:?}", changes.settled);
        let settled = changes.settled.unwrap();
        assert_eq!((settled.fate, settled.ticket), (Fate::Joined, Some(TicketId(7))), "{what}");
        assert_eq!(changes.message.unwrap().ticket, Some(TicketId(7)), "{what}");
        assert_eq!(
            changes.tickets[0].resolved_at.is_some(),
            status == Status::Resolved && check == "follow_up.solved",
            "{what}"
        );
    }
}

#[test]
fn a_machines_mail_never_moves_a_ticket() {
    for kind in [Automatic::AutoReply, Automatic::Receipt, Automatic::Notification] {
        for status in Status::ALL {
            let known = Ticket { resolved_at: Some(NOW.plus_ms(-90 * DAY_MS)), ..ticket(*status) };
            let scene = Scene::reply(known, "外出しております")
                .wishes(&[Wish::Person])
                .with(|s| s.message.automatic = Some(kind));
            assert_eq!(settled_by(&scene), "follow_up.note", "{kind} on {status}");
            let changes = scene.planned();
            assert!(changes.tickets.is_empty() && changes.outbound.is_empty(), "{kind} on {status}");
            assert_eq!((changes.events.len(), changes.events[0].kind), (1, EventKind::Note));
            assert_eq!(changes.message.unwrap().ticket, Some(TicketId(7)));
        }
    }
}

#[test]
fn strangers_old_matters_and_new_topics_get_a_ticket_of_their_own() {
    let ended = |days: i64| Ticket { resolved_at: Some(NOW.plus_ms(-days * DAY_MS)), ..ticket(Status::Closed) };
    let stranger = |s: &mut Scene| s.message.from = address("mallory@other.example");
    let cases: Vec<(&str, Scene, bool)> = vec![
        ("stranger with a token", Scene::reply(ticket(Status::Open), "見せて").with(stranger), true),
        (
            "stranger with a reference",
            Scene::reply(ticket(Status::Open), "見せて").with(stranger).with(|s| s.known.by_token = false),
            true,
        ),
        ("stranger says solved", Scene::reply(ticket(Status::Open), "x").with(stranger).wishes(&[Wish::Solved]), true),
        ("closed long ago", Scene::reply(ended(15), "また起きました"), false),
        (
            "a new subject",
            Scene::reply(ticket(Status::Open), "x").with(|s| s.message.subject = "プリンタの件".into()),
            false,
        ),
        (
            "a subject that says so",
            Scene::reply(ticket(Status::Open), "x").with(|s| s.message.subject = "Re: 別件のご相談".into()),
            false,
        ),
    ];
    for (what, scene, warned) in cases {
        assert_ne!(name(&scene), "follow_up", "{what}");
        let changes = scene.planned();
        let fresh = &changes.tickets[0];
        assert_eq!(
            (changes.tickets.len(), fresh.id, fresh.linked_to),
            (1, TicketId(1042), Some(TicketId(7))),
            "{what}"
        );
        assert_eq!(changes.settled.unwrap().fate, Fate::Filed, "{what}");
        let on_old: Vec<_> = changes.events.iter().filter(|event| event.ticket == TicketId(7)).collect();
        assert_eq!(on_old.len(), 1, "{what}");
        assert_eq!(on_old[0].detail.contains("warning"), warned, "{what}");
        assert!(!fresh.participants.contains(&"boss@client.example".into()), "{what}: nothing of the old ticket leaks");
        assert!(changes.outbound.iter().all(|sent| !sent.text.contains("T-7")), "{what}");
    }
    let recent = Scene::reply(ended(13), "また起きました");
    assert_eq!(name(&recent), "follow_up");
    let thanks = Scene::reply(ended(300), "ありがとう").wishes(&[Wish::Thanks]);
    assert_eq!(thanks.planned().tickets[0].status, Status::Closed, "thanks belong to the old ticket");
}

#[test]
fn details_are_taken_once_and_named_in_the_acknowledgement() {
    let known = Ticket {
        slots: [("operation".to_owned(), "restart".to_owned())].into(),
        missing: vec!["host".into()],
        ..waiting()
    };
    let scene = Scene::reply(known, "web-1 です").slot("host", "web-1").slot("operation", "delete").slot("stray", "x");
    let changes = scene.planned();
    let ticket = &changes.tickets[0];
    assert_eq!(ticket.slots.get("operation").map(String::as_str), Some("restart"), "a known detail stays");
    assert_eq!((ticket.slots.get("host").map(String::as_str), ticket.slots.len()), (Some("web-1"), 2));
    assert!(ticket.missing.is_empty() && ticket.due.resolution.is_some());
    assert!(changes.events.iter().any(|event| event.kind == EventKind::Slots && event.detail == "learnt host"));
    assert!(changes.outbound[0].text.contains("・ホスト名: web-1"), "{}", changes.outbound[0].text);
    let decided = changes.settled.unwrap().decided.unwrap();
    assert_eq!((decided.missing.len(), decided.queue.as_str()), (0, "operations"));
}

#[test]
fn a_detail_without_a_pattern_takes_the_words_of_the_reply() {
    let known = Ticket { intent: Some("improvement".into()), missing: vec!["details".into()], ..waiting() };
    let changes = Scene::reply(known, "監視の間隔を\n短くしたいです").planned();
    assert_eq!(changes.tickets[0].slots.get("details").map(String::as_str), Some("監視の間隔を 短くしたいです"));
}

#[test]
fn a_further_question_counts_and_falls_back_to_people_when_it_must_not_be_sent() {
    let again = Scene::reply(waiting(), "web-1").slot("host", "web-1").planned();
    assert_eq!((again.tickets[0].questions_asked, again.tickets[0].automatic_sent), (2, 2));
    assert_eq!(again.tickets[0].missing, ["operation"]);
    let silent =
        Scene::reply(waiting(), "web-1").slot("host", "web-1").with(|s| s.known.automatic_to_sender = 99).planned();
    assert_eq!((silent.tickets[0].status, silent.outbound.len()), (Status::New, 0));
}

#[test]
fn waiting_stops_the_clock() {
    let due = super::super::fixture::NOW.plus_ms(2 * DAY_MS + 4 * 3_600_000);
    let mut known = ticket(Status::Waiting);
    // Friday 20 November 17:00 to Sunday: two of the queue's hours have passed while it waited.
    known.updated_at = NOW.plus_ms(-46 * 3_600_000);
    known.due.resolution = Some(due);
    let changes = Scene::reply(known, "はい").planned();
    // Tuesday 19:00, moved by two hours, is Wednesday 12:00.
    assert_eq!(changes.tickets[0].due.resolution.unwrap().rfc3339(), "2026-11-25T03:00:00.000Z");
}

#[test]
fn security_words_on_a_ticket_make_it_critical_in_the_second_line() {
    let known = Ticket { assignee: Some("aoki".into()), ..ticket(Status::Open) };
    let changes = Scene::reply(known, "改ざんされています").wishes(&[Wish::Security]).planned();
    let ticket = &changes.tickets[0];
    assert_eq!(
        (ticket.priority, ticket.queue.as_str(), ticket.assignee.as_deref()),
        (Priority::Critical, "experts", None)
    );
    assert_eq!(ticket.due.first_response, Some(NOW.plus_ms(15 * 60_000)));
    for kind in [EventKind::Escalated, EventKind::Queue, EventKind::Priority] {
        assert!(changes.events.iter().any(|event| event.kind == kind), "{kind}");
    }
    let decided = changes.settled.unwrap().decided.unwrap();
    assert_eq!((decided.priority, decided.queue.as_str()), (Priority::Critical, "experts"));
}

#[test]
fn an_assigned_ticket_comes_back_to_its_agent() {
    let known =
        Ticket { assignee: Some("aoki".into()), resolved_at: Some(NOW.plus_ms(-DAY_MS)), ..ticket(Status::Resolved) };
    let changes = Scene::reply(known, "まだです").planned();
    let ticket = &changes.tickets[0];
    assert_eq!((ticket.status, ticket.assignee.as_deref(), ticket.resolved_at), (Status::Open, Some("aoki"), None));
}
