//! What goes out: threads, parts, buttons, changes; a repeat posts nothing.

use madoguchi::connectors::discord::{Sender, nonce};
use madoguchi::connectors::{Posted, RemoteFile, SendError};
use madoguchi::domain::{Button, Channel, Language, Offer, Outbound, OutboundKind, Place, TicketId, Timestamp};
use serde_json::{Value, json};

use super::settings;
use crate::support::discord::StandIn;
use crate::support::discord::faults::Faults;
use crate::support::discord::world::World;

fn place(room: u64, thread: Option<u64>) -> Place {
    Place { room: room.to_string(), thread: thread.map(|id| id.to_string()), direct: false, triage: false }
}

fn outbound(key: &str, place: Place, text: &str) -> Outbound {
    Outbound {
        dedupe_key: key.into(),
        ticket: Some(TicketId(12)),
        channel: Channel::Discord,
        source: "discord".into(),
        kind: OutboundKind::Answer,
        place: Some(place),
        offers: Vec::new(),
        replaces: None,
        notice: None,
        to: Vec::new(),
        cc: Vec::new(),
        subject: "印刷できない".into(),
        text: text.into(),
        language: Language::Ja,
        message_id: "m".into(),
        in_reply_to: None,
        references: Vec::new(),
        send_at: Timestamp(0),
    }
}

fn sender(stand_in: &StandIn) -> Sender {
    Sender::new(&settings(&stand_in.url)).unwrap()
}

fn id(posted: &Posted) -> u64 {
    posted.reference.strip_prefix("discord:").unwrap().parse().unwrap()
}

fn texts(stand_in: &StandIn, channel: u64) -> Vec<String> {
    let world = stand_in.world();
    world.posts(channel).iter().map(|post| post["content"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn an_answer_opens_a_thread_below_the_question_and_a_repeat_posts_nothing() {
    let stand_in = StandIn::start(Faults::none()).await;
    let question = stand_in.say(World::TEXT, 5, "印刷できない");
    let message = outbound("reply:1:0", place(World::TEXT, Some(question)), "@everyone *再起動* してください。");
    let posted = sender(&stand_in).send(&message, None).await.unwrap();
    assert_eq!(posted.thread, Some(format!("discord:{question}")));
    // The process died before it could note that it had sent.
    assert_eq!(sender(&stand_in).send(&message, None).await.unwrap(), posted);
    assert_eq!(texts(&stand_in, question), ["@\u{200b}everyone \\*再起動\\* してください。"]);
    {
        let world = stand_in.world();
        assert_eq!(world.channels[&question].object["name"], "T-12 印刷できない");
        let post = &world.channels[&question].messages[&id(&posted)];
        assert_eq!(post["allowed_mentions"], json!({ "parse": [] }));
        assert_eq!(post["flags"], 4);
        assert!(world.nonces.contains_key(&nonce("reply:1:0", 0)));
    }
    let more = outbound("reply:1:1", place(World::TEXT, Some(question)), "その後いかがですか。");
    sender(&stand_in).send(&more, None).await.unwrap();
    assert_eq!(texts(&stand_in, question).len(), 2);
    assert!(texts(&stand_in, World::TEXT).is_empty(), "nothing beside the thread");
}

#[tokio::test]
async fn every_send_among_failing_requests_posts_once() {
    let faults = Faults { limited: 150, broken: 200, ..Faults::all(3) };
    let stand_in = StandIn::start(faults).await;
    let question = stand_in.say(World::TEXT, 5, "x");
    for number in 0..40 {
        let message =
            outbound(&format!("reply:{number}:0"), place(World::TEXT, Some(question)), &format!("答え {number}"));
        loop {
            match sender(&stand_in).send(&message, None).await {
                Ok(_) => break,
                Err(SendError::Transient { .. }) => {}
                Err(other) => panic!("{other}"),
            }
        }
    }
    let expected: Vec<String> = (0..40).map(|number| format!("答え {number}")).collect();
    assert_eq!(texts(&stand_in, question), expected);
}

#[tokio::test]
async fn long_answers_are_parts_with_the_buttons_last_and_are_repeated_as_a_whole() {
    let stand_in = StandIn::start(Faults::none()).await;
    let direct: u64 = stand_in.world().direct(5)["id"].as_str().unwrap().parse().unwrap();
    let at = Place { direct: true, ..place(direct, None) };
    let mut message = outbound("reply:2:0", at, &"長い説明です。\n".repeat(700));
    message.offers = vec![Offer { button: Button::Solved, label: "解決しました".into() }];
    let posted = sender(&stand_in).send(&message, None).await.unwrap();
    assert_eq!(sender(&stand_in).send(&message, None).await.unwrap(), posted);
    assert_eq!(posted.thread, None, "direct messages have no threads");
    let world = stand_in.world();
    let posts = world.posts(direct);
    assert_eq!(posts.len(), 3);
    let buttons: Vec<bool> =
        posts.iter().map(|post| post["components"].as_array().is_some_and(|c| !c.is_empty())).collect();
    assert_eq!(buttons, [false, false, true]);
    assert_eq!(posts[2]["id"], json!(id(&posted).to_string()));
    assert_eq!(posts[2]["components"][0]["components"][0]["custom_id"], "m1|12|s");
}

#[tokio::test]
async fn a_card_gets_a_thread_and_is_changed_in_place() {
    let stand_in = StandIn::start(Faults::none()).await;
    let mut card = outbound("card:1", Place { triage: true, ..place(World::TRIAGE, None) }, "新規");
    card.kind = OutboundKind::Notice;
    card.offers = vec![Offer { button: Button::Take, label: "担当する".into() }];
    let posted = sender(&stand_in).send(&card, None).await.unwrap();
    assert_eq!(posted.thread, Some(posted.reference.clone()), "a thread on a post has its id");
    let changed =
        Outbound { dedupe_key: "card:2".into(), text: "担当: 佐藤".into(), offers: Vec::new(), ..card.clone() };
    let again = sender(&stand_in).send(&changed, Some(&posted.reference)).await.unwrap();
    assert_eq!(again.reference, posted.reference);
    assert_eq!(texts(&stand_in, World::TRIAGE), ["担当: 佐藤"]);
    let components = stand_in.world().channels[&World::TRIAGE].messages[&id(&posted)]["components"].clone();
    assert_eq!(components, json!([]), "its buttons are gone");
    stand_in.world().remove(World::TRIAGE, id(&posted));
    let anew = sender(&stand_in).send(&changed, Some(&posted.reference)).await.unwrap();
    assert_ne!(anew.reference, posted.reference, "a card that was taken away comes back");
}

#[tokio::test]
async fn places_that_cannot_be_used_are_told_apart() {
    let stand_in = StandIn::start(Faults::none()).await;
    let gone = outbound("reply:3:0", place(World::TEXT, Some(99 << 22)), "x");
    assert!(matches!(sender(&stand_in).send(&gone, None).await, Err(SendError::Permanent { .. })), "no such question");
    let nowhere = outbound("reply:4:0", place(98 << 22, None), "x");
    assert!(matches!(sender(&stand_in).send(&nowhere, None).await, Err(SendError::Permanent { .. })));
    let empty = outbound("reply:5:0", place(World::TEXT, None), " \n");
    assert!(matches!(sender(&stand_in).send(&empty, None).await, Err(SendError::Permanent { .. })));
    let question = stand_in.say(World::TEXT, 5, "x");
    stand_in.world().no_threads.push(World::TEXT);
    let answer = outbound("reply:6:0", place(World::TEXT, Some(question)), "ここで答えます");
    let posted = sender(&stand_in).send(&answer, None).await.unwrap();
    assert_eq!(posted.thread, None);
    let reference: Value = stand_in.world().posts(World::TEXT)[0]["message_reference"].clone();
    assert_eq!(reference["message_id"], json!(question.to_string()), "answered in the room, below the question");
    stand_in.world().refuses_token = true;
    assert!(matches!(sender(&stand_in).send(&answer, None).await, Err(SendError::NeedsOperator { .. })));
}

#[tokio::test]
async fn a_private_answer_opens_the_direct_channel() {
    let stand_in = StandIn::start(Faults::none()).await;
    let at = Place { room: "user:5".into(), thread: None, direct: true, triage: false };
    sender(&stand_in).send(&outbound("link:1", at, "コードは 123-456 です"), None).await.unwrap();
    let direct: u64 = stand_in.world().direct(5)["id"].as_str().unwrap().parse().unwrap();
    assert_eq!(texts(&stand_in, direct), ["コードは 123-456 です"]);
}

#[tokio::test]
async fn files_come_from_discord_only_and_not_too_large() {
    let stand_in = StandIn::start(Faults::none()).await;
    stand_in.world().files.insert("a.txt".into(), b"hello".to_vec());
    let file = |url: String| RemoteFile { name: "a.txt".into(), url, ..RemoteFile::default() };
    let sender = sender(&stand_in);
    let there = file(format!("{}/files/a.txt", stand_in.url));
    assert_eq!(sender.fetch(&there, 5).await.unwrap(), b"hello");
    assert!(matches!(sender.fetch(&there, 4).await, Err(SendError::Permanent { .. })));
    for url in
        ["http://127.0.0.1:1/a.txt", "https://cdn.discordapp.com.evil.example/a", "http://cdn.discordapp.com/a", "x"]
    {
        assert!(matches!(sender.fetch(&file(url.into()), 5).await, Err(SendError::Permanent { .. })), "{url}");
    }
    let gone = file(format!("{}/files/b.txt", stand_in.url));
    assert!(matches!(sender.fetch(&gone, 5).await, Err(SendError::Permanent { .. })));
}
