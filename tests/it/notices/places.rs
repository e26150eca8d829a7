use madoguchi::domain::*;
use madoguchi::store::OutboxState;

use super::{NEW, OLD, Post};
use crate::store::{Desk, NOW, on_both};
use crate::support::notify::Fault;
use crate::support::notify::backlog::{Backlog, KEY};
use crate::support::notify::pagerduty::{Incident, Pagerduty};
use crate::support::notify::webhook::Webhook;

on_both! {
    a_webhook_gets_each_notice_once_whatever_happens
    what_a_webhook_refuses_is_noted_and_what_a_person_can_mend_waits
    a_place_that_is_down_is_left_alone_for_a_while_and_no_other_with_it
    one_incident_is_paged_however_often_its_answer_is_lost_and_in_order
    one_issue_is_made_however_often_its_answer_is_lost
    a_limit_of_backlog_is_waited_for
    notices_of_one_ticket_follow_each_other_at_once
}

fn webhook(url: &str, secrets: &str) -> String {
    format!("kind = \"webhook\"\nurl = \"{url}\"\nsecrets = [{secrets}]\n")
}

fn pagerduty(url: &str) -> String {
    format!("kind = \"pagerduty\"\nurl = \"{url}\"\nrouting_key = \"0123456789abcdef0123456789abcdef\"\n")
}

fn backlog(url: &str) -> String {
    format!(
        "kind = \"backlog\"\nurl = \"{url}\"\nproject = \"SUP\"\nissue_type = \"障害\"\nresolved_status = \"処理済み\"\n\
         api_key = \"{KEY}\"\ncustom_fields = {{ host = 5 }}\n"
    )
}

async fn a_webhook_gets_each_notice_once_whatever_happens(desk: Desk) {
    let receiver = Webhook::start(&[OLD], Some(NOW.0 / 1_000)).await;
    // The receiver still has the old secret only: while secrets rotate both sign.
    let post = Post::open(desk, &webhook(&receiver.url(), &format!("\"{NEW}\", \"{OLD}\""))).await;
    receiver.faults.plan(&[Fault::Status(500), Fault::LostAnswer, Fault::Cut, Fault::Hang]);
    post.tell("notice:late:T-1:hook", NoticeEvent::Escalated, None).await;
    post.run().await;
    let taken = receiver.taken();
    assert_eq!((taken.len(), receiver.requests(), receiver.refused()), (1, 5, 0), "{taken:?}");
    assert_eq!(taken[0].0, "notice:late:T-1:hook");
    assert_eq!(
        (&taken[0].1["type"], &taken[0].1["data"]["details"]["host"]),
        (&"ticket.escalated".into(), &"web-01".into())
    );
    assert_eq!(post.row("notice:late:T-1:hook").await.state, OutboxState::Delivered);

    receiver.faults.plan(&[Fault::Busy(7)]);
    post.clock.set(NOW);
    post.tell("notice:規則.1:hook", NoticeEvent::Changed, Some("notice:late:T-1:hook")).await;
    post.deliverer.once().await.unwrap();
    assert_eq!(post.row("notice:規則.1:hook").await.next_at, NOW.plus_ms(7_000), "its wish is kept");
    post.run().await;
    assert_eq!((receiver.taken().len(), receiver.faults.left()), (2, 0));
}

async fn what_a_webhook_refuses_is_noted_and_what_a_person_can_mend_waits(desk: Desk) {
    let receiver = Webhook::start(&[OLD], None).await;
    let post = Post::open(desk, &webhook(&receiver.url(), &format!("\"{OLD}\""))).await;
    receiver.faults.plan(&[Fault::Status(400), Fault::Status(302), Fault::Status(403)]);
    for key in ["a", "b", "c"] {
        post.tell(key, NoticeEvent::Escalated, None).await;
    }
    post.deliverer.once().await.unwrap();
    let rows = [post.row("a").await, post.row("b").await, post.row("c").await];
    assert_eq!(rows.each_ref().map(|row| row.state), [OutboxState::Failed, OutboxState::Failed, OutboxState::Waiting]);
    assert!(rows[1].error.contains("redirects are not followed"), "{}", rows[1].error);
    assert_eq!(rows[2].next_at, NOW.plus_ms(300_000));
    assert!(rows.iter().all(|row| !row.error.contains("127.0.0.1")), "no address: some hold keys");
    let events = post.desk.store.ticket_events(post.ticket).await.unwrap();
    let noted = events.iter().filter(|event| event.kind == EventKind::Delivery).count();
    assert_eq!(noted, 2, "people are told on the ticket");
    post.run().await;
    assert_eq!(receiver.taken().len(), 1);
}

async fn a_place_that_is_down_is_left_alone_for_a_while_and_no_other_with_it(desk: Desk) {
    let (down, up) = (Webhook::start(&[OLD], None).await, Webhook::start(&[OLD], None).await);
    let post = Post::open(desk, &webhook(&down.url(), &format!("\"{OLD}\""))).await;
    down.faults.plan(&[Fault::Status(503); 8]);
    for n in 0..20 {
        post.tell(&format!("n{n}"), NoticeEvent::Escalated, None).await;
    }
    post.deliverer.once().await.unwrap();
    assert_eq!(down.requests(), 5, "after five failures nothing more is asked");
    let circuit = post.desk.store.circuits().await.unwrap().remove(0);
    assert_eq!((circuit.name.as_str(), circuit.failures, circuit.open_until), ("place", 5, Some(NOW.plus_ms(30_000))));
    assert_eq!(post.row("n19").await.attempts, 0, "what was not tried does not count");
    assert_eq!(post.deliverer.once().await.unwrap(), 0);
    let other = Post::beside(
        Desk { store: post.desk.store.clone(), url: String::new(), dir: tempfile::tempdir().unwrap() },
        post.ticket,
        &webhook(&up.url(), &format!("\"{OLD}\"")).replace("kind", "at_once = 2\nkind"),
    );
    let other = Post { deliverer: named(other.deliverer, "other"), name: "other".into(), ..other };
    other.tell("for-other", NoticeEvent::Escalated, None).await;
    other.deliverer.once().await.unwrap();
    assert_eq!(up.taken().len(), 1);
    post.run().await;
    assert_eq!(down.taken().len(), 20, "none is lost");
    assert_eq!(post.desk.store.circuits().await.unwrap()[0].failures, 0);
}

fn named(deliverer: madoguchi::workers::deliver::Deliverer, name: &str) -> madoguchi::workers::deliver::Deliverer {
    madoguchi::workers::deliver::Deliverer { source: name.into(), owner: name.into(), ..deliverer }
}

async fn one_incident_is_paged_however_often_its_answer_is_lost_and_in_order(desk: Desk) {
    let pager = Pagerduty::start().await;
    let post = Post::open(desk, &pagerduty(&pager.url())).await;
    pager.faults.plan(&[Fault::Status(500), Fault::LostAnswer, Fault::Busy(30), Fault::Cut]);
    post.tell("t", NoticeEvent::Escalated, None).await;
    post.tell("c", NoticeEvent::Changed, Some("t")).await;
    post.tell("a", NoticeEvent::Acknowledged, Some("c")).await;
    post.tell("r", NoticeEvent::Resolved, Some("a")).await;
    post.run().await;
    let key = post.ticket.to_string();
    let summary = pager.incidents()[0].summary.clone();
    let ended = Incident { key, state: "resolved", summary, severity: "critical".into() };
    assert_eq!(pager.incidents(), [ended]);
    let actions: Vec<String> =
        pager.events().iter().map(|event| event["event_action"].as_str().unwrap().to_owned()).collect();
    assert_eq!(actions, ["trigger", "trigger", "acknowledge", "resolve"], "a change pages nobody");
    assert!(post.row("r").await.attempts <= 2, "waiting for the others does not count");
    post.tell("again", NoticeEvent::Reopened, Some("r")).await;
    post.run().await;
    let states: Vec<&str> = pager.incidents().iter().map(|incident| incident.state).collect();
    assert_eq!(states, ["resolved", "triggered"]);
}

async fn one_issue_is_made_however_often_its_answer_is_lost(desk: Desk) {
    let tracker = Backlog::start().await;
    tracker.index_lags();
    let post = Post::open(desk, &backlog(&tracker.url())).await;
    tracker.faults.plan(&[Fault::LostAnswer, Fault::Status(500), Fault::LostAnswer, Fault::Cut]);
    post.tell("open", NoticeEvent::Escalated, None).await;
    post.tell("note", NoticeEvent::Changed, Some("open")).await;
    post.tell("done", NoticeEvent::Resolved, Some("note")).await;
    post.run().await;
    let issues = tracker.issues();
    assert_eq!((issues.len(), tracker.faults.left()), (1, 0));
    let issue = &issues[0];
    let field = |name: &str| issue.fields.get(name).map(String::as_str);
    assert_eq!(
        (field("issueTypeId"), field("priorityId"), field("customField_5")),
        (Some("71"), Some("2"), Some("web-01"))
    );
    assert!(field("description").unwrap().contains("ホスト: web-01"), "{issue:?}");
    assert_eq!(field("statusId"), Some("3"));
    let notes = issue.comments.iter().filter(|text| text.contains("because of note")).count();
    let ends = issue.comments.iter().filter(|text| text.contains("because of done")).count();
    assert_eq!((notes, ends), (1, 1), "{:?}", issue.comments);
    assert!(tracker.searches() > 0, "it is looked for before it is made");
}

async fn a_limit_of_backlog_is_waited_for(desk: Desk) {
    let tracker = Backlog::start().await;
    let post = Post::open(desk, &backlog(&tracker.url())).await;
    tracker.faults.plan(&[Fault::Limited(NOW.0 / 1_000 + 40)]);
    post.tell("open", NoticeEvent::Escalated, None).await;
    post.deliverer.once().await.unwrap();
    assert_eq!(post.row("open").await.next_at, NOW.plus_ms(41_000), "the end of the window");
    post.run().await;
    assert_eq!(tracker.issues().len(), 1);
    let wrong = backlog(&tracker.url()).replace(KEY, "other");
    let stranger = Post::beside(
        Desk { store: post.desk.store.clone(), url: String::new(), dir: tempfile::tempdir().unwrap() },
        post.ticket,
        &wrong,
    );
    stranger.tell("refused", NoticeEvent::Changed, Some("open")).await;
    stranger.deliverer.once().await.unwrap();
    let row = stranger.row("refused").await;
    assert!(row.state == OutboxState::Waiting && row.error.contains("401") && !row.error.contains("other"), "{row:?}");
}

async fn notices_of_one_ticket_follow_each_other_at_once(desk: Desk) {
    let pager = Pagerduty::start().await;
    let post = Post::open(desk, &pagerduty(&pager.url())).await;
    post.tell("t", NoticeEvent::Escalated, None).await;
    post.tell("u", NoticeEvent::Escalated, Some("t")).await;
    post.deliverer.once().await.unwrap();
    assert_eq!(post.row("u").await.state, OutboxState::Delivered, "{:?}", post.row("u").await);

    // While another process is sending the first one, the second waits a moment, not for the end of that lease.
    post.tell("v", NoticeEvent::Escalated, Some("u")).await;
    let route = [madoguchi::store::Sending { channel: Channel::Notify, source: "place".into() }];
    let lease = NOW.plus_ms(30_000);
    post.desk.store.claim_outbox("other", [NOW, lease], 9, &route).await.unwrap();
    post.tell("w", NoticeEvent::Escalated, Some("v")).await;
    post.deliverer.once().await.unwrap();
    let row = post.row("w").await;
    assert_eq!((row.state, row.next_at), (OutboxState::Waiting, NOW.plus_ms(2_000)));
    assert!(row.error.contains("an earlier message of this ticket"), "{}", row.error);
}
