//! Posts.

use madoguchi::connectors::SendError;
use madoguchi::connectors::slack::Sender;
use madoguchi::domain::{Button, Changes, Channel, Offer, Outbound, OutboundKind, Place, TicketId};
use madoguchi::telemetry::Metrics;
use madoguchi::workers::deliver::Deliverer;
use madoguchi::workers::outlet::Outlet;
use proptest::prelude::*;

use super::*;
use crate::support::slack::{Faults, Kind, pings_of};

fn workspace() -> Workspace {
    let workspace = Workspace::start();
    {
        let mut world = workspace.world();
        world.room("C1", Kind::Public);
        world.person("U1", "Ann", None);
    }
    workspace
}

fn sender(workspace: &Workspace) -> Sender {
    Sender::new(Api::at_pace(&settings(workspace), pace()).unwrap())
}

fn outbound(key: &str, room: &str, thread: Option<&str>, text: &str) -> Outbound {
    Outbound {
        dedupe_key: key.to_owned(),
        ticket: Some(TicketId(7)),
        channel: Channel::Slack,
        source: "slack".to_owned(),
        kind: OutboundKind::Answer,
        place: Some(Place { room: room.to_owned(), thread: thread.map(str::to_owned), direct: false, triage: false }),
        offers: vec![
            Offer { button: Button::Solved, label: "解決した".to_owned() },
            Offer { button: Button::Person, label: "人と話す".to_owned() },
        ],
        replaces: None,
        notice: None,
        to: Vec::new(),
        cc: Vec::new(),
        subject: String::new(),
        text: text.to_owned(),
        language: Language::Ja,
        message_id: "m".to_owned(),
        in_reply_to: None,
        references: Vec::new(),
        send_at: Clock::system().now(),
    }
}

#[tokio::test]
async fn an_answer_is_posted_in_the_thread_and_changed_in_place() {
    let workspace = workspace();
    let sender = sender(&workspace);
    let root = workspace.say("C1", "U1", "VPN?");
    let first = outbound("reply:7:0", "C1", Some(&root), "**Restart** it, see https://kb.example/vpn");
    let posted = sender.send(&first, None).await.unwrap();
    let post = workspace.world().posts("C1").pop().unwrap();
    assert_eq!(posted.reference, format!("slack:C1/{}", post["ts"].as_str().unwrap()));
    assert_eq!(post["thread_ts"], root.as_str());
    assert_eq!(post["blocks"][0]["text"]["text"], "*Restart* it, see <https://kb.example/vpn>");
    assert_eq!(post["blocks"][1]["elements"].as_array().unwrap().len(), 2);
    let second = outbound("reply:7:1", "C1", Some(&root), "done");
    let changed = sender.send(&second, Some(&posted.reference)).await.unwrap();
    assert_eq!((changed, workspace.world().posts("C1").len()), (posted.clone(), 1));
    assert_eq!(workspace.world().posts("C1")[0]["text"], "done");
    // A post that is gone is posted anew.
    workspace.delete("C1", post["ts"].as_str().unwrap());
    let anew = sender.send(&outbound("reply:7:2", "C1", Some(&root), "again"), Some(&posted.reference)).await.unwrap();
    assert_ne!(anew.reference, posted.reference);
    // A person's id opens the direct conversation with them.
    let direct = sender.send(&outbound("reply:8:0", "U1", None, "hello"), None).await.unwrap();
    assert!(direct.reference.starts_with("slack:DU1/"));
}

#[tokio::test]
async fn a_repeat_after_a_crash_finds_its_own_post() {
    for (place, by_the_same) in [("thread", true), ("thread", false), ("room", false)] {
        let workspace = workspace();
        let root = workspace.say("C1", "U1", "VPN?");
        let message = outbound("reply:7:0", "C1", (place == "thread").then_some(root.as_str()), "answer");
        // Slack posts it, and the answer is lost.
        workspace.world().swallow_answers = 1;
        let first = sender(&workspace);
        let fault = first.send(&message, None).await.unwrap_err();
        assert!(matches!(fault, SendError::Transient { .. }), "{fault}");
        let again = if by_the_same { first } else { sender(&workspace) };
        let posted = again.send_again(&message, None).await.unwrap();
        let posts = workspace.world().posts("C1");
        assert_eq!(posts.len(), 1, "{place}");
        assert_eq!(posted.reference, format!("slack:C1/{}", posts[0]["ts"].as_str().unwrap()));
        // Another message with the same words is another message.
        again.send(&outbound("reply:7:1", "C1", Some(&root), "answer"), None).await.unwrap();
        assert_eq!(workspace.world().posts("C1").len(), 2);
    }
}

#[tokio::test]
async fn refusals_say_whether_another_try_helps() {
    let workspace = workspace();
    {
        let mut world = workspace.world();
        for (id, name) in [("CA", "archived"), ("CO", "outside")] {
            world.room(id, Kind::Public);
            let room = world.rooms.get_mut(id).unwrap();
            room.archived = name == "archived";
            room.joined = name != "outside";
        }
    }
    let sender = sender(&workspace);
    let fault = |room: &'static str| {
        let sender = &sender;
        async move { sender.send(&outbound(room, room, None, "x"), None).await.unwrap_err() }
    };
    assert!(matches!(fault("CA").await, SendError::Permanent { .. }));
    assert!(matches!(fault("CX").await, SendError::Permanent { .. }));
    assert!(matches!(fault("CO").await, SendError::NeedsOperator { .. }));
    let nowhere = Outbound { place: None, ..outbound("n", "C1", None, "x") };
    assert!(matches!(sender.send(&nowhere, None).await.unwrap_err(), SendError::Permanent { .. }));
    workspace.world().faults.limited = 1.0;
    assert!(matches!(fault("C1").await, SendError::Transient { retry_after_ms: Some(1_000), .. }));
    workspace.world().faults.limited = 0.0;
    workspace.world().refuse_with = Some("token_revoked");
    assert!(matches!(fault("C1").await, SendError::NeedsOperator { .. }));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_pause_that_slack_asks_for_is_kept() {
    let workspace = workspace();
    let desk = crate::store::Desk::sqlite().await;
    let clock = Clock::fixed(crate::store::NOW);
    let message = Outbound { ticket: None, send_at: clock.now(), ..outbound("a:0", "C1", None, "hello") };
    desk.store.apply(&Changes { outbound: vec![message], ..Changes::default() }, clock.now()).await.unwrap();
    let deliverer = Deliverer {
        store: desk.store.clone(),
        source: "slack".to_owned(),
        outlet: Outlet::Slack(Box::new(sender(&workspace))),
        keeps_copies: false,
        clock: clock.clone(),
        metrics: Metrics::new(),
        owner: "deliver".to_owned(),
    };
    workspace.world().faults = Faults { limited: 1.0, limited_for_s: 90, ..Faults::default() };
    deliverer.once().await.unwrap();
    workspace.world().faults = Faults::default();
    let calls = workspace.world().called("chat.postMessage");
    clock.set(crate::store::NOW.plus_ms(89_000));
    assert_eq!((deliverer.once().await.unwrap(), workspace.world().called("chat.postMessage")), (0, calls));
    clock.set(crate::store::NOW.plus_ms(600_000));
    deliverer.once().await.unwrap();
    assert_eq!(workspace.world().posts("C1").len(), 1);
}

#[tokio::test]
async fn nothing_that_is_posted_can_ping() {
    let workspace = workspace();
    let sender = sender(&workspace);
    let nasty = [
        "<!here> <!channel> <!everyone> <@U1> <#C1> <!subteam^S1>",
        "@here @channel @everyone please",
        "[<!here>](https://x.example) [x](https://x.example|<!here>)",
        "```\n<!here>\n``` `<!channel>` > <@U1>",
        "&lt;!here&gt; &amp;lt;!here>",
        "https://x.example/<!here>|@channel",
    ];
    for (number, text) in nasty.into_iter().enumerate() {
        sender.send(&outbound(&format!("n:{number}"), "C1", None, text), None).await.unwrap();
    }
    assert_eq!(workspace.world().posts("C1").len(), nasty.len());
    assert_eq!(workspace.world().pings, Vec::<String>::new());
    // The stand-in does see pings where there are some.
    assert_eq!(pings_of("<!here> @channel", true), ["!here", "!channel"]);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]
    #[test]
    fn whatever_is_written_cannot_ping(
        text in "(\\PC|\n|<!here>|<!channel\\|x>|<@U1>|<#C1>|@here|@channel|&lt;|`|```|\\*\\*|\\[a\\]\\(https://a\\.b\\)|https://a\\.b/|<|>|\\|){1,80}"
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let workspace = shared();
        let before = workspace.world().pings.len();
        let key = format!("p:{}", workspace.world().called("chat.postMessage"));
        let posted = runtime.block_on(sender(workspace).send(&outbound(&key, "C1", None, &text), None));
        prop_assert!(posted.is_ok(), "{posted:?}");
        prop_assert_eq!(workspace.world().pings.len(), before);
    }
}

fn shared() -> &'static Workspace {
    static SHARED: std::sync::OnceLock<Workspace> = std::sync::OnceLock::new();
    SHARED.get_or_init(workspace)
}
