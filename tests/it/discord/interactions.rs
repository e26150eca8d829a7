//! Buttons, menus, forms and commands: stored, and answered in time.

use std::time::Duration;

use madoguchi::connectors::discord::custom_id;
use madoguchi::domain::{Act, Button, Language, TicketId};
use serde_json::{Value, json};

use super::{Running, until};
use crate::support::discord::faults::Faults;
use crate::support::discord::world::World;

fn command(name: &str, options: &Value) -> Value {
    json!({ "id": "771825006014889984", "name": name, "type": 1, "options": options })
}

fn option(name: &str, value: &str) -> Value {
    json!([{ "name": name, "type": 3, "value": value }])
}

fn button(ticket: i64, button: &Button) -> Value {
    json!({ "custom_id": custom_id(Some(TicketId(ticket)), button).unwrap(), "component_type": 2 })
}

async fn answer(running: &Running, id: u64) -> Value {
    until("it is answered", || running.stand_in.answer(id).0.is_some()).await;
    running.stand_in.answer(id).0.unwrap()
}

fn stored(running: &Running, id: u64) -> bool {
    running.desk.disk().known.contains_key(&format!("act:{id}"))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn commands_are_registered_once_and_answered() {
    let running = Running::start(Faults::none()).await;
    let stand_in = &running.stand_in;
    assert_eq!(stand_in.world().commands_put, 1);
    let at = (World::TEXT, 5);
    let ask = stand_in.interact(at, 2, &command("ask", &option("text", "VPN が *切れる* <@1>")));
    let said = answer(&running, ask).await;
    assert_eq!((said["type"].as_u64(), said["data"]["flags"].as_u64()), (Some(4), Some(4)), "everybody sees it");
    assert!(said["data"]["content"].as_str().unwrap().starts_with("> VPN が \\*切れる\\* \\<@1\\>"), "{said}");
    assert_eq!(said["data"]["allowed_mentions"], json!({ "parse": [] }));
    let message = running.message(&format!("act:{ask}"));
    assert_eq!((message.act, message.text.as_str()), (None, "VPN が *切れる* <@1>"));

    let language = stand_in.interact(at, 2, &command("language", &option("language", "en")));
    assert_eq!(answer(&running, language).await["data"]["flags"], 64, "only the person sees it");
    let message = running.message(&format!("act:{language}"));
    assert_eq!(message.act, Some(Act::Speaks { language: Some(Language::En) }));

    let link = stand_in.interact(at, 2, &command("link", &json!([])));
    answer(&running, link).await;
    let message = running.message(&format!("act:{link}"));
    assert_eq!(message.act, Some(Act::Links { code: None }));
    let place = message.place.unwrap();
    assert!(place.direct && place.room == "user:5", "a code is never shown in a channel: {place:?}");

    let list = stand_in.interact(at, 2, &command("tickets", &json!([])));
    let said = answer(&running, list).await;
    assert!(said["data"]["content"].as_str().unwrap().contains("**T-12** \\*discord:5\\*"), "{said}");
    assert!(!stored(&running, list));

    // Whoever chose a language is spoken to in it, whatever their programme speaks.
    let list = stand_in.interact((World::TEXT, 90), 2, &command("tickets", &json!([])));
    let said = answer(&running, list).await;
    assert!(said["data"]["content"].as_str().unwrap().starts_with("Your open tickets:"), "{said}");

    let typed = json!([{ "name": "type", "type": 3, "value": "復", "focused": true }]);
    let completed = stand_in.interact(at, 4, &command("ticket", &typed));
    let said = answer(&running, completed).await;
    assert_eq!(said["data"]["choices"], json!([{ "name": "復元", "value": "restore" }]));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_form_is_shown_and_what_is_filled_in_comes_back() {
    let running = Running::start(Faults::none()).await;
    let stand_in = &running.stand_in;
    let at = (World::TEXT, 5);
    let ticket = stand_in.interact(at, 2, &command("ticket", &option("type", "restore")));
    let form = answer(&running, ticket).await;
    assert_eq!((form["type"].as_u64(), form["data"]["title"].as_str()), (Some(9), Some("復元")));
    let fields: Vec<&str> = form["data"]["components"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| row["components"][0]["custom_id"].as_str().unwrap())
        .collect();
    assert_eq!(fields, ["s:host", "s:path", "text"], "what must be there comes first");
    let field =
        |id: &str, value: &str| json!({ "type": 1, "components": [{ "type": 4, "custom_id": id, "value": value }] });
    let sent = json!({ "custom_id": form["data"]["custom_id"], "components": [field("s:host", "web-1"), field("text", "昨日の分")] });
    let filed = stand_in.interact(at, 5, &sent);
    assert_eq!(answer(&running, filed).await["data"]["flags"], 64);
    let message = running.message(&format!("act:{filed}"));
    assert_eq!(message.text, "昨日の分");
    let Some(Act::Filled { ticket: None, intent: Some(intent), slots }) = message.act else { panic!("{message:?}") };
    assert_eq!((intent.as_str(), slots["host"].as_str(), slots.len()), ("restore", "web-1", 1));

    let details = stand_in.interact(at, 3, &button(44, &Button::Details { intent: "restore".into() }));
    let form = answer(&running, details).await;
    assert_eq!((form["type"].as_u64(), stored(&running, details)), (Some(9), false));
    assert!(form["data"]["custom_id"].as_str().unwrap().contains("|44|"), "{form}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn presses_are_stored_each_and_an_agent_is_chosen_from_a_menu() {
    let running = Running::start(Faults::none()).await;
    let stand_in = &running.stand_in;
    let at = (World::TRIAGE, 8);
    for _ in 0..2 {
        let pressed = stand_in.interact(at, 3, &button(9, &Button::Take));
        assert_eq!(answer(&running, pressed).await["type"], 6);
        let message = running.message(&format!("act:{pressed}"));
        assert_eq!(message.act, Some(Act::Pressed { ticket: Some(TicketId(9)), button: Button::Take }));
        assert!(message.place.unwrap().triage);
    }
    let assign = stand_in.interact(at, 3, &button(9, &Button::Assign));
    let menu = answer(&running, assign).await;
    let menu = &menu["data"]["components"][0]["components"][0];
    assert_eq!((menu["type"].as_u64(), stored(&running, assign)), (Some(5), false));
    let chosen = json!({ "custom_id": menu["custom_id"], "component_type": 5, "values": ["77"],
        "resolved": { "users": { "77": { "id": "77", "username": "suzuki", "discriminator": "0", "avatar": null, "global_name": "鈴木" } } } });
    let chosen = stand_in.interact(at, 3, &chosen);
    assert_eq!(answer(&running, chosen).await["type"], 7);
    let message = running.message(&format!("act:{chosen}"));
    assert_eq!(
        (message.act, message.text.as_str()),
        (Some(Act::Pressed { ticket: Some(TicketId(9)), button: Button::Assign }), "鈴木")
    );
    let foreign = stand_in.interact(at, 3, &json!({ "custom_id": "of another version", "component_type": 2 }));
    assert_eq!(answer(&running, foreign).await["type"], 4, "even that is answered");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_busy_disk_puts_answers_off_and_never_lets_them_lapse() {
    let running = Running::start(Faults::none()).await;
    running.desk.disk().takes = Duration::from_millis(3500);
    let stand_in = &running.stand_in;
    let at = (World::TEXT, 5);
    let press = stand_in.interact(at, 3, &button(9, &Button::Solved));
    let language = stand_in.interact(at, 2, &command("language", &option("language", "ja")));
    assert_eq!(answer(&running, press).await, json!({ "type": 6, "data": { "flags": 0 } }));
    assert_eq!(answer(&running, language).await, json!({ "type": 5, "data": { "flags": 64 } }));
    until("the answer is completed", || !stand_in.answer(language).1.is_empty()).await;
    until("both are stored", || stored(&running, press) && stored(&running, language)).await;
    assert!(stand_in.answer(press).1.is_empty(), "a press needs no words");
    let world = stand_in.world();
    assert_eq!((world.late, world.unanswered()), (0, 0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn hundreds_of_presses_among_failing_requests_are_answered_in_time() {
    let faults = Faults { limited: 30, broken: 30, ..Faults::all(11) };
    let faults = Faults { drop: 0, reconnect: 0, silent_sockets: 0.into(), ..faults };
    let running = Running::start(faults).await;
    let stand_in = &running.stand_in;
    let press = button(9, &Button::NotSolved);
    let mut ids: Vec<u64> = Vec::new();
    for _ in 0..25 {
        ids.extend((0..20).map(|_| stand_in.interact((World::TEXT, 5), 3, &press)));
        until("all are answered", || stand_in.world().unanswered() == 0).await;
    }
    until("all are stored", || ids.iter().all(|id| stored(&running, *id))).await;
    assert_eq!(stand_in.world().late, 0);
    let world = stand_in.world();
    let mut took: Vec<Duration> = world.interactions.values().map(|one| one.answer.as_ref().unwrap().1).collect();
    took.sort();
    println!("500 answers: median {:?}, 99 % {:?}, last {:?}", took[250], took[495], took[499]);
}
