//! What comes in: every kind of message, changes, and what was missed.

use madoguchi::domain::Act;
use serde_json::json;

use super::{Running, until};
use crate::support::discord::faults::Faults;
use crate::support::discord::world::World;
use crate::support::discord::{BOT, GUILD, Order, shapes};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn messages_of_channels_threads_forums_and_direct_channels_come_in() {
    let running = Running::start(Faults::none()).await;
    let stand_in = &running.stand_in;
    let root = stand_in.say(World::TEXT, 5, &format!("<@{BOT}> 印刷できません"));
    let thread = stand_in.open_thread(World::TEXT, Some(root), "printer");
    let below = stand_in.say(thread, 5, "3 階です");
    let post = stand_in.open_thread(World::FORUM, None, "VPN が切れる");
    let question = {
        // The first message of a forum post has the post's id.
        let mut world = stand_in.world();
        let message = shapes::message(post, post, &shapes::person(6), "毎朝です");
        world.add(post, message.clone());
        let event = world.for_gateway(message);
        world.dispatch("MESSAGE_CREATE", &event);
        post
    };
    let direct = stand_in.world().direct(7)["id"].as_str().unwrap().parse().unwrap();
    let whisper = stand_in.say(direct, 7, "ひみつです");
    for id in [root, below, question, whisper] {
        running.stored(id).await;
    }
    let said = running.message(&root.to_string());
    assert_eq!((said.text.as_str(), said.from.name.as_str()), ("印刷できません", "User 5"));
    assert_eq!(said.place.unwrap().thread, Some(root.to_string()));
    let below = running.message(&below.to_string());
    assert_eq!(below.references, [format!("discord:{root}")], "the thread refers to its first message");
    assert_eq!(below.place.unwrap().room, World::TEXT.to_string());
    let question = running.message(&question.to_string());
    assert_eq!((question.subject.as_str(), question.text.as_str()), ("VPN が切れる", "毎朝です"));
    let place = running.message(&whisper.to_string()).place.unwrap();
    assert!(place.direct && place.thread.is_none() && place.room == direct.to_string());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn bots_and_other_rooms_are_left_alone_and_changes_come_in_once() {
    let running = Running::start(Faults::none()).await;
    let stand_in = &running.stand_in;
    let other = 77 << 22;
    stand_in.world().put(shapes::channel(other, 0, "chatter", None));
    stand_in.say(other, 5, "not for the desk");
    let own = {
        let mut world = stand_in.world();
        let own = world.new_message(World::TEXT, &shapes::bot(), "from us");
        world.dispatch("MESSAGE_CREATE", &own);
        own
    };
    let first = stand_in.say(World::TEXT, 5, "直す前");
    stand_in.preview(World::TEXT, first);
    stand_in.edit(World::TEXT, first, "直した後");
    stand_in.preview(World::TEXT, first);
    stand_in.delete(World::TEXT, first);
    let last = stand_in.say(World::TEXT, 5, "これで最後");
    running.stored(last).await;
    until("the deletion is stored", || running.desk.disk().known.contains_key(&format!("{first}#deleted"))).await;
    let messages = running.desk.messages(&running.settings);
    let acts: Vec<(Option<Act>, &str)> = messages.iter().map(|m| (m.act.clone(), m.text.as_str())).collect();
    let original = format!("discord:{first}");
    let expected = [
        (None, "直す前"),
        (Some(Act::Edited { original: original.clone() }), "直した後"),
        (Some(Act::Deleted { original }), ""),
        (None, "これで最後"),
    ];
    assert_eq!(acts.len(), expected.len(), "{acts:?} beside {own}");
    for one in &expected {
        assert!(acts.contains(one), "{one:?} in {acts:?}");
    }
    let conversations: Vec<String> = running.desk.disk().stored.iter().map(|one| one.conversation.clone()).collect();
    assert!(conversations.iter().all(|key| *key == format!("discord:{}:5", World::TEXT)), "{conversations:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_said_before_the_desk_came_is_not_its_and_what_was_missed_is_read() {
    let mut running = Running::waiting(Faults::none()).await;
    let old = running.stand_in.say(World::TEXT, 5, "before the desk");
    let old_post = running.stand_in.open_thread(World::FORUM, None, "old");
    let old_answer = running.stand_in.say(old_post, 5, "old answer");
    running.receive();
    running.connected().await;
    let seen = running.stand_in.say(World::TEXT, 5, "seen");
    running.stored(seen).await;
    // The desk is away, longer than any session lasts.
    running.stop.cancel();
    until("it is gone", || !running.health.borrow().connected).await;
    running.stand_in.forget_sessions();
    let stand_in = &running.stand_in;
    stand_in.edit(World::TEXT, seen, "changed meanwhile");
    let many: Vec<u64> = (0..230).map(|n| stand_in.say(World::TEXT, 5, &format!("missed {n}"))).collect();
    let thread = stand_in.open_thread(World::TEXT, Some(many[3]), "missed thread");
    let in_thread = stand_in.say(thread, 5, "in a thread");
    let post = stand_in.open_thread(World::FORUM, None, "missed post");
    let in_post = stand_in.say(post, 6, "in a post");
    let in_old_post = stand_in.say(old_post, 6, "in an old post");
    let shelved = stand_in.open_thread(World::FORUM, None, "shelved post");
    let in_shelved = stand_in.say(shelved, 6, "in an archived post");
    {
        let mut world = stand_in.world();
        let at = shapes::timestamp(world.tick());
        let object = &mut world.channels.get_mut(&shelved).unwrap().object;
        object["thread_metadata"]["archived"] = json!(true);
        object["thread_metadata"]["archive_timestamp"] = json!(at);
    }
    running.receive();
    running.connected().await;
    for id in many.iter().copied().chain([in_thread, in_post, in_old_post, in_shelved]) {
        running.stored(id).await;
    }
    for id in [old, old_answer] {
        assert!(!running.has(id), "said before the desk came");
    }
    let disk = running.desk.disk();
    assert!(disk.known.keys().any(|id| id.starts_with(&format!("{seen}#edited:"))), "the change is noticed");
    let in_order: Vec<u64> =
        disk.stored.iter().filter_map(|one| one.external_id.parse().ok()).filter(|id| many.contains(id)).collect();
    assert_eq!(in_order, many);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_direct_channel_is_remembered_for_what_is_missed_there() {
    let mut running = Running::start(Faults::none()).await;
    let direct = running.stand_in.world().direct(7)["id"].as_str().unwrap().parse().unwrap();
    let seen = running.stand_in.say(direct, 7, "seen");
    running.stored(seen).await;
    running.stop.cancel();
    until("it is gone", || !running.health.borrow().connected).await;
    running.stand_in.forget_sessions();
    let missed = running.stand_in.say(direct, 7, "missed");
    running.receive();
    running.stored(missed).await;
    assert!(running.message(&missed.to_string()).place.unwrap().direct);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_session_that_was_resumed_brings_everything_and_reads_no_channel() {
    let running = Running::start(Faults::none()).await;
    let reads = || {
        let world = running.stand_in.world();
        world.requests.iter().filter(|line| line.contains("/messages?")).count()
    };
    let before = reads();
    running.stand_in.order(|| Order::Drop);
    let ids: Vec<u64> = (0..50).map(|n| running.stand_in.say(World::TEXT, 5, &n.to_string())).collect();
    for id in ids {
        running.stored(id).await;
    }
    assert_eq!((running.stand_in.world().identifies, running.stand_in.world().resumes), (1, 1));
    assert_eq!(reads(), before);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn closed_connections_come_back() {
    let running = Running::start(Faults::none()).await;
    // Going away, unknown error, rate limited, session timed out: the last one cannot be resumed.
    for code in [1001, 4000, 4008, 4009] {
        running.stand_in.order(|| Order::Close(code));
        let said = running.stand_in.say(World::TEXT, 5, &format!("after {code}"));
        running.stored(said).await;
    }
    assert_eq!(running.stand_in.world().closed, [1001, 4000, 4008, 4009]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn hidden_text_is_said_clearly_and_odd_messages_are_read() {
    let running = Running::start(Faults::none()).await;
    let hidden = running.stand_in.say(World::TEXT, 5, "");
    running.stored(hidden).await;
    let fault = running.health.borrow().fault.clone().expect("a fault");
    assert!(fault.contains("Message Content Intent"), "{fault}");
    let odd = {
        let mut world = running.stand_in.world();
        let mut odd = world.new_message(World::TEXT, &shapes::person(5), "形が違っても読める");
        odd["mentions"] = json!({ "not": "a list" });
        odd["guild_id"] = json!(GUILD.to_string());
        world.dispatch("MESSAGE_CREATE", &odd);
        shapes::id(&odd)
    };
    running.stored(odd).await;
    assert_eq!(running.message(&odd.to_string()).text, "形が違っても読める");
}
