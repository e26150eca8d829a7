//! Forms, buttons and the app's page.

use madoguchi::connectors::slack::Sender;
use madoguchi::domain::catalog::Slot;
use madoguchi::domain::schedule::Objective;
use madoguchi::domain::{
    Act, Bilingual, Button, Channel, Handling, Level, Offer, Outbound, OutboundKind, Place, TicketId,
};

use super::*;
use crate::support::slack::Kind;

fn both(text: &str) -> Bilingual {
    Bilingual { ja: text.to_owned(), en: text.to_owned() }
}

fn restore() -> Intent {
    Intent {
        id: "restore".to_owned(),
        title: both("Restore"),
        examples: Vec::new(),
        rules: Vec::new(),
        slots: vec![Slot {
            name: "host".to_owned(),
            title: both("Host"),
            required: true,
            find: Vec::new(),
            choices: Vec::new(),
            ask: both("Which host?"),
        }],
        queue: "operations".to_owned(),
        impact: Level::Low,
        urgency: Level::Low,
        objective: Objective::Minutes(60),
        handling: Handling::File,
        approval: false,
        reply: both(""),
    }
}

async fn start() -> (Workspace, Running) {
    let workspace = Workspace::start();
    {
        let mut world = workspace.world();
        world.room("C1", Kind::Public);
        world.person("U1", "Ann", None);
    }
    let running = Running::start_with(settings(&workspace), pace(), Disk::default(), vec![restore()]);
    running.settled().await;
    (workspace, running)
}

async fn only_row(running: &Running, count: usize) -> Received {
    running.disk.wait_for(|inbox| inbox.rows.len() == count).await;
    running.disk.inbox().rows[count - 1].0.clone()
}

#[tokio::test]
async fn the_page_lists_tickets_and_takes_a_language() {
    let (workspace, running) = start().await;
    workspace.open_home("U1");
    assert!(workspace.wait_until(LIMIT, |world| world.homes.contains_key("U1")).await);
    let page = workspace.world().homes["U1"].clone();
    let text = page.to_string();
    assert!(text.contains("T-7") && text.contains("of slack:U1") && text.contains("11/24 10:00"), "{text}");
    assert!(running.disk.ids().is_empty(), "the page stores nothing");
    workspace.choose(&page, "U1", "desk_language", "en");
    let row = only_row(&running, 1).await;
    let chosen = running.parse(&row);
    assert_eq!(chosen.act, Some(Act::Speaks { language: Some(Language::En) }));
    assert_eq!((row.conversation.as_str(), chosen.place.unwrap().room.as_str()), ("slack:DU1", "DU1"));
    assert!(workspace.wait_until(LIMIT, |world| world.called("views.publish") == 2).await);
    // It is shown in that language at once, and to whoever chose one before whatever their programme speaks.
    workspace.world().person("UEN", "Eve", None);
    workspace.open_home("UEN");
    assert!(workspace.wait_until(LIMIT, |world| world.homes.contains_key("UEN")).await);
    for user in ["U1", "UEN"] {
        let page = workspace.world().homes[user].clone();
        assert_eq!(page["blocks"][0]["text"]["text"], "Your tickets", "{user}");
        assert_eq!(page["blocks"][1]["elements"][1]["initial_option"]["value"], "en", "{user}");
    }
    workspace.command("C1", "UEN", "/ticket", "");
    assert!(workspace.wait_until(LIMIT, |world| world.views.len() == 1).await);
    assert_eq!(workspace.world().views[0]["title"]["text"], "New request");
    running.stop().await;
}

#[tokio::test]
async fn a_ticket_is_opened_by_a_form_with_the_details_of_its_type() {
    let (workspace, running) = start().await;
    workspace.command("C1", "U1", "/ticket", "");
    assert!(workspace.wait_until(LIMIT, |world| world.views.len() == 1).await);
    let form = workspace.world().views[0].clone();
    workspace.choose(&form, "U1", "desk_intent", "restore");
    assert!(workspace.wait_until(LIMIT, |world| world.views[0].to_string().contains("slot:host")).await);
    let form = workspace.world().views[0].clone();
    assert!(running.disk.ids().is_empty());
    workspace.submit(&form, "U1", &[("slot:host", "web-1"), ("desk_text", "please restore it")]);
    // A form that is sent twice is one form.
    workspace.submit(&form, "U1", &[("slot:host", "web-1"), ("desk_text", "please restore it")]);
    let row = only_row(&running, 1).await;
    assert!(workspace.wait_until(LIMIT, |world| world.under_way() == 0).await);
    assert_eq!(running.disk.ids().len(), 1);
    let filled = running.parse(&row);
    let slots = [("host".to_owned(), "web-1".to_owned())].into();
    assert_eq!(filled.act, Some(Act::Filled { ticket: None, intent: Some("restore".to_owned()), slots }));
    assert_eq!((filled.text.as_str(), filled.place.unwrap().room.as_str()), ("please restore it", "DU1"));
    running.stop().await;
}

#[tokio::test]
async fn buttons_work_after_a_restart_and_details_open_a_form_that_answers_in_the_thread() {
    let (workspace, running) = start().await;
    let root = workspace.say("C1", "U1", "restore a file");
    running.disk.wait_for_id(&format!("C1/{root}")).await;
    let offers = vec![
        Offer { button: Button::Details { intent: "restore".to_owned() }, label: "Details".to_owned() },
        Offer { button: Button::Solved, label: "Solved".to_owned() },
    ];
    let question = Outbound {
        dedupe_key: "reply:7:0".to_owned(),
        ticket: Some(TicketId(7)),
        channel: Channel::Slack,
        source: "slack".to_owned(),
        kind: OutboundKind::Question,
        place: Some(Place { room: "C1".to_owned(), thread: Some(root.clone()), direct: false, triage: false }),
        offers,
        replaces: None,
        notice: None,
        to: Vec::new(),
        cc: Vec::new(),
        subject: String::new(),
        text: "which host?".to_owned(),
        language: Language::En,
        message_id: "m".to_owned(),
        in_reply_to: None,
        references: Vec::new(),
        send_at: Clock::system().now(),
    };
    let posted = Sender::new(running.api.clone()).send(&question, None).await.unwrap();
    let post = posted.reference.strip_prefix("slack:C1/").unwrap().to_owned();
    let disk = running.disk.clone();
    running.stop().await;
    let running = Running::start_with(settings(&workspace), pace(), disk, vec![restore()]);
    running.connected().await;

    workspace.press("C1", &post, "U1", "Details");
    assert!(workspace.wait_until(LIMIT, |world| world.views.len() == 1).await);
    let form = workspace.world().views[0].clone();
    workspace.submit(&form, "U1", &[("slot:host", "web-1")]);
    let filled = running.parse(&only_row(&running, 2).await);
    assert!(matches!(filled.act, Some(Act::Filled { ticket: Some(TicketId(7)), .. })), "{:?}", filled.act);
    assert_eq!(filled.place.unwrap().thread.as_deref(), Some(root.as_str()));

    workspace.press("C1", &post, "U1", "Solved");
    let row = only_row(&running, 3).await;
    assert_eq!(row.conversation, "slack:C1:U1");
    let pressed = running.parse(&row);
    assert_eq!(pressed.act, Some(Act::Pressed { ticket: Some(TicketId(7)), button: Button::Solved }));
    assert_eq!(pressed.references, [posted.reference, format!("slack:C1/{root}")]);
    running.stop().await;
}
