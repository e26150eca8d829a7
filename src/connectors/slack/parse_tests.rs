use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::json;

use super::*;
use crate::config::SlackMode;
use crate::domain::{TicketId, Timestamp};

fn settings() -> SlackSettings {
    SlackSettings {
        app_token: None,
        bot_token: "xoxb-1".to_owned().into(),
        signing_secret: None,
        api_url: "http://127.0.0.1:1/api".to_owned(),
        mode: SlackMode::Socket,
        sockets: 1,
        rooms: Vec::new(),
        triage: Some("CT".to_owned()),
        reaction: "ticket".to_owned(),
        queue: None,
        burst: Duration::from_secs(4),
    }
}

fn received(payload: &Value) -> Received {
    Received {
        channel: Channel::Slack,
        source: "slack".to_owned(),
        external_id: "x".to_owned(),
        conversation: "slack:x".to_owned(),
        raw: payload.to_string().into_bytes(),
        full_size_bytes: None,
        arrived_at: Timestamp(5),
        hold_ms: 0,
        stale: false,
    }
}

fn read(payload: &Value) -> Message {
    message((InboxId(1), &received(payload)), None, &settings(), "UB", Language::Ja).unwrap()
}

fn thread_of(message: &Message) -> (Option<&str>, bool, bool) {
    let place = message.place.as_ref().unwrap();
    (place.thread.as_deref(), place.direct, place.triage)
}

#[test]
fn a_message_has_its_place_and_refers_to_its_thread() {
    let root = read(&json!({"event":{"type":"app_mention","channel":"C1","user":"U1","ts":"1.0",
        "text":"<@UB> the VPN of &lt;host&gt; is down"}}));
    assert_eq!(root.text, "the VPN of <host> is down");
    assert_eq!((root.from.address.as_str(), root.language), ("slack:U1", Language::En));
    assert_eq!(thread_of(&root), (Some("1.0"), false, false));
    assert!(root.references.is_empty());

    let reply =
        read(&json!({"event":{"type":"message","channel":"CT","user":"U1","ts":"2.0","thread_ts":"1.0","text":"y"}}));
    assert_eq!(reply.references, ["slack:CT/1.0"]);
    assert_eq!(thread_of(&reply), (Some("1.0"), false, true));

    let direct = read(
        &json!({"event":{"type":"message","channel":"D1","channel_type":"im","user":"U1","ts":"2.0","text":"こまっています"}}),
    );
    assert_eq!(thread_of(&direct), (None, true, false));
}

#[test]
fn an_empty_call_says_nothing() {
    let call = read(&json!({"event":{"type":"message","channel":"C1","user":"U1","ts":"1.0","text":"<@UB>",
        "blocks":[{"type":"rich_text","elements":[{"type":"rich_text_section","elements":[{"type":"user","user_id":"UB"}]}]}]}}));
    assert_eq!(call.text, "");
}

#[test]
fn edits_and_deletions_name_the_original() {
    let edit = read(&json!({"event":{"type":"message","subtype":"message_changed","channel":"C1","ts":"9.0",
        "message":{"user":"U1","text":"new words","ts":"2.0","thread_ts":"1.0","edited":{"ts":"8.0"}},
        "previous_message":{"user":"U1","text":"old","ts":"2.0"}}}));
    assert_eq!(edit.act, Some(Act::Edited { original: "slack:C1/2.0".into() }));
    assert_eq!((edit.text.as_str(), edit.sent_at), ("new words", Some(Timestamp(8_000))));
    assert_eq!(edit.references, ["slack:C1/2.0", "slack:C1/1.0"]);
    let gone = read(
        &json!({"event":{"type":"message","subtype":"message_deleted","channel":"C1","ts":"9.0","deleted_ts":"2.0",
        "previous_message":{"user":"U1","text":"old","ts":"2.0"}}}),
    );
    assert_eq!(gone.act, Some(Act::Deleted { original: "slack:C1/2.0".into() }));
}

#[test]
fn a_wish_for_a_ticket_is_that_of_the_writer_or_for_machines_of_who_asks() {
    let reaction = |message: Value| {
        json!({"event":{"type":"reaction_added","user":"U9","item":{"type":"message","channel":"C1","ts":"1.0"},
        "event_ts":"5.0"},"looked_up":{"message":message}})
    };
    let wish = read(&reaction(json!({"user":"U1","text":"printer","ts":"1.0"})));
    assert_eq!((wish.from.address.as_str(), wish.text.as_str()), ("slack:U1", "printer"));
    assert_eq!(wish.act, Some(Act::WantsTicket));
    assert_eq!(wish.message_id.as_deref(), Some("slack:C1/1.0"));
    let alert = read(&reaction(json!({"user":"UX","bot_id":"B1","text":"disk full","ts":"1.0"})));
    assert_eq!(alert.from.address, "slack:U9");
    let shortcut = read(&json!({"type":"message_action","user":{"id":"U9"},"channel":{"id":"C1"},"action_ts":"5.0",
        "message":{"user":"U1","text":"printer","ts":"2.0","thread_ts":"1.0"}}));
    assert_eq!((shortcut.from.address.as_str(), thread_of(&shortcut).0), ("slack:U1", Some("1.0")));
}

#[test]
fn buttons_menus_and_forms_become_acts() {
    let press = |action: Value| {
        read(
            &json!({"type":"block_actions","user":{"id":"U1"},"container":{"type":"message","channel_id":"C1","message_ts":"3.0"},
            "message":{"user":"UB","ts":"3.0","thread_ts":"1.0","parent_user_id":"U1"},"actions":[action]}),
        )
    };
    let solved = press(json!({"value":"{\"ticket\":7,\"button\":\"solved\"}","action_ts":"4.5"}));
    assert_eq!(solved.act, Some(Act::Pressed { ticket: Some(TicketId(7)), button: Button::Solved }));
    assert_eq!(solved.references, ["slack:C1/3.0", "slack:C1/1.0"]);
    let assign = press(json!({"block_id":"{\"ticket\":7,\"button\":\"assign\"}","selected_user":"U5"}));
    assert_eq!(
        (assign.text.as_str(), assign.act),
        ("slack:U5", Some(Act::Pressed { ticket: Some(TicketId(7)), button: Button::Assign }))
    );

    let view = json!({"private_metadata":"{\"conversation\":\"slack:C1:U1\",\"place\":{\"room\":\"C1\",\"thread\":\"1.0\",\"direct\":false,\"triage\":false}}",
        "state":{"values":{"desk_text":{"value":{"value":"please"}}}}});
    let form = read(&json!({"type":"view_submission","user":{"id":"U1"},"view":view}));
    assert_eq!(form.act, Some(Act::Filled { ticket: None, intent: None, slots: BTreeMap::new() }));
    assert_eq!((form.text.as_str(), thread_of(&form)), ("please", (Some("1.0"), false, false)));

    let speaks = read(&json!({"type":"block_actions","user":{"id":"U1"},"looked_up":{"direct":"D7"},
        "actions":[{"action_id":"desk_language","selected_option":{"value":"en"}}]}));
    assert_eq!(speaks.act, Some(Act::Speaks { language: Some(Language::En) }));
}

#[test]
fn commands_are_answered_in_the_direct_conversation() {
    let ask = read(&json!({"command":"/ask","text":"VPN down?","user_id":"U1","looked_up":{"direct":"D7"}}));
    assert_eq!((ask.act, ask.text.as_str()), (None, "VPN down?"));
    assert_eq!(ask.place.map(|place| place.room).as_deref(), Some("D7"));
    let link = read(&json!({"command":"/link","text":" 123456 ","user_id":"U1"}));
    assert_eq!(link.act, Some(Act::Links { code: Some("123456".into()) }));
    assert_eq!(link.place.map(|place| place.room).as_deref(), Some("U1"));
}

#[test]
fn only_files_that_can_be_fetched_are_listed() {
    let found = files(&received(&json!({"event":{"files":[
        {"name":"a.png","mimetype":"image/PNG","size":9,"url_private_download":"https://files.slack.com/a"},
        {"name":"b","mode":"tombstone","url_private":"https://files.slack.com/b"},
        {"name":"c","mode":"external","url_private":"https://elsewhere.example/c"},
        {"name":"d"}]}})));
    assert_eq!(found.len(), 1);
    assert_eq!((found[0].name.as_str(), found[0].media_type.as_str(), found[0].size_bytes), ("a.png", "image/png", 9));
}

#[test]
fn what_is_not_stored_is_refused() {
    for payload in
        [json!({}), json!({"type":"view_closed"}), json!({"command":"/other"}), json!({"event":{"channel":"C1"}})]
    {
        let received = received(&payload);
        assert!(message((InboxId(1), &received), None, &settings(), "UB", Language::Ja).is_err(), "{payload}");
    }
}
