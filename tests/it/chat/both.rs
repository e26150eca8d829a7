//! One person in both services.

use serde_json::{Value, json};

use super::office::{HELP, Office, REQUEST, TRIAGE, labels, ts};
use crate::desk::harness::{Database, until};
use crate::support::clamd::{clamd, eicar};
use crate::support::discord::faults::Faults as DiscordFaults;
use crate::support::discord::world::World as Server;
use crate::support::slack::Faults;

/// The person's number in Discord.
const ANN: u64 = 31;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_code_joins_two_accounts_and_the_same_case_is_joined_by_agents_and_taken_apart_again() {
    let mut office = Office::open(Database::Sqlite).await;
    let asked = office.slack.say(HELP, "UANN", REQUEST);
    office.slack_post(HELP, Some(&asked), "Talk to a person").await;
    let first = office.only_ticket().await;

    office.slack.command(HELP, "UANN", "/link", "");
    let told = office.slack_post("DUANN", None, "連携コード").await;
    let code = code_in(&told);
    let typed = json!({ "id": "771825006014889984", "name": "link", "type": 1,
        "options": [{ "name": "code", "type": 3, "value": code }] });
    office.discord.interact((Server::TEXT, ANN), 2, &typed);
    let direct = office.discord_shows("a direct channel", direct).await;
    office.discord_post(direct, "同じ方").await;
    office.discord.say(direct, ANN, "チケットの状況は?");
    office.discord_post(direct, &first).await;

    let again = office.discord.say(Server::TEXT, ANN, REQUEST);
    office.discord_post(again, "Talk to a person").await;
    let tickets = office.desk.tickets().await;
    let second = tickets[1]["id"].as_str().unwrap().to_owned();
    assert_eq!(tickets.len(), 2, "nothing is joined by a rule: {tickets:?}");
    let join = format!("{first} と同じ件にする");
    let card = office
        .slack_shows("the offer to join", |world| {
            world.posts(TRIAGE).into_iter().find(|card| labels(card).contains(&join))
        })
        .await;
    office.slack.press(TRIAGE, &ts(&card), "USATO", &join);
    let split = format!("{second} から分ける");
    let card = office
        .slack_shows("the way back", |world| {
            world.posts(TRIAGE).into_iter().find(|card| card.to_string().contains("から分ける"))
        })
        .await;
    let label = labels(&card).into_iter().find(|label| label.ends_with("から分ける")).unwrap();
    assert!([split, format!("{first} から分ける")].contains(&label), "{label}");
    office.slack.press(TRIAGE, &ts(&card), "USATO", &label);
    office
        .slack_shows("a card of its own", |world| {
            let cards = world.posts(TRIAGE);
            (!cards.iter().any(|card| card.to_string().contains("から分ける"))).then_some(())
        })
        .await;
    office.quiet().await;
    assert_eq!(office.tickets("new").await.len(), 2, "{:?}", office.desk.tickets().await);
    office.desk.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn files_of_both_services_are_scanned_before_anybody_opens_them() {
    let mut office = Office::prepare(Database::Sqlite, (1, Faults::default()), DiscordFaults::none()).await;
    let port = clamd().port;
    office.desk.edit(|text| format!("{text}\n[scanner]\nclamd = \"127.0.0.1:{port}\"\n"));
    office.serve().await;
    let virus: &'static [u8] = Vec::leak(eicar());
    office.slack.share(HELP, "UANN", REQUEST, ("tool.exe", "application/octet-stream", virus));
    office.slack.share(HELP, "UBOB", REQUEST, ("plan.txt", "text/plain", b"two projectors"));
    office.discord.share(Server::TEXT, ANN, REQUEST, ("other.exe", virus));
    until("three tickets", async || (office.desk.tickets().await.len() == 3).then_some(())).await;
    let mut scans: Vec<(String, String)> = Vec::new();
    for ticket in office.desk.tickets().await {
        let files = office.desk.json(&["ticket", "attachment", ticket["id"].as_str().unwrap()]).await;
        let word = |name: &str| files[0][name].as_str().unwrap_or_default().to_owned();
        scans.push((word("name"), word("scan")));
    }
    scans.sort();
    let wanted = [("other.exe", "infected"), ("plan.txt", "clean"), ("tool.exe", "infected")];
    assert_eq!(scans, wanted.map(|(name, scan)| (name.to_owned(), scan.to_owned())));
    office.desk.stop().await;
}

fn code_in(post: &Value) -> String {
    let is_code = |word: &&str| word.len() == 9 && word.chars().nth(4) == Some('-') && word.is_ascii();
    let text = post["text"].as_str().unwrap();
    text.split(|c: char| !c.is_ascii_alphanumeric() && c != '-').find(is_code).expect("a code").to_owned()
}

fn direct(world: &Server) -> Option<u64> {
    let is_direct = |channel: &&crate::support::discord::world::Channel| channel.object["type"] == json!(1);
    let found = world.channels.values().find(is_direct)?;
    Some(crate::support::discord::shapes::id(&found.object))
}
