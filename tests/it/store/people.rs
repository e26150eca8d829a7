//! Who is who, their tickets, edits, and what chat services took.

use madoguchi::domain::*;
use madoguchi::store::{EarlierPost, Sending, SettleError, StoreError, TicketMessage};

use super::{Desk, MINUTE, NOW, on_both, outbound, received, ticket};

const SLACK: &str = "slack:u1";
const MAIL: &str = "sato@customer.example";
const DAY: i64 = 24 * 60 * MINUTE;

on_both! {
    somebody_new_is_met_once
    a_mail_address_vouched_for_makes_two_people_one
    a_code_joins_people_once_and_for_ten_minutes
    tries_are_counted_exactly_and_per_hour
    a_language_stays_and_survives_a_join
    recent_tickets_are_those_of_all_addresses
    an_earlier_message_is_found_and_changed
    a_post_leads_to_its_ticket_and_can_be_replaced
    who_has_nothing_left_is_forgotten_and_cards_quote_nothing
}

async fn learn(desk: &Desk, people: Vec<PersonChange>) -> Result<(), StoreError> {
    learn_at(desk, people, NOW).await
}

async fn learn_at(desk: &Desk, people: Vec<PersonChange>, at: Timestamp) -> Result<(), StoreError> {
    desk.store.apply(&Changes { people, ..Changes::default() }, at).await
}

fn met(id: i64, address: &str) -> PersonChange {
    PersonChange::Met { inbox_id: InboxId(id), address: address.into() }
}

fn same(id: i64, addresses: &[&str]) -> PersonChange {
    let addresses = addresses.iter().map(ToString::to_string).collect();
    PersonChange::Same { inbox_id: InboxId(id), addresses, proof: "verified_mail".into() }
}

fn code(at: Timestamp) -> PersonChange {
    PersonChange::Code { address: MAIL.into(), code: "digest".into(), expires_at: at.plus_ms(10 * MINUTE) }
}

fn typed() -> Probe {
    Probe { sender: SLACK.into(), code: Some("digest".into()), ..Probe::default() }
}

async fn known(desk: &Desk, probe: Probe, at: Timestamp) -> Known {
    desk.store.context(&[probe], at).await.unwrap().remove(0)
}

async fn somebody_new_is_met_once(desk: Desk) {
    assert_eq!(desk.store.person(SLACK).await.unwrap(), None);
    learn(&desk, vec![met(7, SLACK), met(8, SLACK)]).await.unwrap();
    learn(&desk, vec![met(9, SLACK)]).await.unwrap();
    let person = desk.store.person("SLACK:U1").await.unwrap().unwrap();
    assert_eq!(person, Person { id: 7, addresses: vec![SLACK.into()], language: None });
}

async fn a_mail_address_vouched_for_makes_two_people_one(desk: Desk) {
    learn(&desk, vec![met(1, MAIL), met(2, SLACK), met(3, "discord:9")]).await.unwrap();
    let probe = Probe { sender: SLACK.into(), verified_mail: Some(MAIL.into()), ..Probe::default() };
    let before = known(&desk, probe.clone(), NOW).await;
    assert!(before.is_newly_vouched);
    assert_eq!(before.person.unwrap().addresses, [MAIL, SLACK]);
    learn(&desk, vec![same(5, &[SLACK, MAIL])]).await.unwrap();
    learn(&desk, vec![same(6, &["discord:9", MAIL])]).await.unwrap();
    let after = known(&desk, probe, NOW).await;
    assert!(!after.is_newly_vouched);
    let wanted = Person { id: 1, addresses: vec!["discord:9".into(), MAIL.into(), SLACK.into()], language: None };
    assert_eq!(after.person.as_ref(), Some(&wanted));
    assert_eq!(desk.store.person(MAIL).await.unwrap(), Some(wanted));
    // Two who were never met become one at once.
    learn(&desk, vec![same(8, &["slack:u8", "eight@x.example"])]).await.unwrap();
    assert_eq!(desk.store.person("eight@x.example").await.unwrap().unwrap().id, 8);
}

async fn a_code_joins_people_once_and_for_ten_minutes(desk: Desk) {
    learn(&desk, vec![met(1, MAIL), code(NOW)]).await.unwrap();
    assert_eq!(known(&desk, typed(), NOW).await.link.owner.as_deref(), Some(MAIL));
    let late = NOW.plus_ms(10 * MINUTE);
    assert_eq!(known(&desk, typed(), late).await.link.owner, None);
    let using = || vec![same(2, &[SLACK, MAIL]), PersonChange::Used { code: "digest".into() }];
    assert!(matches!(learn_at(&desk, using(), late).await, Err(StoreError::Conflict { .. })));
    assert_eq!(desk.store.person(SLACK).await.unwrap(), None, "nothing of a refused change is written");
    learn(&desk, using()).await.unwrap();
    assert!(matches!(learn(&desk, using()).await, Err(StoreError::Conflict { .. })), "a code is used once");
    assert_eq!(known(&desk, typed(), NOW).await.link.owner, None);
    assert_eq!(desk.store.person(SLACK).await.unwrap().unwrap().id, 1);
    // A new code ends the earlier one.
    let other = PersonChange::Code { address: MAIL.into(), code: "second".into(), expires_at: late };
    learn(&desk, vec![PersonChange::Code { address: MAIL.into(), code: "first".into(), expires_at: late }, other])
        .await
        .unwrap();
    let probe = |code: &str| Probe { code: Some(code.into()), ..typed() };
    assert_eq!(known(&desk, probe("first"), NOW).await.link.owner, None);
    assert!(known(&desk, probe("second"), NOW).await.link.owner.is_some());
}

async fn tries_are_counted_exactly_and_per_hour(desk: Desk) {
    let tried = |nth| vec![PersonChange::Tried { address: SLACK.into(), nth }];
    learn(&desk, tried(1)).await.unwrap();
    assert!(
        matches!(learn(&desk, tried(1)).await, Err(StoreError::Conflict { .. })),
        "two at once do not count as one"
    );
    learn_at(&desk, tried(2), NOW.plus_ms(MINUTE)).await.unwrap();
    let link = known(&desk, typed(), NOW.plus_ms(MINUTE)).await.link;
    assert_eq!((link.tries, link.tries_within_hour), (2, 2));
    let link = known(&desk, typed(), NOW.plus_ms(60 * MINUTE)).await.link;
    assert_eq!((link.tries, link.tries_within_hour), (2, 1));
    // Those of the person's other addresses count too.
    learn(&desk, vec![same(1, &[SLACK, MAIL])]).await.unwrap();
    let link = known(&desk, Probe { sender: MAIL.into(), ..typed() }, NOW.plus_ms(MINUTE)).await.link;
    assert_eq!((link.tries, link.tries_within_hour), (0, 2));
}

async fn a_language_stays_and_survives_a_join(desk: Desk) {
    let speaks = |language| PersonChange::Speaks { address: SLACK.into(), language };
    learn(&desk, vec![met(1, MAIL), met(2, SLACK), speaks(Some(Language::En))]).await.unwrap();
    learn(&desk, vec![same(3, &[MAIL, SLACK])]).await.unwrap();
    assert_eq!(desk.store.person(MAIL).await.unwrap().unwrap().language, Some(Language::En));
    learn(&desk, vec![speaks(None)]).await.unwrap();
    assert_eq!(desk.store.person(MAIL).await.unwrap().unwrap().language, None);
}

async fn recent_tickets_are_those_of_all_addresses(desk: Desk) {
    learn(&desk, vec![same(1, &[SLACK, MAIL])]).await.unwrap();
    let mut tickets = Vec::new();
    for n in 1..=9 {
        desk.store.accept(&[received(&format!("m{n}"), &format!("m{n}"))], NOW).await.unwrap();
        let requester =
            Address { address: if n % 2 == 0 { SLACK.to_uppercase() } else { MAIL.into() }, ..Address::default() };
        tickets.push(Ticket { requester, ..ticket(TicketId(n)) });
    }
    tickets[0].requester.address = "other@x.example".into();
    (tickets[8].status, tickets[8].updated_at) = (Status::Closed, NOW.plus_ms(-3 * DAY));
    (tickets[7].status, tickets[7].updated_at) = (Status::Resolved, NOW.plus_ms(1 - 3 * DAY));
    tickets[6].merged_into = Some(TicketId(2));
    desk.store.apply(&Changes { tickets, ..Changes::default() }, NOW).await.unwrap();
    let ids = |tickets: Vec<Ticket>| tickets.iter().map(|ticket| ticket.id.0).collect::<Vec<_>>();
    assert_eq!(ids(desk.store.tickets_of(MAIL, NOW).await.unwrap()), [8, 6, 5, 4, 3]);
    let probe = Probe { sender: SLACK.into(), ..Probe::default() };
    assert_eq!(ids(known(&desk, probe, NOW).await.recent), [8, 6, 5, 4, 3]);
    assert_eq!(ids(desk.store.tickets_of("nobody@x.example", NOW).await.unwrap()), [0_i64; 0]);
}

async fn an_earlier_message_is_found_and_changed(desk: Desk) {
    let ticket = desk.filed("a").await;
    let probe = Probe { original: Some("a@customer.example".into()), ..Probe::default() };
    let original = known(&desk, probe.clone(), NOW).await.original.unwrap();
    assert_eq!((original.message.ticket, original.others), (Some(ticket.id), 0));
    assert_eq!(original.message.reply_text, "つながりません");
    let edit = Edit {
        inbox_id: original.message.inbox_id, text: "直りました".into(), reply_text: "直りました".into()
    };
    desk.store.apply(&Changes { edits: vec![edit], ..Changes::default() }, NOW).await.unwrap();
    assert_eq!(known(&desk, probe.clone(), NOW).await.original.unwrap().message.text, "直りました");
    let messages = desk.store.ticket_messages(ticket.id).await.unwrap();
    assert!(messages.iter().any(|message| matches!(message, TicketMessage::In(kept) if kept.text == "直りました")));
    // What an agent would be answering, and tickets by name, merged or not.
    let probe = Probe { wants_last: true, named: Some(ticket.id), other: Some(TicketId(999)), ..Probe::default() };
    let found = known(&desk, probe, NOW).await;
    assert_eq!((found.named.map(|ticket| ticket.id), found.other), (Some(ticket.id), None));
    assert_eq!(found.last.unwrap().text, "直りました");
    // An erased message stays erased.
    desk.store.forget(&[InboxId(ticket.id.0)], NOW).await.unwrap();
    let edit = Edit { inbox_id: InboxId(ticket.id.0), text: "x".into(), reply_text: "x".into() };
    desk.store.apply(&Changes { edits: vec![edit], ..Changes::default() }, NOW).await.unwrap();
}

async fn a_post_leads_to_its_ticket_and_can_be_replaced(desk: Desk) {
    let ticket = desk.filed("a").await;
    let card = Outbound { channel: Channel::Slack, source: "slack".into(), ..outbound("card:1:slack", ticket.id) };
    desk.store.apply(&Changes { outbound: vec![card], ..Changes::default() }, NOW).await.unwrap();
    let earlier = desk.store.earlier_post("card:1:slack").await.unwrap();
    assert!(matches!(earlier, EarlierPost::Waiting { .. }), "{earlier:?}");
    assert_eq!(desk.store.earlier_post("card:2:slack").await.unwrap(), EarlierPost::Gone);
    let slack = [Sending { channel: Channel::Slack, source: "slack".into() }];
    let item = desk.store.claim_outbox("s", [NOW, NOW.plus_ms(MINUTE)], 9, &slack).await.unwrap().remove(0);
    let place = ("slack:C1/1700000000.000100", Some("slack:T1"));
    let late = desk.store.posted("other", item.id, place, NOW).await;
    assert!(matches!(late, Err(StoreError::LeaseLost { .. })));
    assert_eq!(desk.store.reference_of("card:1:slack").await.unwrap(), None);
    desk.store.posted("s", item.id, place, NOW).await.unwrap();
    assert_eq!(desk.store.reference_of("card:1:slack").await.unwrap().as_deref(), Some(place.0));
    for key in ["slack:C1/1700000000.000100", "slack:T1"] {
        let probe = Probe { thread_keys: vec![key.into()], ..Probe::default() };
        assert_eq!(known(&desk, probe, NOW).await.ticket.map(|found| found.id), Some(ticket.id), "{key}");
    }
}

/// Racing decisions on one person: exactly one use of a code, one count for each try.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn racing_codes_are_used_once() {
    for desk in [Desk::sqlite().await, Desk::postgres().await] {
        learn(&desk, vec![met(1, MAIL), code(NOW)]).await.unwrap();
        let mut racers = tokio::task::JoinSet::new();
        for n in 0..8 {
            let store = desk.store.clone();
            racers.spawn(async move {
                let address = format!("slack:r{n}");
                let people = vec![same(10 + n, &[&address, MAIL]), PersonChange::Used { code: "digest".into() }];
                store.apply(&Changes { people, ..Changes::default() }, NOW).await.is_ok()
            });
        }
        let won = racers.join_all().await.into_iter().filter(|won| *won).count();
        assert_eq!(won, 1);
        assert_eq!(desk.store.person(MAIL).await.unwrap().unwrap().addresses.len(), 2);
    }
}

#[tokio::test]
async fn a_clashing_code_sends_its_message_back_to_be_decided_again() {
    let desk = Desk::sqlite().await;
    desk.fill(1).await;
    let item = desk.claim("w", NOW, 1).await.remove(0);
    let changes = Changes { people: vec![PersonChange::Used { code: "gone".into() }], ..super::ignoring(item.id) };
    let refused = desk.store.settle("w", &[changes], NOW).await;
    assert!(matches!(refused, Err(SettleError::Conflict { ids }) if ids == [item.id]));
}

async fn who_has_nothing_left_is_forgotten_and_cards_quote_nothing(desk: Desk) {
    let (first, second) = (desk.filed("a").await, desk.filed("b").await);
    learn(&desk, vec![same(1, &[MAIL, SLACK]), met(9, "discord:9"), code(NOW)]).await.unwrap();
    let mut carded = Ticket { subject: "kept".into(), ..first.clone() };
    carded.card = Some(ticket::Card { key: "card:1".into(), excerpt: "secret words".into(), same_as: None });
    let card = Outbound { kind: OutboundKind::Notice, text: "secret words".into(), ..outbound("card:1", first.id) };
    let changes = Changes { tickets: vec![carded], outbound: vec![card], ..Changes::default() };
    desk.store.apply(&changes, NOW).await.unwrap();

    desk.store.forget(&[InboxId(first.id.0)], NOW).await.unwrap();
    assert!(desk.store.person(SLACK).await.unwrap().is_some(), "another message of theirs is left");
    let after = desk.store.ticket(first.id).await.unwrap().unwrap();
    assert_eq!(after.card.unwrap().excerpt, "");
    let route = [Sending { channel: Channel::Email, source: "support".into() }];
    let rows = desk.store.claim_outbox("w", [NOW, NOW.plus_ms(MINUTE)], 9, &route).await.unwrap();
    assert!(rows.iter().all(|row| !row.outbound.text.contains("secret")), "{rows:?}");

    desk.store.forget(&[InboxId(second.id.0)], NOW).await.unwrap();
    for address in [MAIL, SLACK] {
        assert_eq!(desk.store.person(address).await.unwrap(), None, "{address}");
    }
    assert_eq!(known(&desk, typed(), NOW).await.link.owner, None, "the code is gone");
    assert!(desk.store.person("discord:9").await.unwrap().is_some(), "others stay");
}
