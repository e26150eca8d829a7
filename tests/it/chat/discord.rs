//! What people do in Discord, and what the desk does about it.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::office::{HELP, Office, QUESTION, REQUEST};
use crate::desk::harness::{Database, until};
use crate::support::discord::faults::Faults as DiscordFaults;
use crate::support::discord::world::World as Server;
use crate::support::discord::{Order, shapes};
use crate::support::slack::Faults;

fn command(name: &str, options: &Value) -> Value {
    json!({ "id": "771825006014889984", "name": name, "type": 1, "options": options })
}

fn option(name: &str, value: &str) -> Value {
    json!([{ "name": name, "type": 3, "value": value }])
}

/// The first answer to an interaction.
async fn told(office: &Office, id: u64) -> Value {
    office.discord_shows("an answer", |world| world.interactions[&id].answer.clone().map(|(answer, _)| answer)).await
}

/// Interactions that were answered too late, and never.
fn late(office: &Office) -> (usize, usize) {
    let world = office.discord.world();
    (world.late, world.unanswered())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_question_gets_a_thread_and_buttons_work_after_a_restart_and_twice() {
    let mut office = Office::open(Database::Sqlite).await;
    let asked = office.discord.say(Server::TEXT, 21, QUESTION);
    let answer = office.discord_post(asked, "解決しましたか").await;
    let ticket = office.only_ticket().await;
    office.desk.stop().await;
    office.serve().await;
    office.press((asked, 21), &answer, "解決しました");
    office.press((asked, 21), &answer, "解決しました");
    office.becomes(&ticket, "resolved").await;
    office.discord.say(asked, 21, "ありがとうございました");
    office.desk.settled(4).await;
    office.becomes(&ticket, "resolved").await;
    office.discord.say(asked, 21, "担当者に相談したいです");
    office.becomes(&ticket, "new").await;

    let post = office.discord.open_thread(Server::FORUM, None, "会議室の件");
    office.discord.say(post, 22, REQUEST);
    office.discord_post(post, "Talk to a person").await;
    let direct = shapes::id(&office.discord.world().direct(23));
    office.discord.say(direct, 23, "こんにちは");
    office.discord.say(direct, 23, QUESTION);
    office.discord_post(direct, "解決しましたか").await;
    office.quiet().await;
    let answers = office.discord.world().posts(direct).len();
    assert_eq!(answers, 1, "two messages, one answer");
    assert_eq!(late(&office), (0, 0), "every interaction is answered in time");
    assert_eq!(office.desk.tickets().await.len(), 3);
    office.desk.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_gateway_that_closes_without_a_code_holds_nothing_up() {
    // As long between heartbeats as with the real service.
    let discord = DiscordFaults { heartbeat_ms: 41_250.into(), ..DiscordFaults::none() };
    let mut office = Office::prepare(Database::Sqlite, (1, Faults::default()), discord).await;
    office.serve().await;
    let before = office.discord.say(Server::TEXT, 26, QUESTION);
    office.discord_post(before, "解決しましたか").await;
    office.discord.order(|| Order::CloseWithoutCode);
    let closed = Instant::now();
    for number in 0..20 {
        office.slack.say(HELP, "UANN", &format!("{QUESTION} ({number})"));
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    until("Slack goes on", async || (office.slack.world().under_way() == 0).then_some(())).await;
    assert_eq!(office.slack.world().tally.timed_out, 0, "acknowledged in time");
    let said = office.discord.say(Server::TEXT, 27, QUESTION);
    office.discord_post(said, "解決しましたか").await;
    let took = closed.elapsed();
    assert!(took < Duration::from_secs(35), "{took:?}");
    office.desk.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn changes_removals_and_files_are_seen() {
    let mut office = Office::open(Database::Sqlite).await;
    let said = office.discord.share(Server::TEXT, 24, REQUEST, ("plan.txt", b"two projectors"));
    office.discord_post(said, "Talk to a person").await;
    let ticket = office.only_ticket().await;
    let shown = office.shown(&ticket).await.to_string();
    assert!(shown.contains("plan.txt") && !shown.contains("not fetched"), "{shown}");
    office.discord.edit(Server::TEXT, said, "The projector in room 5 is broken, not on Monday but on Friday.");
    until("the ticket reads as changed", async || {
        office.shown(&ticket).await["conversation"].to_string().contains("Friday").then_some(())
    })
    .await;
    office.discord.preview(Server::TEXT, said);
    office.discord.delete(Server::TEXT, said);
    office.becomes(&ticket, "closed").await;
    office.quiet().await;
    let totals = office.desk.totals().await;
    assert_eq!((totals.seen, totals.filed), (3, 1), "{totals:?}");
    office.desk.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn commands_and_forms_are_answered_in_time() {
    let mut office = Office::open(Database::Sqlite).await;
    let at = (Server::TEXT, 25);
    let asked = office.discord.interact(at, 2, &command("ask", &option("text", QUESTION)));
    assert_eq!(told(&office, asked).await["type"], 4);
    office.discord_post(Server::TEXT, "解決しましたか").await;

    let wanted = office.discord.interact(at, 2, &command("ticket", &option("type", "account")));
    let form = told(&office, wanted).await;
    assert_eq!(form["type"], 9, "{form}");
    let rows = form["data"]["components"].as_array().unwrap();
    let filled: Vec<Value> = rows
        .iter()
        .map(|row| {
            let field = &row["components"][0];
            json!({ "type": 1, "components": [{ "type": 4, "custom_id": field["custom_id"], "value": "k.suzuki" }] })
        })
        .collect();
    let sent = json!({ "custom_id": form["data"]["custom_id"], "components": filled });
    let form = office.discord.interact(at, 5, &sent);
    assert_eq!(told(&office, form).await["data"]["flags"], 64, "only the person sees it");
    until("a ticket from the form", async || (office.desk.tickets().await.len() == 2).then_some(())).await;

    let list = office.discord.interact(at, 2, &command("tickets", &json!([])));
    let ticket = office.desk.tickets().await[1]["id"].as_str().unwrap().to_owned();
    assert!(told(&office, list).await.to_string().contains(&ticket));
    let speaks = office.discord.interact(at, 2, &command("language", &option("language", "en")));
    told(&office, speaks).await;
    office.desk.settled(3).await;
    let said = office.discord.say(Server::TEXT, 25, QUESTION);
    office.discord_post(said, "That solved it").await;
    assert_eq!(late(&office), (0, 0));
    office.desk.stop().await;
}
