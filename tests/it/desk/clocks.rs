//! Working time and clocks from the shell.

use super::harness::{Database, Desk};
use super::letter::Letter;
use super::on_both;

on_both! {
    due_times_and_closed_days_are_told
    a_clock_is_explained_in_counted_and_paused_time
}

async fn due_times_and_closed_days_are_told(database: Database) {
    let desk = Desk::new(database, "clock@example.test").await;
    let due = |calendar: &'static str, start: &'static str, time: &'static str| {
        ["sla", "due", "--calendar", calendar, "--start", start, "--in", time]
    };
    for (arguments, wanted) in [
        (due("business", "2026-11-24T18:00:00+09:00", "4h"), "2026-11-25T13:00:00+09:00"),
        (due("business", "2026-12-28T03:00:00Z", "2bd"), "2027-01-04T19:00:00+09:00"),
        (due("always", "2026-11-22T15:00:00+09:00", "90m"), "2026-11-22T16:30:00+09:00"),
    ] {
        let told = desk.json(&arguments).await;
        assert_eq!(told["due"], wanted, "{told}");
    }
    let days = desk.json(&["sla", "holidays", "--year", "2026"]).await;
    assert_eq!((days.as_array().unwrap().len(), &days[0]["date"]), (18, &"2026-01-01".into()));
    let closed = desk.json(&["sla", "holidays", "--year", "2026", "--calendar", "business"]).await;
    assert!(closed.as_array().unwrap().iter().any(|day| day["date"] == "2026-12-31"), "{closed}");
    let refused =
        desk.run(&["sla", "due", "--calendar", "moon", "--start", "2026-11-24T18:00:00+09:00", "--in", "4h"]).await;
    assert_eq!(refused.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&refused.stderr).contains("business, always"));
    let wrong = desk.run(&["sla", "due", "--calendar", "business", "--start", "yesterday", "--in", "4h"]).await;
    assert_eq!(wrong.status.code(), Some(2));
}

async fn a_clock_is_explained_in_counted_and_paused_time(database: Database) {
    let desk = Desk::new(database, "clock@example.test").await;
    let mail = desk.path("mail.eml");
    std::fs::write(&mail, Letter::request(1).raw()).unwrap();
    desk.json(&["ingest", &mail.display().to_string(), "--mailbox", "support"]).await;
    let ticket = desk.tickets().await.remove(0);
    let id = ticket["id"].as_str().unwrap().to_owned();
    desk.json(&["ticket", "reply", &id, "確認します。", "--wait"]).await;
    let told = desk.json(&["ticket", "show", &id, "--clock"]).await;
    let clocks = told["clocks"].as_array().unwrap();
    let of =
        |kind: &str| clocks.iter().find(|clock| clock["kind"] == kind).unwrap_or_else(|| panic!("no {kind}: {told}"));
    assert_eq!((&of("first_response")["state"], &of("resolution")["state"]), (&"met".into(), &"paused".into()));
    assert!(of("resolution")["intervals"].is_array());
    let shown = desk.run(&["ticket", "show", &id, "--clock"]).await;
    let text = String::from_utf8_lossy(&shown.stdout).into_owned();
    assert!(text.contains("slo resolution, cycle 1: paused") && text.contains("due 20"), "{text}");
    let listed = desk.tickets().await.remove(0);
    assert_eq!(listed["due"]["resolution"].as_str(), of("resolution")["due_at"].as_str());
}
