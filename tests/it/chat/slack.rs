//! What people do in Slack, and what the desk does about it.

use serde_json::Value;

use super::office::{HELP, Office, QUESTION, REQUEST, labels, ts};
use crate::desk::harness::{Database, until};
use crate::support::discord::faults::Faults as DiscordFaults;
use crate::support::slack::{Faults, Kind};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_question_is_answered_in_its_thread_and_its_buttons_work_after_a_restart_and_twice() {
    let mut office = Office::open(Database::Sqlite).await;
    let asked = office.slack.say(HELP, "UANN", QUESTION);
    let answer = office.slack_post(HELP, Some(&asked), "解決しましたか").await;
    assert!(labels(&answer).iter().any(|label| label == "担当者に相談する"), "{answer}");
    let ticket = office.only_ticket().await;
    office.becomes(&ticket, "answered").await;

    office.desk.stop().await;
    office.serve().await;
    office.slack.press(HELP, &ts(&answer), "UANN", "解決しました");
    office.slack.press(HELP, &ts(&answer), "UANN", "解決しました");
    office.becomes(&ticket, "resolved").await;
    office.slack_post(HELP, Some(&asked), "解決して何よりです").await;
    office.slack.reply(HELP, Some(&asked), "UANN", "ありがとうございました!");
    office.desk.settled(4).await;
    office.becomes(&ticket, "resolved").await;

    office.slack.reply(HELP, Some(&asked), "UANN", "チケットの状況は?");
    let status = office.slack_post(HELP, Some(&asked), "受付日時").await;
    assert!(status.to_string().contains(&ticket), "{status}");
    office.slack.reply(HELP, Some(&asked), "UANN", "やはり担当者と話したいです");
    office.becomes(&ticket, "new").await;
    office.quiet().await;
    let said = office.slack.world().posts(HELP);
    let solved = said.iter().filter(|post| post.to_string().contains("解決して何よりです")).count();
    assert_eq!((said.len(), solved), (4, 1), "{said:?}");
    office.desk.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn changes_and_removals_are_seen_and_machines_are_not() {
    let mut office = Office::open(Database::Sqlite).await;
    let said = office.slack.say(HELP, "UANN", REQUEST);
    office.slack_post(HELP, Some(&said), "Talk to a person").await;
    let ticket = office.only_ticket().await;
    office.slack.edit(HELP, &said, "The projector in room 5 is broken, not on Monday but on Friday.");
    until("the ticket reads as changed", async || {
        office.shown(&ticket).await["conversation"].to_string().contains("Friday").then_some(())
    })
    .await;
    office.slack.machine_says(HELP, REQUEST);
    office.slack.delete(HELP, &said);
    office.becomes(&ticket, "closed").await;
    let shown = office.shown(&ticket).await;
    let said = shown["conversation"].as_array().unwrap().iter().filter(|part| part["direction"] == "in");
    assert!(said.clone().count() > 0 && !said.clone().any(|part| part.to_string().contains("Friday")), "{shown}");
    office.quiet().await;
    let totals = office.desk.totals().await;
    assert_eq!((totals.seen, totals.filed), (3, 1), "{totals:?}");
    office.desk.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn mentions_direct_messages_and_bursts_are_read_and_other_rooms_are_not() {
    let mut office = Office::prepare(Database::Sqlite, (1, Faults::default()), DiscordFaults::none()).await;
    office.slack.world().room("COTHER", Kind::Public);
    office.desk.edit(|text| text.replace("[slack]\n", &format!("[slack]\nrooms = [\"{HELP}\"]\n")));
    office.serve().await;
    office.slack.say("COTHER", "UANN", REQUEST);
    let called = office.slack.say("COTHER", "UBOB", &format!("<@UBOT> {QUESTION}"));
    office.slack_post("COTHER", Some(&called), "解決しましたか").await;
    office.slack.reply("COTHER", Some(&called), "UBOB", "担当者に相談したい");
    office.slack_post("COTHER", Some(&called), "担当者が引き継ぎます").await;

    let room = office.slack.world().direct("UANN");
    office.slack.say(&room, "UANN", "こんにちは");
    office.slack.say(&room, "UANN", "パスワードの再設定の方法を教えてください");
    office.slack.say(&room, "UANN", "ログインできません");
    let answer = office.slack_post(&room, None, "解決しましたか").await;
    assert!(answer["thread_ts"].is_null(), "a direct conversation has no threads: {answer}");
    office.quiet().await;
    assert_eq!(office.slack.world().posts(&room).len(), 1, "three messages, one answer");
    let totals = office.desk.totals().await;
    assert_eq!((totals.seen, totals.filed), (5, 2), "{totals:?}");
    office.desk.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn commands_forms_shortcuts_and_reactions_open_tickets_and_the_page_lists_them() {
    let mut office = Office::open(Database::Sqlite).await;
    office.slack.command(HELP, "UANN", "/ask", QUESTION);
    office.slack_post("DUANN", None, "解決しましたか").await;

    office.slack.command(HELP, "UANN", "/ticket", "");
    let form = office.slack_shows("the form", |world| world.views.first().cloned()).await;
    office.slack.choose(&form, "UANN", "desk_intent", "account");
    let form = office
        .slack_shows("the form for accounts", |world| {
            world.views.first().filter(|view| view.to_string().contains("slot:")).cloned()
        })
        .await;
    let filled: Vec<(String, &str)> = fields(&form).into_iter().map(|field| (field, "k.suzuki")).collect();
    let filled: Vec<(&str, &str)> = filled.iter().map(|(name, value)| (name.as_str(), *value)).collect();
    office.slack.submit(&form, "UANN", &[filled.as_slice(), &[("desk_text", "鈴木さんのアカウントの件")]].concat());
    until("a ticket from the form", async || (office.desk.tickets().await.len() == 2).then_some(())).await;

    let said = office.slack.say(HELP, "UBOB", "お疲れ様です");
    office.desk.settled(3).await;
    office.slack.react(HELP, &said, "USATO", "ticket");
    until("a ticket from the reaction", async || (office.desk.tickets().await.len() == 3).then_some(())).await;
    let said = office.slack.say(HELP, "UBOB", "こんばんは");
    office.desk.settled(5).await;
    office.slack.shortcut(HELP, &said, "UBOB");
    until("a ticket from the shortcut", async || (office.desk.tickets().await.len() == 4).then_some(())).await;

    office.slack.open_home("UANN");
    let page = office.slack_shows("the page", |world| world.homes.get("UANN").cloned()).await;
    let open = office.desk.tickets().await[1]["id"].as_str().unwrap().to_owned();
    assert!(page.to_string().contains(&open), "{page}");
    assert!(page.to_string().contains("次のご連絡"), "with the due time: {page}");
    office.slack.choose(&page, "UANN", "desk_language", "en");
    office.slack_post("DUANN", None, "English").await;
    let asked = office.slack.say(HELP, "UANN", QUESTION);
    office.slack_post(HELP, Some(&asked), "That solved it").await;
    office.quiet().await;
    assert_eq!(office.slack.world().tally.timed_out, 0, "every acknowledgement came in time");
    office.desk.stop().await;
}

fn fields(form: &Value) -> Vec<String> {
    let blocks = form["blocks"].as_array().unwrap();
    let ids = blocks.iter().filter_map(|block| block["block_id"].as_str());
    ids.filter(|id| id.starts_with("slot:")).map(str::to_owned).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn files_are_fetched_and_nothing_in_a_text_pings_anybody() {
    let mut office = Office::open(Database::Sqlite).await;
    let text = format!("{REQUEST}\n&lt;!here&gt; @channel ```code``` <https://example.com|a link> *bold*");
    office.slack.share(HELP, "UANN", &text, ("plan.txt", "text/plain", b"two projectors"));
    until("a ticket", async || (!office.desk.tickets().await.is_empty()).then_some(())).await;
    let ticket = office.only_ticket().await;
    let shown = office.shown(&ticket).await.to_string();
    assert!(shown.contains("plan.txt"), "{shown}");
    assert!(!shown.contains("not fetched"), "{shown}");
    office.quiet().await;
    let (cards, pings) = {
        let world = office.slack.world();
        (world.posts(super::office::TRIAGE).len(), world.pings.clone())
    };
    assert_eq!((cards, pings), (1, Vec::new()));
    office.desk.stop().await;
}
