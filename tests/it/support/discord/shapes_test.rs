//! The stand-in's objects against the examples in Discord's reference, and against serenity's models.

use serde_json::{Value, json};
use serenity::model::channel::{GuildChannel, Message};
use serenity::model::event::{Event, GatewayEvent};

use super::faults::Faults;
use super::{StandIn, TOKEN, shapes, world::World};

#[test]
fn ids_hold_their_time_as_the_reference_shows() {
    // "Snowflakes": 175928847299117063 was made at 2016-04-30 11:18:25.796 UTC.
    assert_eq!(shapes::timestamp(175_928_847_299_117_063), "2016-04-30T11:18:25.796000+00:00");
    assert_eq!(shapes::id_at(1_462_015_105_796) >> 22, 175_928_847_299_117_063 >> 22);
}

#[test]
fn objects_have_the_fields_of_the_references_examples() {
    let has = |object: &Value, keys: &[&str]| {
        for key in keys {
            assert!(object.get(key).is_some(), "{key} is missing in {object}");
        }
    };
    let message = shapes::message(1 << 22, 9, &shapes::person(5), "Supa Hot");
    has(
        &message,
        &["id", "channel_id", "author", "content", "timestamp", "edited_timestamp", "tts", "mention_everyone"],
    );
    has(&message, &["mentions", "mention_roles", "attachments", "embeds", "pinned", "type"]);
    let thread = shapes::thread(7 << 22, 9, "don't buy dota-2");
    has(&thread, &["parent_id", "owner_id", "thread_metadata", "message_count", "member_count", "rate_limit_per_user"]);
    has(&thread["thread_metadata"], &["archived", "auto_archive_duration", "archive_timestamp", "locked"]);
    has(&shapes::ready("s", "ws://x"), &["v", "user", "guilds", "session_id", "resume_gateway_url", "application"]);
    has(&shapes::limited(64.57), &["message", "retry_after", "global"]);
}

#[test]
fn every_event_fits_its_model() {
    let channels =
        [shapes::channel(11 << 22, 0, "general", Some(12 << 22)), shapes::channel(13 << 22, 15, "forum", None)];
    let guild = shapes::guild_create(8, &channels, &[shapes::thread(14 << 22, 11 << 22, "t")]);
    let mut world = World::new();
    let message = world.new_message(World::TEXT, &shapes::person(5), "x");
    let gone = json!({ "id": "5", "channel_id": "6", "guild_id": "7" });
    for (name, d) in [
        ("READY", shapes::ready("s", "ws://x")),
        ("GUILD_CREATE", guild),
        ("MESSAGE_CREATE", message.clone()),
        ("MESSAGE_UPDATE", message),
        ("MESSAGE_DELETE", gone),
        ("THREAD_CREATE", shapes::thread(15 << 22, 11 << 22, "t")),
        ("RESUMED", json!({})),
    ] {
        let payload = json!({ "op": 0, "s": 1, "t": name, "d": d });
        let event: GatewayEvent = serde_json::from_value(payload).expect(name);
        let GatewayEvent::Dispatch(1, event) = event else { panic!("{name} is no dispatch") };
        assert!(!matches!(event, Event::Unknown(_)), "{name} fits no model");
    }
    let message = shapes::message(1 << 22, 9, &shapes::bot(), "x");
    serde_json::from_value::<Message>(message).expect("a message");
    serde_json::from_value::<GuildChannel>(shapes::channel(9, 5, "news", None)).expect("a channel");
}

#[tokio::test]
async fn the_api_answers_as_documented() {
    let stand_in = StandIn::start(Faults::none()).await;
    let client = reqwest::Client::new();
    let channel = format!("{}/api/v10/channels/{}/messages", stand_in.url, World::TEXT);
    let refused = client.get(&channel).send().await.unwrap();
    assert_eq!(refused.status(), 401);
    let post = |body: Value| client.post(&channel).header("authorization", format!("Bot {TOKEN}")).json(&body).send();
    let read = |query: &str| {
        let request = client.get(format!("{channel}?{query}")).header("authorization", format!("Bot {TOKEN}"));
        async move { request.send().await.unwrap().json::<Value>().await.unwrap() }
    };
    let one = json!({ "content": "a", "nonce": "n", "enforce_nonce": true });
    let first: Value = post(one.clone()).await.unwrap().json().await.unwrap();
    let again: Value = post(one).await.unwrap().json().await.unwrap();
    assert_eq!(first["id"], again["id"], "enforce_nonce: the first message comes back");
    assert_eq!(post(json!({ "content": "" })).await.unwrap().status(), 400);
    assert_eq!(post(json!({ "content": "x".repeat(2001) })).await.unwrap().status(), 400);
    let ids: Vec<u64> = (0..5).map(|n| stand_in.say(World::TEXT, 7, &n.to_string())).collect();
    let texts = |page: Value| -> Vec<String> {
        page.as_array().unwrap().iter().map(|m| m["content"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(texts(read("limit=2").await), ["4", "3"], "newest first");
    assert_eq!(texts(read(&format!("after={}&limit=2", ids[0])).await), ["2", "1"], "right after it, newest first");
    assert_eq!(texts(read(&format!("before={}&limit=2", ids[3])).await), ["2", "1"]);
    assert_eq!(read("limit=101").await["code"], 50035);
}
