//! The agents' rooms: cards, what is pressed on them, notes that stay among agents and replies that go out.

use super::office::{HELP, Office, REQUEST, TRIAGE, labels, ts};
use crate::desk::harness::{Database, until};
use crate::support::discord::shapes;
use crate::support::discord::world::World as Server;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn agents_work_from_the_card_and_their_notes_never_leave_the_room() {
    let mut office = Office::open(Database::Sqlite).await;
    let asked = office.slack.say(HELP, "UANN", REQUEST);
    office.slack_post(HELP, Some(&asked), "Talk to a person").await;
    let ticket = office.only_ticket().await;
    let card = office.slack_post(TRIAGE, None, &ticket).await;
    assert_eq!(labels(&card), ["担当する", "解決済みにする"], "{card}");
    for words in ["優先度", "期限", "projector"] {
        assert!(card["text"].as_str().unwrap().contains(words), "{words}: {card}");
    }
    let there = office.discord_post(Server::TRIAGE, &ticket).await;

    office.slack.press(TRIAGE, &ts(&card), "USATO", "担当する");
    office.slack.press(TRIAGE, &ts(&card), "USATO", "担当する");
    office.slack_post(TRIAGE, None, "担当: 佐藤").await;
    office.discord_post(Server::TRIAGE, "担当: 佐藤").await;
    office.slack.reply(TRIAGE, Some(&ts(&card)), "USATO", "内緒: このお客様は先週も同じ件でした");
    let thread = office.discord.open_thread(Server::TRIAGE, Some(shapes::id(&there)), "card");
    office.discord.say(thread, 77, "内緒: Discord でもメモ");
    office.desk.settled(5).await;
    office.slack.reply(TRIAGE, Some(&ts(&card)), "USATO", "返信: 木曜 10 時に用意します。");
    office.slack_post(HELP, Some(&asked), "木曜 10 時に用意します。").await;
    // Whoever answers from the other service's room answers the same person, where they wrote.
    office.discord.say(thread, 77, "reply: The projector is there as well.");
    office.slack_post(HELP, Some(&asked), "The projector is there as well.").await;

    office.slack.choose_person(TRIAGE, &ts(&card), "USATO", "UBOB");
    until("Bob has it", async || (office.desk.tickets().await[0]["assignee"].as_str() == Some("Bob")).then_some(()))
        .await;
    office.press((Server::TRIAGE, 77), &office.discord_post(Server::TRIAGE, "担当: Bob").await, "解決済みにする");
    office.becomes(&ticket, "resolved").await;
    let resolved = office.slack_post(HELP, Some(&asked), "★★★★★").await;
    office.slack.press(HELP, &ts(&resolved), "UANN", "★★★★★");
    office.desk.settled(10).await;
    office.quiet().await;
    let outside = format!("{:?}", office.slack.world().posts(HELP));
    assert!(!outside.contains("内緒"), "a note has left the room: {outside}");
    let history = office.shown(&ticket).await["history"].to_string();
    assert!(history.contains("先週も同じ件") && history.contains("Discord でもメモ"), "{history}");
    assert_eq!(office.desk.tickets().await.len(), 1);
    office.desk.stop().await;
}
