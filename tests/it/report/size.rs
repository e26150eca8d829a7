//! A year's tickets, and a database that may only be read.

use std::time::Instant;

use madoguchi::domain::*;
use madoguchi::report::{Cell, Period, page};
use madoguchi::store::Store;
use sqlx::{AssertSqlSafe, Connection, PgConnection};

use super::{made, shipped};
use crate::desk::harness::setting;
use crate::sla::file;
use crate::store::{Desk, on_both};

on_both! { a_year_is_reported_in_all_its_forms }

/// 1 July 2026.
const JULY: Timestamp = Timestamp(1_782_860_400_000);

/// `count` tickets made from one, spread over half a year.
async fn fill(desk: &Desk, count: i64) {
    let catalog = shipped();
    let id = file(&desk.store, &catalog, &[(0, "patching", JULY)]).await[&0];
    let model = desk.store.ticket(id).await.unwrap().unwrap();
    let history = desk.store.ticket_events(id).await.unwrap();
    let numbers: Vec<i64> = (1..count).collect();
    for page in numbers.chunks(500) {
        let mut changes = Changes::default();
        for n in page {
            let id = TicketId(1_000 + n);
            let created_at = JULY.plus_ms(n * 180 * 86_400_000 / count);
            changes.tickets.push(Ticket { id, version: 0, created_at, updated_at: created_at, ..model.clone() });
            let again = |event: &TicketEvent| TicketEvent { ticket: id, at: created_at, ..event.clone() };
            changes.events.extend(history.iter().map(again).cycle().take(history.len() * 3));
        }
        desk.store.apply(&changes, JULY).await.unwrap();
    }
}

async fn a_year_is_reported_in_all_its_forms(desk: Desk) {
    let count = setting("REPORT_TICKETS", 1_500);
    fill(&desk, i64::try_from(count).unwrap()).await;
    let (catalog, now) = (shipped(), JULY.plus_ms(200 * 86_400_000));
    let begun = Instant::now();
    let report = made(&desk.store, &catalog, Period::Year(2026), now).await;
    let read = begun.elapsed();
    let html = page(&report).unwrap();
    let csv = report.csv().unwrap();
    let json = serde_json::to_string(&report.json()).unwrap();
    println!(
        "{count} tickets: read and counted in {read:?}, all forms in {:?}; {} KiB of HTML, {} of CSV, {} of JSON",
        begun.elapsed(),
        html.len() / 1024,
        csv.len() / 1024,
        json.len() / 1024
    );
    assert_eq!(report.section("volumes").unwrap().rows[0].cells[2], Cell::Count(count));
    assert!(html.contains("</html>") && !html.contains("<script"));
    let mut rows = csv::Reader::from_reader(csv.as_slice());
    let total = rows.records().map(Result::unwrap).find(|row| &row[0] == "volumes").unwrap();
    assert_eq!((&total[2], &total[3]), ("count", count.to_string().as_str()));
    let read: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(read["sections"]["volumes"]["rows"][0]["ids"]["count"].as_array().unwrap().len() as u64, count);
}

#[tokio::test]
async fn a_database_that_may_only_be_read_is_reported_on() {
    let desk = Desk::postgres().await;
    fill(&desk, 5).await;
    desk.store.close().await;
    let name = desk.url.split("localhost/").nth(1).unwrap().split('?').next().unwrap().to_owned();
    let mut connection = PgConnection::connect(&desk.url).await.unwrap();
    let only = format!("ALTER DATABASE {name} SET default_transaction_read_only = on");
    sqlx::query(AssertSqlSafe(only)).execute(&mut connection).await.unwrap();
    connection.close().await.unwrap();
    let store = Store::open_to_read(&desk.url, desk.dir.path()).await.unwrap();
    let report = made(&store, &shipped(), Period::Month(2026, 7), JULY.plus_ms(1)).await;
    assert_eq!(report.section("volumes").unwrap().rows[0].cells[2], Cell::Count(1));
    store.close().await;

    let sqlite = Desk::sqlite().await;
    let missing = sqlite.url.replace("desk.db", "other.db");
    assert!(Store::open_to_read(&missing, sqlite.dir.path()).await.is_err());
    let store = Store::open_to_read(&sqlite.url, sqlite.dir.path()).await.unwrap();
    assert_eq!(store.report(Span::default(), &[], |_| {}).await.unwrap(), []);
    assert!(store.audit(&[AuditEntry::default()]).await.is_err(), "nothing is written");
}
