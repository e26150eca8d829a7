//! What people do, and what is stored of it.

use madoguchi::connectors::slack::{fetch, files};
use madoguchi::domain::Act;
use serde_json::json;

use super::*;
use crate::support::slack::Kind;

fn workspace() -> Workspace {
    let workspace = Workspace::start();
    {
        let mut world = workspace.world();
        world.room("C1", Kind::Public);
        world.room("C2", Kind::Private);
        world.room("G1", Kind::Group);
        world.person("U1", "Ann", Some("Ann@desk.example"));
        world.person("U2", "Bob", None);
        world.direct("U1");
    }
    workspace
}

#[tokio::test]
async fn messages_edits_deletions_and_wishes_are_stored_once_each() {
    let workspace = workspace();
    let running = Running::start(&workspace);
    running.settled().await;
    let disk = &running.disk;

    // A mention comes as two events.
    let called = workspace.say("C1", "U1", &format!("<@{BOT}> the VPN is down"));
    let row = disk.wait_for_id(&format!("C1/{called}")).await;
    assert_eq!((row.conversation.as_str(), row.hold_ms, row.source.as_str()), ("slack:C1:U1", 4_000, "slack"));
    assert_eq!(running.parse(&row).text, "the VPN is down");

    let reply = workspace.reply("C1", Some(&called), "U2", "here too");
    let row = disk.wait_for_id(&format!("C1/{reply}")).await;
    assert_eq!(row.conversation, "slack:C1:U1");
    assert_eq!(running.parse(&row).references, [format!("slack:C1/{called}")]);

    let at = workspace.edit("C1", &called, "the VPN of Tokyo is down");
    let row = disk.wait_for_id(&format!("C1/{called}#edited:{at}")).await;
    assert_eq!((row.hold_ms, running.parse(&row).text.as_str()), (0, "the VPN of Tokyo is down"));

    let room = workspace.world().direct("U1");
    let direct = workspace.say(&room, "U1", "hello");
    assert_eq!(disk.wait_for_id(&format!("{room}/{direct}")).await.conversation, format!("slack:{room}"));
    let group = workspace.say("G1", "U1", "hello");
    disk.wait_for_id(&format!("G1/{group}")).await;

    workspace.react("C1", &reply, "U1", "ticket");
    workspace.react("C1", &reply, "U1", "thumbsup");
    let row = disk.wait_for_id(&format!("C1/{reply}#reaction:U1")).await;
    let wish = running.parse(&row);
    assert_eq!(
        (wish.act, wish.from.address.as_str(), wish.text.as_str()),
        (Some(Act::WantsTicket), "slack:U2", "here too")
    );

    workspace.shortcut("C1", &called, "U2");
    workspace.shortcut("C1", &called, "U2");
    disk.wait_for_id(&format!("C1/{called}#shortcut:U2")).await;

    workspace.delete("C1", &reply);
    disk.wait_for_id(&format!("C1/{reply}#deleted")).await;

    workspace.machine_says("C1", "disk full");
    let (stored, ignored) = (disk.ids().len(), 4);
    let until = Instant::now() + LIMIT;
    while running.receiver.counts().ignored < 2 {
        assert!(Instant::now() < until, "{:?}", running.receiver.counts());
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    assert_eq!((disk.ids().len(), stored), (8, 8), "{:?} ({ignored})", disk.ids());
    running.stop().await;
}

#[tokio::test]
async fn odd_fields_never_cost_the_text() {
    // The crate's own types lose the text of this one.
    let workspace = workspace();
    let running = Running::start(&workspace);
    running.settled().await;
    workspace.send_raw("events_api", json!({ "type": "event_callback", "event_id": "Ev1", "event": {
        "type": "message", "channel": "C1", "channel_type": "channel", "user": "U1", "ts": "1700000000.000100", "text": "keep me",
        "metadata": { "event_type": "x", "event_payload": { "n": 1, "deep": [null] } }, "blocks": [{ "type": "brand_new", "x": 1 }] } }));
    let row = running.disk.wait_for_id("C1/1700000000.000100").await;
    assert_eq!(running.parse(&row).text, "keep me");
    // What cannot be read at all is acknowledged and left.
    workspace.send_raw("events_api", json!({ "type": "event_callback", "event": { "type": "message", "text": 5 } }));
    workspace.send_raw("interactive", json!({ "type": "block_actions", "actions": "none" }));
    workspace.send_raw("unheard_of", json!({}));
    assert!(workspace.wait_until(LIMIT, |world| world.under_way() == 0).await);
    assert_eq!(workspace.world().tally.timed_out, 0);
    running.stop().await;
}

#[tokio::test]
async fn outside_of_the_rooms_only_calls_and_their_threads_are_read() {
    let workspace = workspace();
    let settings =
        SlackSettings { rooms: vec!["C1".to_owned()], triage: Some("CT".to_owned()), ..settings(&workspace) };
    workspace.world().room("CT", Kind::Private);
    let running = Running::start_with(settings.clone(), pace(), Disk::default(), Vec::new());
    running.settled().await;
    let aside = workspace.say("C2", "U1", "not for you");
    workspace.reply("C2", Some(&aside), "U2", "indeed");
    let called = workspace.say("C2", "U1", &format!("<@{BOT}> but this is"));
    let below = workspace.reply("C2", Some(&called), "U1", "and this");
    let triage = workspace.say("CT", "U2", "on it");
    let last = workspace.say("C1", "U1", "read");
    let row = running.disk.wait_for_id(&format!("CT/{triage}")).await;
    assert!(running.parse(&row).place.unwrap().triage);
    assert_eq!(row.hold_ms, 0);
    running.disk.wait_for_id(&format!("C1/{last}")).await;
    running.disk.wait_for_id(&format!("C2/{below}")).await;
    assert_eq!(running.disk.ids().len(), 4, "{:?}", running.disk.ids());
    let disk = running.disk.clone();
    running.stop().await;
    // A new process remembers no thread, and asks.
    let running = Running::start_with(settings, pace(), disk, Vec::new());
    running.connected().await;
    let later = workspace.reply("C2", Some(&called), "U1", "still there?");
    running.disk.wait_for_id(&format!("C2/{later}")).await;
    running.stop().await;
}

#[tokio::test]
async fn commands_are_acknowledged_with_words_and_answered_in_person() {
    let workspace = workspace();
    let running = Running::start(&workspace);
    running.settled().await;
    workspace.command("C1", "U2", "/ask", "");
    workspace.command("C1", "U2", "/ask", "how do I reset my password?");
    running.disk.wait_for(|inbox| inbox.rows.len() == 1).await;
    let row = running.disk.inbox().rows[0].0.clone();
    assert_eq!(row.conversation, "slack:DU2");
    let ask = running.parse(&row);
    assert_eq!((ask.act, ask.text.as_str()), (None, "how do I reset my password?"));
    let place = ask.place.unwrap();
    assert_eq!((place.room.as_str(), place.direct, place.thread), ("DU2", true, None));
    assert!(workspace.wait_until(LIMIT, |world| world.tally.answers.len() == 2).await);
    assert!(workspace.world().tally.answers.iter().all(|answer| answer["response_type"] == "ephemeral"));
    running.stop().await;
}

#[tokio::test]
async fn files_are_fetched_with_the_token_and_only_up_to_the_limit() {
    let workspace = workspace();
    let running = Running::start(&workspace);
    running.settled().await;
    let ts = workspace.share("C1", "U1", "see the picture", ("shot.png", "image/png", b"not really a picture"));
    let row = running.disk.wait_for_id(&format!("C1/{ts}")).await;
    assert_eq!((row.hold_ms, running.parse(&row).text.as_str()), (0, "see the picture"));
    let found = files(&row);
    assert_eq!((found.len(), found[0].name.as_str(), found[0].size_bytes), (1, "shot.png", 20));
    assert_eq!(fetch(&running.api, &found[0], 1_000).await.unwrap(), b"not really a picture");
    let lied = madoguchi::connectors::RemoteFile { size_bytes: 1, ..found[0].clone() };
    for (file, limit, what) in [(&found[0], 10, "bytes"), (&lied, 10, "more than")] {
        let refused = fetch(&running.api, file, limit).await.unwrap_err().to_string();
        assert!(refused.contains("refused") && refused.contains(what), "{refused}");
    }
    workspace.world().scopes.remove("files:read");
    let refused = fetch(&running.api, &found[0], 1_000).await.unwrap_err().to_string();
    assert!(refused.contains("files:read"), "{refused}");
    running.stop().await;
}

#[tokio::test]
async fn profiles_tell_name_confirmed_mail_and_language() {
    let workspace = workspace();
    let api = Api::at_pace(&settings(&workspace), pace()).unwrap();
    let profiles = Profiles::new(api);
    let ann = profiles.of("slack:U1").await.unwrap();
    assert_eq!((ann.who.name.as_str(), ann.mail.as_deref()), ("Ann", Some("ann@desk.example")));
    assert_eq!(ann.language, Some(Language::Ja));
    profiles.of("U1").await.unwrap();
    assert_eq!(workspace.world().called("users.info"), 1);
    assert_eq!(profiles.of("U404").await, None);
    workspace.world().users.remove("U1");
    assert!(Profiles::new(Api::at_pace(&settings(&workspace), pace()).unwrap()).of("U1").await.is_none());
}
