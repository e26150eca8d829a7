use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::json;

use super::super::wire::{Spot, created, deleted, edited, interaction};
use super::*;
use crate::domain::{Button, Channel, TicketId, Timestamp};

const ME: u64 = 900;

fn settings() -> DiscordSettings {
    DiscordSettings {
        token: "t".to_owned().into(),
        api_url: "https://discord.com".into(),
        rooms: vec!["10".into()],
        triage: Some("20".into()),
        queue: None,
        burst: Duration::from_secs(4),
    }
}

fn spot(room: &str, thread: Option<&str>) -> Spot {
    Spot { room: room.into(), thread: thread.map(str::to_owned), direct: false, title: None, me: ME }
}

fn said(id: &str, content: &str) -> Value {
    json!({
        "id": id, "channel_id": "10", "guild_id": "1", "content": content, "type": 0,
        "timestamp": "2026-11-22T01:02:03.456000+00:00", "edited_timestamp": null,
        "author": { "id": "5", "username": "sato", "global_name": "Sato" }, "member": { "nick": "佐藤" },
        "mentions": [], "attachments": [], "embeds": [],
    })
}

fn read(received: &Received) -> Message {
    message(InboxId(1), received, &settings(), ME, Language::Ja).unwrap()
}

#[test]
fn a_message_in_a_channel_is_answered_in_a_thread_below_it() {
    let received = created(&said("175928847299117063", "<@900> 印刷できません"), &spot("10", None), 4000).unwrap();
    assert_eq!(received.external_id, "175928847299117063");
    assert_eq!(received.conversation, "discord:10:5");
    assert_eq!((received.channel, received.source.as_str(), received.hold_ms), (Channel::Discord, "discord", 4000));
    // The example of Discord's reference: 2016-04-30 11:18:25.796 UTC.
    assert_eq!(received.arrived_at, Timestamp(1_462_015_105_796));
    let message = read(&received);
    assert_eq!(message.text, "印刷できません");
    assert_eq!(message.message_id.as_deref(), Some("discord:175928847299117063"));
    assert_eq!(message.from, Address { name: "佐藤".into(), address: "discord:5".into() });
    let place = message.place.unwrap();
    assert_eq!((place.room.as_str(), place.thread.as_deref()), ("10", Some("175928847299117063")));
    assert!(!place.direct && !place.triage && message.references.is_empty());
    assert_eq!((message.language, message.act), (Language::Ja, None));
    assert_eq!(message.sent_at, Some(Timestamp(1_795_309_323_456)));
}

#[test]
fn threads_forum_posts_and_quotes_are_referred_to() {
    let received = created(&said("500", "追加です"), &spot("10", Some("400")), 4000).unwrap();
    assert_eq!(received.conversation, "discord:400");
    let message = read(&received);
    assert_eq!(message.references, ["discord:400"]);
    assert_eq!(message.place.unwrap().thread.as_deref(), Some("400"));

    let mut reply = said("501", "これです");
    reply["type"] = json!(19);
    reply["message_reference"] = json!({ "message_id": "450", "channel_id": "400" });
    let message = read(&created(&reply, &spot("10", Some("400")), 0).unwrap());
    assert_eq!(message.references, ["discord:450", "discord:400"]);

    let mut post = spot("11", Some("600"));
    post.title = Some("VPN\nにつながらない".into());
    let message = read(&created(&said("600", "朝からです"), &post, 0).unwrap());
    assert_eq!((message.subject.as_str(), message.references.len()), ("VPN につながらない", 0));
    assert_eq!(message.place.unwrap().room, "11");
}

#[test]
fn direct_messages_and_the_triage_room_are_known() {
    let direct = Spot { direct: true, ..spot("30", None) };
    let received = created(&said("700", "hello, the printer is broken again"), &direct, 4000).unwrap();
    assert_eq!(received.conversation, "discord:30");
    let message = read(&received);
    let place = message.place.unwrap();
    assert!(place.direct && place.thread.is_none());
    assert_eq!(message.language, Language::En);
    assert!(read(&created(&said("701", "見ます"), &spot("20", Some("650")), 0).unwrap()).place.unwrap().triage);
}

#[test]
fn machines_and_notes_of_discord_are_no_messages() {
    for (key, value) in [
        ("author", json!({ "id": "5", "bot": true })),
        ("author", json!({ "id": ME.to_string() })),
        ("author", json!(null)),
        ("webhook_id", json!("8")),
        ("type", json!(7)),
        ("type", json!(18)),
        ("type", json!(21)),
    ] {
        let mut event = said("800", "x");
        event[key] = value.clone();
        assert_eq!(created(&event, &spot("10", None), 0), None, "{key} = {value}");
    }
}

#[test]
fn an_edit_counts_once_and_previews_do_not() {
    let mut event = said("810", "直しました");
    assert_eq!(edited(&event, &spot("10", None), None), None, "a preview of a link");
    event["edited_timestamp"] = json!("2026-11-22T02:00:00+00:00");
    let received = edited(&event, &spot("10", None), None).unwrap();
    // The gateway's events come through serenity, which writes times its own way; the REST API's do not.
    event["edited_timestamp"] = json!("2026-11-22T02:00:00.000Z");
    let told = edited(&event, &spot("10", None), None).unwrap();
    assert_eq!(
        (received.external_id.as_str(), told.external_id.as_str()),
        ("810#edited:1795312800000", "810#edited:1795312800000")
    );
    assert_eq!((received.conversation.as_str(), received.hold_ms), ("discord:10:5", 0));
    let message = read(&received);
    assert_eq!(message.act, Some(Act::Edited { original: "discord:810".into() }));
    assert_eq!(message.text, "直しました");
    assert_eq!(message.sent_at, Some(received.arrived_at));
}

#[test]
fn a_deletion_names_the_writer_when_it_is_known() {
    let received = deleted(820, &spot("10", None), Some(5));
    assert_eq!((received.external_id.as_str(), received.conversation.as_str()), ("820#deleted", "discord:10:5"));
    let message = read(&received);
    assert_eq!(message.act, Some(Act::Deleted { original: "discord:820".into() }));
    assert_eq!((message.from.address.as_str(), message.text.as_str()), ("discord:5", ""));
    assert_eq!(deleted(820, &spot("10", None), None).conversation, "discord:10:820");
}

#[test]
fn files_forwards_polls_and_stickers_are_found() {
    let mut event = said("830", "");
    event["attachments"] = json!([{ "filename": "a.png", "content_type": "image/png", "size": 12, "url": "https://cdn.discordapp.com/a" }]);
    event["sticker_items"] = json!([{ "id": "1", "name": "Wave" }]);
    event["message_snapshots"] = json!([{ "message": { "content": "転送です", "attachments": [{ "filename": "b", "url": "https://cdn.discordapp.com/b" }] } }]);
    let received = created(&event, &spot("10", None), 4000).unwrap();
    assert_eq!(received.hold_ms, 0, "only plain text is held");
    assert_eq!(read(&received).text, "転送です\n[Wave]");
    let files = files(&received);
    let names: Vec<&str> = files.iter().map(|file| file.name.as_str()).collect();
    assert_eq!(names, ["a.png", "b"]);
    assert_eq!((files[0].size_bytes, files[0].media_type.as_str()), (12, "image/png"));
}

#[test]
fn interactions_are_acts_without_their_secret() {
    let press = json!({
        "id": "840", "type": 3, "token": "secret-token", "channel_id": "400", "guild_id": "1", "locale": "ja",
        "member": { "nick": "佐藤", "user": { "id": "5", "username": "sato" } }, "message": { "id": "450", "content": "ours" },
        "data": { "custom_id": "m1|12|s", "component_type": 2 },
    });
    let received = interaction(&press, &spot("10", Some("400"))).unwrap();
    assert_eq!((received.external_id.as_str(), received.conversation.as_str()), ("act:840", "discord:400"));
    assert!(!String::from_utf8_lossy(&received.raw).contains("secret-token"));
    let message = read(&received);
    assert_eq!(message.act, Some(Act::Pressed { ticket: Some(TicketId(12)), button: Button::Solved }));
    assert_eq!(message.references, ["discord:450", "discord:400"]);
    assert_eq!(message.place.unwrap().thread.as_deref(), Some("400"));
    assert_eq!((message.from.address.as_str(), message.language), ("discord:5", Language::Ja));

    let in_room = read(&interaction(&press, &spot("20", None)).unwrap());
    let place = in_room.place.unwrap();
    assert_eq!((place.thread.as_deref(), place.triage), (Some("450"), true), "below the card");

    let ask = json!({
        "id": "841", "type": 2, "token": "t", "channel_id": "10", "locale": "en-US", "user": { "id": "6", "username": "kim" },
        "data": { "name": "ask", "options": [{ "name": "text", "type": 3, "value": "vpn?" }] },
    });
    let message = read(&interaction(&ask, &spot("10", None)).unwrap());
    assert_eq!((message.act, message.text.as_str(), message.language), (None, "vpn?", Language::En));
    assert_eq!(message.place.unwrap().thread, None);

    let form = json!({
        "id": "842", "type": 5, "token": "t", "channel_id": "10", "locale": "ja", "user": { "id": "6", "username": "kim" },
        "data": { "custom_id": "m1||form|restore", "components": [{ "type": 1, "components": [{ "type": 4, "custom_id": "s:host", "value": "web-1" }] }] },
    });
    let act = read(&interaction(&form, &spot("10", None)).unwrap()).act;
    let slots = BTreeMap::from([("host".to_owned(), "web-1".to_owned())]);
    assert_eq!(act, Some(Act::Filled { ticket: None, intent: Some("restore".into()), slots }));
}

#[test]
fn events_of_odd_shapes_are_still_read_and_others_refused() {
    let odd = json!({ "id": 850, "channel_id": 10, "author": { "id": 5 }, "content": "番号が数値", "mentions": "x", "embeds": 3 });
    assert_eq!(read(&created(&odd, &spot("10", None), 0).unwrap()).text, "番号が数値");
    let mut received = deleted(1, &spot("10", None), None);
    received.raw = br#"{"t":"TYPING_START","d":{},"at":{"room":"1","thread":null,"direct":false,"me":0}}"#.to_vec();
    let fault = message(InboxId(1), &received, &settings(), 0, Language::Ja).unwrap_err();
    assert!(matches!(fault, Unreadable::NoMessage(_)), "{fault}");
    received.raw = b"{}".to_vec();
    assert!(matches!(message(InboxId(1), &received, &settings(), 0, Language::Ja), Err(Unreadable::NotAnEvent(_))));
    assert!(files(&received).is_empty());
}
