//! Chat: acts, the agents' room, people over channels, cards.

use std::collections::BTreeMap;

use super::*;
use crate::domain::catalog::TriageRoom;
use crate::domain::{Act, Address, Button, Changes, Channel, Original, Person, Place, StoredMessage, Timestamp};

mod agents;
mod people;

const ROOM: &str = "C1";

fn place() -> Place {
    Place { room: ROOM.into(), thread: Some("slack:C1/1".into()), direct: false, triage: false }
}

fn in_chat(ticket: Ticket) -> Ticket {
    Ticket {
        channel: Channel::Slack,
        source: "acme".into(),
        place: Some(place()),
        requester: Address { name: "山田 花子".into(), address: "slack:u1".into() },
        participants: vec!["slack:u1".into()],
        ..ticket
    }
}

fn spoken(text: &str) -> Scene {
    Scene::new("", text).with(|s| {
        s.message.channel = Channel::Slack;
        s.message.source = "acme".into();
        s.message.place = Some(place());
        s.message.message_id = Some("slack:C1/2".into());
        s.message.from.address = "slack:u1".into();
        s.message.to = Vec::new();
    })
}

/// Said below `ticket`.
fn below(ticket: Ticket, text: &str) -> Scene {
    spoken(text).with(|s| {
        s.message.references = vec!["slack:C1/1".into()];
        s.known.ticket = Some(in_chat(ticket));
    })
}

fn done(ticket: Ticket, act: Act) -> Scene {
    below(ticket, "").with(|s| s.message.act = Some(act))
}

fn pressed(ticket: Ticket, button: Button) -> Scene {
    let id = Some(ticket.id);
    done(ticket, Act::Pressed { ticket: id, button })
}

fn with_triage(scene: Scene) -> Scene {
    scene.with(|s| {
        s.catalog.desk.triage =
            vec![TriageRoom { channel: Channel::Slack, source: "acme".into(), room: "C-TRIAGE".into() }];
    })
}

/// An agent in their room, about `ticket`.
fn agent(ticket: Ticket, text: &str, button: Option<Button>) -> Scene {
    with_triage(below(ticket, text)).with(|s| {
        s.message.from = Address { name: "佐藤".into(), address: "slack:u9".into() };
        s.message.place = Some(Place { room: "C-TRIAGE".into(), triage: true, ..place() });
        s.message.act = button.map(|button| Act::Pressed { ticket: Some(TicketId(7)), button });
        s.known.named.clone_from(&s.known.ticket);
    })
}

fn settling_check(scene: &Scene) -> String {
    scene.decided().trace.iter().rfind(|step| step.decided).map(|step| step.check.clone()).unwrap_or_default()
}

#[test]
#[expect(clippy::too_many_lines, reason = "one table of cases")]
fn an_act_does_what_it_means_once() {
    use Button::{NotSolved, Person as Human, Rate, Solved};
    let article = |id: &str| Button::Article { id: id.into() };
    let before = |status, button: Button| Ticket { pressed: vec![button], ..ticket(status) };
    let form = |slots: &[(&str, &str)]| Act::Filled {
        ticket: Some(TicketId(7)),
        intent: None,
        slots: slots.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect(),
    };
    let restart = || Ticket {
        intent: Some("restart_server".into()),
        missing: vec!["host".into()],
        slots: BTreeMap::from([("operation".to_owned(), "restart".to_owned())]),
        ..ticket(Status::Waiting)
    };
    // What, scene, the check that settles it, status afterwards (`None`: the ticket is not written), messages sent.
    let cases: Vec<(&str, Scene, &str, Option<Status>, usize)> = vec![
        ("solved", pressed(ticket(Status::Answered), Solved), "follow_up.solved", Some(Status::Resolved), 1),
        ("solved before", pressed(ticket(Status::Resolved), Solved), "follow_up.repeat", None, 0),
        ("not solved", pressed(ticket(Status::Answered), NotSolved), "follow_up.unsolved", Some(Status::New), 1),
        (
            "not solved, resolved",
            pressed(ticket(Status::Resolved), NotSolved),
            "follow_up.unsolved",
            Some(Status::New),
            1,
        ),
        ("not solved, with people", pressed(ticket(Status::Open), NotSolved), "follow_up.repeat", None, 0),
        ("a person", pressed(ticket(Status::Answered), Human), "follow_up.person", Some(Status::New), 1),
        ("a person, not asked for yet", pressed(ticket(Status::New), Human), "follow_up.person", Some(Status::New), 1),
        ("a person again", pressed(before(Status::New, Human), Human), "follow_up.repeat", None, 0),
        (
            "a person, answered since",
            pressed(before(Status::Answered, Human), Human),
            "follow_up.person",
            Some(Status::New),
            1,
        ),
        ("an article", pressed(ticket(Status::New), article("vpn")), "follow_up.chosen", Some(Status::Answered), 1),
        (
            "an article again",
            pressed(before(Status::Answered, article("vpn")), article("vpn")),
            "follow_up.repeat",
            None,
            0,
        ),
        (
            "an article while people work",
            pressed(ticket(Status::Open), article("vpn")),
            "follow_up.chosen",
            Some(Status::Open),
            1,
        ),
        ("an internal article", pressed(ticket(Status::New), article("internal-note")), "chat.nothing_to_do", None, 0),
        ("no such article", pressed(ticket(Status::New), article("gone")), "chat.nothing_to_do", None, 0),
        (
            "a rating",
            pressed(ticket(Status::Resolved), Rate { score: 4 }),
            "follow_up.rated",
            Some(Status::Resolved),
            0,
        ),
        (
            "the same rating",
            pressed(before(Status::Resolved, Rate { score: 4 }), Rate { score: 4 }),
            "follow_up.repeat",
            None,
            0,
        ),
        ("a rating out of range", pressed(ticket(Status::Resolved), Rate { score: 9 }), "chat.nothing_to_do", None, 0),
        ("an agent's button outside", pressed(ticket(Status::New), Button::Take), "chat.nothing_to_do", None, 0),
        (
            "wants a ticket, answered",
            done(ticket(Status::Answered), Act::WantsTicket),
            "follow_up.person",
            Some(Status::New),
            1,
        ),
        ("wants a ticket, has one", done(ticket(Status::Open), Act::WantsTicket), "follow_up.repeat", None, 0),
        ("the missing detail", done(restart(), form(&[("host", "web-1")])), "follow_up.details", Some(Status::New), 1),
        ("nothing new in the form", done(restart(), form(&[("operation", "restart")])), "follow_up.repeat", None, 0),
        (
            "not all of them",
            done(Ticket { slots: BTreeMap::new(), ..restart() }, form(&[("host", "web-1")])),
            "follow_up.details",
            Some(Status::Waiting),
            1,
        ),
    ];
    for (what, scene, check, status, sent) in cases {
        assert_eq!(settling_check(&scene), check, "{what}");
        let changes = scene.planned();
        assert_eq!(changes.tickets.first().map(|ticket| ticket.status), status, "{what}");
        assert_eq!(changes.outbound.len(), sent, "{what}: {:?}", changes.outbound);
        assert!(changes.outbound.iter().all(|outbound| outbound.place == Some(place())), "{what}");
    }
}

#[test]
fn somebody_elses_buttons_and_threads_change_nothing() {
    let other = |scene: Scene| scene.with(|s| s.message.from.address = "slack:u2".into());
    let press = other(pressed(ticket(Status::Answered), Button::Solved)).planned();
    assert_eq!((press.tickets.len(), press.outbound.len()), (0, 0));
    let talk = other(below(ticket(Status::Answered), "私も同じです"));
    assert_eq!(settling_check(&talk), "follow_up.bystander");
    let talk = talk.planned();
    assert_eq!((talk.tickets.len(), talk.outbound.len()), (0, 0));
    assert_eq!(talk.message.unwrap().ticket, Some(TicketId(7)));
    // The same person by another address is no stranger.
    let mine = other(pressed(ticket(Status::Answered), Button::Solved)).with(|s| {
        let addresses = vec!["slack:u1".into(), "slack:u2".into()];
        s.known.person = Some(Person { id: 1, addresses, language: None });
    });
    assert_eq!(settling_check(&mine), "follow_up.solved");
}

/// An earlier message of theirs, with `others` beside it.
fn original(ticket: Option<TicketId>, others: u32) -> Original {
    Original {
        message: StoredMessage {
            inbox_id: crate::domain::InboxId(7),
            ticket,
            fingerprint: "f0".into(),
            message_id: Some("slack:C1/1".into()),
            from: address("slack:u1"),
            subject: String::new(),
            text: "VPN".into(),
            reply_text: "VPN".into(),
            language: Language::Ja,
            attachments: Vec::new(),
            arrived_at: NOW,
        },
        others,
    }
}

#[test]
fn an_edit_and_a_deletion_work_on_what_is_kept() {
    let scene = |act: Act, on: Ticket, original: Option<Original>, text: &str| {
        done(on, act).with(|s| {
            (s.message.text, s.message.reply_text) = (text.into(), text.into());
            s.known.original = original;
        })
    };
    let edited = || Act::Edited { original: "slack:C1/1".into() };
    let deleted = || Act::Deleted { original: "slack:C1/1".into() };
    let on = Some(TicketId(7));
    let touched = Ticket { assignee: Some("佐藤".into()), ..ticket(Status::Open) };
    let cases = vec![
        (
            "changed",
            scene(edited(), ticket(Status::New), Some(original(on, 0)), "VPN 2"),
            "follow_up.edited",
            Status::New,
            1,
        ),
        (
            "taken back",
            scene(deleted(), ticket(Status::New), Some(original(on, 0)), ""),
            "follow_up.deleted",
            Status::Closed,
            1,
        ),
        (
            "one of several",
            scene(deleted(), ticket(Status::New), Some(original(on, 1)), ""),
            "follow_up.deleted",
            Status::New,
            1,
        ),
        ("with an agent", scene(deleted(), touched, Some(original(on, 0)), ""), "follow_up.deleted", Status::Open, 1),
    ];
    for (what, scene, check, status, edits) in cases {
        assert_eq!(settling_check(&scene), check, "{what}");
        let changes = scene.planned();
        assert_eq!((changes.tickets[0].status, changes.edits.len()), (status, edits), "{what}");
        assert!(changes.message.is_none() && changes.outbound.is_empty(), "{what}: it is no message of its own");
    }
    let same = scene(edited(), ticket(Status::New), Some(original(on, 0)), "VPN");
    assert_eq!(settling_check(&same), "follow_up.repeat");
    // What never became anything is decided as it reads now, under the earlier message's name.
    for before in [None, Some(original(None, 0))] {
        let fresh = scene(edited(), ticket(Status::New), before, "再起動を")
            .rule("restart_server")
            .with(|s| s.known.ticket = None);
        let changes = fresh.planned();
        assert_eq!(changes.tickets[0].status, Status::Waiting);
        assert_eq!(changes.message.unwrap().message_id.as_deref(), Some("slack:C1/1"));
        assert!(changes.thread_keys.iter().any(|key| key.key == "slack:C1/1"));
    }
    // The same post by another way is a copy.
    let copy = below(ticket(Status::New), "VPN").with(|s| s.known.original = Some(original(on, 0)));
    let settled = copy.planned().settled.unwrap();
    assert_eq!((settled.fate, settled.ticket), (crate::domain::Fate::Duplicate, on));
}

#[test]
fn a_change_that_comes_late_changes_nothing() {
    let on = Some(TicketId(7));
    let changed = |on: Ticket, original: Original| {
        done(on, Act::Edited { original: "slack:C1/1".into() }).with(|s| {
            (s.message.text, s.message.reply_text) = ("VPN 2".into(), "VPN 2".into());
            s.message.arrived_at = NOW;
            s.known.original = Some(original);
        })
    };
    let once_more = |at: Timestamp| {
        let mut before = ticket(Status::New);
        before.course.rewritten = vec![(crate::domain::InboxId(7), at)];
        changed(before, original(on, 0))
    };
    assert_eq!(settling_check(&once_more(NOW.plus_ms(1))), "follow_up.repeat");
    assert_eq!(settling_check(&once_more(NOW)), "follow_up.edited");
    let last = once_more(NOW.plus_ms(-1)).planned().tickets[0].course.rewritten.clone();
    assert_eq!(last, [(crate::domain::InboxId(7), NOW)], "the last change is remembered");
    for kept_on in [on, None] {
        let mut back = original(kept_on, 0);
        back.message.text = "(taken back by its author)".into();
        let late = changed(ticket(Status::New), back).with(|s| s.known.ticket = kept_on.map(|_| ticket(Status::New)));
        let written = late.planned();
        assert!(written.edits.is_empty() && written.tickets.is_empty(), "it stays taken back");
    }
}

#[test]
fn chat_has_short_words_buttons_and_wider_limits() {
    let answer = spoken("VPN").article("vpn", 0.97).planned().outbound.remove(0);
    assert!(!answer.text.contains("ref: ") && !answer.text.contains("様"), "{}", answer.text);
    let buttons: Vec<&Button> = answer.offers.iter().map(|offer| &offer.button).collect();
    assert_eq!(buttons, [&Button::Solved, &Button::NotSolved, &Button::Person]);
    assert_eq!((answer.channel, answer.source.as_str(), answer.place), (Channel::Slack, "acme", Some(place())));
    let suggested = spoken("料金").article("price", 0.97).planned().outbound.remove(0);
    assert_eq!(suggested.offers[0].button, Button::Article { id: "price".into() });
    let asked = spoken("再起動").rule("restart_server").planned().outbound.remove(0);
    assert_eq!(asked.offers[0].button, Button::Details { intent: "restart_server".into() });
    // A form without buttons keeps the letter.
    let form = Scene::new("x", "y").with(|s| s.message.channel = Channel::Web).planned().outbound.remove(0);
    assert!(form.text.contains("\nref: ") && form.offers.is_empty());
    let after = |sent| spoken("VPN").article("vpn", 0.97).with(|s| s.known.automatic_to_sender = sent).planned();
    assert_eq!((after(49).outbound.len(), after(50).outbound.len()), (1, 0));
    let press = pressed(ticket(Status::Answered), Button::Person).with(|s| s.known.automatic_to_sender = 999);
    assert_eq!(press.planned().outbound.len(), 1, "what is asked for by a button is answered");
}

#[test]
fn a_ticket_that_is_asked_for_is_not_answered_with_an_article() {
    let wanted = spoken("VPN").article("vpn", 0.97).with(|s| s.message.act = Some(Act::WantsTicket));
    assert_eq!(wanted.decided().decision, Decision::File);
    let slots = BTreeMap::from([("host".to_owned(), "web-1".to_owned())]);
    let form = |slots: BTreeMap<String, String>| {
        let intent = Some("restart_server".to_owned());
        spoken("急いでいます")
            .article("vpn", 0.97)
            .with(|s| s.message.act = Some(Act::Filled { ticket: None, intent, slots }))
    };
    let asked = form(slots.clone()).decided();
    assert_eq!((asked.decision.name(), asked.missing.as_slice()), ("ask", &["operation".to_owned()][..]));
    let mut all = slots;
    all.insert("operation".into(), "restart".into());
    let filed = form(all).decided();
    assert_eq!((filed.decision.name(), filed.queue.as_str()), ("file", "operations"));
    let human = spoken("").with(|s| s.message.act = Some(Act::Pressed { ticket: None, button: Button::Person }));
    assert_eq!(settling_check(&human), "escalate.person");
    let article = Button::Article { id: "vpn".into() };
    let chosen = spoken("").with(|s| s.message.act = Some(Act::Pressed { ticket: None, button: article }));
    assert_eq!(settling_check(&chosen), "answer.chosen");
}
