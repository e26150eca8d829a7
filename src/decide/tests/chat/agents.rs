//! The agents' room: notes and replies, buttons on cards, the cards themselves.

use super::*;
use crate::domain::{EventKind, Outbound};

#[test]
fn only_what_is_marked_leaves_the_agents_room() {
    let sent_to = |changes: &Changes| {
        let replies = changes.outbound.iter().filter(|outbound| outbound.kind == OutboundKind::AgentReply);
        replies.map(|outbound| (outbound.place.clone().unwrap().room, outbound.text.clone())).collect::<Vec<_>>()
    };
    let note = agent(ticket(Status::Open), "急ぎでお願いします", None).planned();
    assert_eq!(sent_to(&note), []);
    assert_eq!((note.events[0].kind, note.events[0].actor.as_str()), (EventKind::Note, "佐藤"));
    assert_eq!((note.message, note.people.len()), (None, 0));
    let reply = agent(ticket(Status::Open), ">> 直しました", None).planned();
    assert_eq!(sent_to(&reply), [(ROOM.to_owned(), "直しました".to_owned())]);
    assert_eq!(reply.tickets[0].first_response_at, Some(NOW));
    // A mail ticket is answered by mail.
    let mail = agent(ticket(Status::Open), "返信: 直しました", None)
        .with(|s| s.known.ticket = Some(ticket(Status::Open)))
        .planned();
    let letter = mail.outbound.iter().find(|outbound| outbound.kind == OutboundKind::AgentReply).unwrap();
    assert_eq!((letter.channel, letter.place.is_none(), letter.text.contains("\nref: ")), (Channel::Email, true, true));
    let chatter = agent(ticket(Status::Open), "お昼どうする?", None).with(|s| s.known.ticket = None);
    assert_eq!(settling_check(&chatter), "chat.triage");
    let empty = agent(ticket(Status::Open), "返信:", None).planned();
    assert_eq!((empty.tickets.len(), empty.outbound.len()), (0, 1), "the agent is told that there is no text");
}

#[test]
fn agents_act_from_cards_and_a_second_press_changes_nothing() {
    let taken = Ticket { assignee: Some("佐藤".into()), ..ticket(Status::Open) };
    let other = Ticket { id: TicketId(3), ..ticket(Status::Open) };
    let merged = Ticket { merged_into: Some(TicketId(3)), ..ticket(Status::Closed) };
    let (join, split) = (Button::Join { into: TicketId(3) }, Button::Split { from: TicketId(3) });
    let cases = vec![
        ("take", agent(ticket(Status::New), "", Some(Button::Take)), Some((Status::Open, Some("佐藤"), None))),
        ("take again", agent(taken.clone(), "", Some(Button::Take)), None),
        ("assign", agent(taken.clone(), "森", Some(Button::Assign)), Some((Status::Open, Some("森"), None))),
        ("assign again", agent(taken.clone(), "佐藤", Some(Button::Assign)), None),
        ("assign nobody", agent(taken.clone(), " ", Some(Button::Assign)), None),
        ("resolve", agent(taken.clone(), "", Some(Button::Resolve)), Some((Status::Resolved, Some("佐藤"), None))),
        ("resolve again", agent(ticket(Status::Resolved), "", Some(Button::Resolve)), None),
        ("join", agent(ticket(Status::New), "", Some(join.clone())), Some((Status::Closed, None, Some(3)))),
        ("join again", agent(merged.clone(), "", Some(join)), None),
        ("split", agent(merged.clone(), "", Some(split.clone())), Some((Status::New, None, None))),
        ("split again", agent(ticket(Status::New), "", Some(split)), None),
        ("a requester's button", agent(ticket(Status::New), "", Some(Button::Solved)), None),
    ];
    for (what, scene, wanted) in cases {
        let changes = scene.with(|s| s.known.other = Some(other.clone())).planned();
        let got = changes.tickets.iter().find(|ticket| ticket.id == TicketId(7));
        let got = got.map(|t| (t.status, t.assignee.as_deref(), t.merged_into.map(|into| into.0)));
        assert_eq!(got, wanted, "{what}");
        assert!(changes.settled.is_some(), "{what}");
    }
}

#[test]
fn a_ticket_that_people_work_on_has_one_card_that_follows_it() {
    let cards = |changes: &Changes| {
        let cards = changes.outbound.iter().filter(|outbound| outbound.kind == OutboundKind::Notice);
        cards.map(|card| (card.dedupe_key.clone(), card.replaces.clone(), card.offers.len())).collect::<Vec<_>>()
    };
    let filed =
        with_triage(spoken("web-1 を再起動").rule("restart_server").slot("operation", "restart").slot("host", "web-1"));
    let opened = filed.planned();
    assert_eq!(cards(&opened), [("card:1042:0:slack".to_owned(), None, 3)]);
    let text = |outbound: &Outbound| outbound.text.clone();
    let card = opened.outbound.iter().find(|outbound| outbound.kind == OutboundKind::Notice).unwrap();
    assert!(text(card).starts_with("T-1042 web-1 を再起動\n状況: 未着手"), "{}", text(card));
    assert_eq!((card.place.as_ref().unwrap().room.as_str(), card.to.len()), ("C-TRIAGE", 0));
    // The machine's answer and a question need nobody yet.
    assert_eq!(cards(&with_triage(spoken("VPN").article("vpn", 0.97)).planned()), []);
    assert_eq!(cards(&with_triage(spoken("再起動").rule("restart_server")).planned()), []);
    // Without a room nothing is drawn, and the ticket says so.
    assert_eq!(cards(&spoken("x").planned()), []);
    let known = Ticket { version: 1, ..opened.tickets[0].clone() };
    let on = |scene: Scene| {
        scene.with(|s| {
            s.known.ticket = Some(known.clone());
            s.known.named = Some(known.clone());
        })
    };
    let adds = on(with_triage(below(ticket(Status::New), "追記です"))).planned();
    assert_eq!(cards(&adds), [], "nothing on the card is different");
    let take = on(agent(ticket(Status::New), "", Some(Button::Take))).planned();
    assert_eq!(cards(&take), [("card:1042:0:slack:1".to_owned(), Some("card:1042:0:slack".to_owned()), 3)]);
    // An escalation is a new card, since nobody notices a changed post; the old one can no longer be acted on.
    let up = on(with_triage(below(ticket(Status::New), "改ざんされました").wishes(&[Wish::Security]))).planned();
    let wanted = [
        ("card:1042:1:slack".to_owned(), None, 3),
        ("card:1042:0:slack:1".to_owned(), Some("card:1042:0:slack".to_owned()), 0),
    ];
    assert_eq!(cards(&up), wanted);
    assert_eq!(up.tickets[0].card.as_ref().unwrap().key, "card:1042:1");
}

#[test]
fn the_same_case_is_offered_and_never_joined_silently() {
    let open = Ticket { subject: "VPN に接続できません".into(), ..ticket(Status::Open) };
    let scene = with_triage(spoken("VPN 接続の件です")).with(|s| s.known.recent = vec![open]);
    let changes = scene.planned();
    let fresh = changes.tickets.iter().find(|ticket| ticket.id == TicketId(1042)).unwrap();
    assert_eq!((fresh.linked_to, fresh.merged_into), (Some(TicketId(7)), None));
    let card = changes.outbound.iter().find(|outbound| outbound.kind == OutboundKind::Notice).unwrap();
    assert!(card.offers.iter().any(|offer| offer.button == Button::Join { into: TicketId(7) }));
    let linked: Vec<TicketId> =
        changes.events.iter().filter(|event| event.kind == EventKind::Linked).map(|event| event.ticket).collect();
    assert_eq!(linked, [TicketId(1042), TicketId(7)]);
}

#[test]
fn a_note_on_what_monitoring_reported_is_its_first_word_and_its_next_one() {
    use crate::decide::clocks;
    use crate::domain::promise::{ClockKind, ClockLevel};
    let on = |requester: &str| {
        let mut known = Ticket { priority: Priority::Critical, created_at: NOW, ..ticket(Status::New) };
        known.requester.address = requester.into();
        known.channel = if requester.is_empty() { Channel::Alert } else { Channel::Email };
        clocks::begin(&crate::decide::fixture::catalog(), &mut known, NOW);
        agent(known.clone(), "ディスクを交換します", None).with(|s| s.known.ticket = Some(known)).planned()
    };
    let noted = on("");
    let ticket = &noted.tickets[0];
    let clock = |kind| ticket.promises.clock(kind, ClockLevel::Slo).unwrap();
    assert_eq!(clock(ClockKind::FirstResponse).state(), "met");
    assert_eq!((clock(ClockKind::Update).cycle, clock(ClockKind::Update).kept), (2, 1));
    let said = noted.events.iter().filter(|event| event.kind == EventKind::Note && event.detail.contains("ディスク"));
    let letters = noted.outbound.iter().filter(|outbound| outbound.kind == OutboundKind::AgentReply);
    assert_eq!((said.count(), letters.count()), (1, 0));
    assert!(on("hanako@client.example").tickets.is_empty(), "a requester hears nothing of a note");
}
