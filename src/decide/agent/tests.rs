use super::super::fixture::{DAY_MS, NOW, address, catalog, ring, stored, ticket};
use super::*;

fn with<T>(act: impl FnOnce(&Hand<'_>) -> T) -> T {
    let (catalog, keyring) = (catalog(), ring());
    act(&Hand { catalog: &catalog, keyring: &keyring, agent: "aoki", now: NOW })
}

fn waits(text: &str) -> Reply<'_> {
    Reply { text, then: Then::Waits, last: None }
}

#[test]
fn a_reply_goes_to_everybody_and_stops_the_first_clock() {
    let mut known = ticket(Status::Open);
    known.participants.extend(["support@desk.example".to_owned(), "noreply@client.example".to_owned()]);
    let last = stored(9, 7);
    let reply_text =
        Reply {
            text: "  対応しました。\r\n\r\nご確認ください。\u{0}\n", then: Then::Waits, last: Some(&last)
        };
    let changes = with(|hand| reply(hand, &known, &reply_text)).unwrap();
    let (sent, after) = (&changes.outbound[0], &changes.tickets[0]);
    assert_eq!((sent.kind, sent.dedupe_key.as_str()), (OutboundKind::AgentReply, "agent:7:3"));
    assert_eq!((sent.to[0].address.as_str(), sent.cc.len()), ("hanako@client.example", 1));
    assert_eq!(sent.cc[0].address, "boss@client.example");
    let token = ring().sign(TicketId(7));
    assert_eq!(
        sent.text,
        format!(
            "対応しました。\n\nご確認ください。\n\n{}\n> プリンタ\n\n--\nサンプル窓口\n受付番号: T-7\nref: {token}",
            "2026年11月22日(日) 15:00、山田 花子 様からのメール:"
        )
    );
    assert_eq!(
        (sent.in_reply_to.as_deref(), sent.message_id.as_str()),
        (Some("m1@client.example"), format!("{token}.agent-7-3@desk.example").as_str())
    );
    assert_eq!(
        (after.status, after.first_response_at, after.version, after.automatic_sent),
        (Status::Waiting, Some(NOW), 3, 1)
    );
    assert_eq!(changes.thread_keys[0].key, sent.message_id);
    assert!(changes.events.iter().all(|event| event.actor == "aoki"));
    let early = Ticket { first_response_at: Some(Timestamp(5)), ..known };
    assert_eq!(with(|hand| reply(hand, &early, &waits("x"))).unwrap().tickets[0].first_response_at, Some(Timestamp(5)));
}

#[test]
fn actions_move_the_status() {
    type Act = fn(&Hand<'_>, &Ticket) -> Result<Changes, Refusal>;
    let cases: [(&str, Status, Act, Option<Status>); 13] = [
        ("assign new", Status::New, |hand, ticket| assign(hand, ticket, Some("aoki")), Some(Status::Open)),
        ("assign waiting", Status::Waiting, |hand, ticket| assign(hand, ticket, Some("aoki")), Some(Status::Waiting)),
        ("resolve", Status::Open, |hand, ticket| resolve(hand, ticket, None), Some(Status::Resolved)),
        ("resolve again", Status::Resolved, |hand, ticket| resolve(hand, ticket, None), None),
        ("close", Status::Resolved, close, Some(Status::Closed)),
        ("close again", Status::Closed, close, None),
        ("reopen", Status::Closed, reopen, Some(Status::New)),
        ("reopen waiting", Status::Waiting, reopen, Some(Status::New)),
        ("reopen an open one", Status::Open, reopen, None),
        (
            "reply and resolve",
            Status::Open,
            |hand, ticket| reply(hand, ticket, &Reply { then: Then::IsResolved, ..waits("x") }),
            Some(Status::Resolved),
        ),
        (
            "reply on a closed one",
            Status::Closed,
            |hand, ticket| reply(hand, ticket, &Reply { then: Then::StaysOpen, ..waits("x") }),
            Some(Status::Open),
        ),
        ("move", Status::Open, |hand, ticket| move_queue(hand, ticket, "experts"), Some(Status::Open)),
        ("raise", Status::Open, |hand, ticket| set_priority(hand, ticket, Priority::Critical), Some(Status::Open)),
    ];
    for (what, status, act, wanted) in cases {
        let known = Ticket { resolved_at: None, ..ticket(status) };
        let changes = with(|hand| act(hand, &known));
        assert_eq!(changes.as_ref().ok().map(|changes| changes.tickets[0].status), wanted, "{what}: {changes:?}");
        let Ok(changes) = changes else { continue };
        let after = &changes.tickets[0];
        assert_eq!((after.version, after.updated_at), (3, NOW), "{what}");
        assert!(!changes.events.is_empty(), "{what}: the history says so");
        let ended = matches!(after.status, Status::Resolved | Status::Closed);
        assert_eq!(after.resolved_at.is_some(), ended, "{what}");
        assert!(after.status != Status::New || after.due.resolution.is_some(), "{what}: the clocks run");
    }
}

#[test]
fn senseless_actions_are_refused_in_words() {
    let known = ticket(Status::Open);
    let merged = Ticket { merged_into: Some(TicketId(8)), ..known.clone() };
    let nobody = Ticket { requester: address(""), ..known.clone() };
    let mut pinned = known.clone();
    pinned.promises.priority_by = Some("aoki".into());
    let cases: Vec<(Result<Changes, Refusal>, &str)> = with(|hand| {
        vec![
            (close(hand, &merged), "T-7 was merged into T-8; act on T-8"),
            (reply(hand, &known, &waits(" \n")), "the reply to T-7 has no text"),
            (reply(hand, &nobody, &waits("x")), "the requester of T-7 has no address that can be written to"),
            (assign(hand, &known, Some(" ")), "an agent needs a name"),
            (assign(hand, &known, None), "T-7 is unassigned already"),
            (
                move_queue(hand, &known, "gone"),
                "there is no queue `gone`; there are: desk, operations, contracts, complaints, experts",
            ),
            (move_queue(hand, &known, "desk"), "T-7 is in queue desk already"),
            (set_priority(hand, &pinned, Priority::Medium), "T-7 is medium already"),
            (merge(hand, &known, &known), "T-7 cannot be merged into itself"),
            (merge(hand, &known, &Ticket { id: TicketId(9), ..merged.clone() }), "T-9 was merged into T-8; act on T-8"),
            (split(hand, &known, &stored(7, 7)), "message 7 opened T-7 and cannot be split off it"),
            (split(hand, &known, &stored(9, 8)), "message 9 is not on T-7"),
        ]
    });
    for (result, wanted) in cases {
        assert_eq!(result.unwrap_err().to_string(), wanted);
    }
}

#[test]
fn merging_leaves_one_ticket_that_knows_it_all() {
    let from = Ticket { slots: [("host".to_owned(), "web-1".to_owned())].into(), ..ticket(Status::New) };
    let into = Ticket {
        id: TicketId(3),
        participants: vec!["carol@client.example".into()],
        missing: vec!["host".into(), "operation".into()],
        ..ticket(Status::Waiting)
    };
    let changes = with(|hand| merge(hand, &from, &into)).unwrap();
    let (gone, kept) = (&changes.tickets[0], &changes.tickets[1]);
    assert_eq!((gone.id, gone.status, gone.merged_into), (TicketId(7), Status::Closed, Some(TicketId(3))));
    assert_eq!(kept.participants, ["carol@client.example", "hanako@client.example", "boss@client.example"]);
    assert_eq!((kept.missing.as_slice(), kept.status), (&["operation".to_owned()][..], Status::Waiting));
    assert!(changes.events.iter().any(|event| event.ticket == TicketId(3) && event.kind == EventKind::Merged));
}

#[test]
fn a_message_split_off_begins_a_ticket_of_its_own() {
    let known = Ticket { assignee: Some("aoki".into()), ..ticket(Status::Open) };
    let changes = with(|hand| split(hand, &known, &stored(9, 7))).unwrap();
    let fresh = &changes.tickets[1];
    assert_eq!(
        (fresh.id, fresh.version, fresh.status, fresh.linked_to),
        (TicketId(9), 0, Status::New, Some(TicketId(7)))
    );
    assert_eq!((fresh.subject.as_str(), fresh.assignee.as_deref()), ("別の話", None));
    assert_eq!(fresh.participants, ["hanako@client.example"]);
    let [moved] = changes.moved.as_slice() else { panic!("{:?}", changes.moved) };
    assert_eq!((moved.inbox_id, moved.ticket, changes.message), (crate::domain::InboxId(9), TicketId(9), None));
    assert!(fresh.due.resolution.is_some());
}

#[test]
fn a_resolution_asks_once_whether_it_helped() {
    let changes = with(|hand| resolve(hand, &ticket(Status::Open), None)).unwrap();
    assert!(changes.outbound[0].text.contains("解決しましたでしょうか"));
    assert_eq!((changes.outbound[0].kind, changes.tickets[0].automatic_sent), (OutboundKind::StatusReport, 2));
    let enough = Ticket { automatic_sent: 4, ..ticket(Status::Open) };
    assert!(with(|hand| resolve(hand, &enough, None)).unwrap().outbound.is_empty());
}

#[test]
fn a_clock_that_stood_goes_on_where_it_stopped() {
    let due = crate::domain::Due { resolution: Some(NOW.plus_ms(2 * DAY_MS + 4 * 3_600_000)), ..Default::default() };
    let known = Ticket { due, updated_at: NOW.plus_ms(-46 * 3_600_000), ..ticket(Status::Waiting) };
    let noted = with(|hand| assign(hand, &known, Some("aoki"))).unwrap().tickets.remove(0);
    let back = with(|hand| reopen(&Hand { now: NOW.plus_ms(60_000), ..*hand }, &noted)).unwrap().tickets.remove(0);
    let at_once = with(|hand| reopen(&Hand { now: NOW.plus_ms(60_000), ..*hand }, &known)).unwrap().tickets.remove(0);
    assert_eq!(back.due, at_once.due, "changes while it waits lose nothing of the pause");
    assert_eq!(back.due.resolution.unwrap().rfc3339(), "2026-11-25T03:00:00.000Z");
}
