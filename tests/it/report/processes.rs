//! The registers in the report: what tickets keep of the desk's processes, counted a second time by hand.

use madoguchi::domain::catalog::Catalog;
use madoguchi::domain::maintenance::Maintenance;
use madoguchi::domain::problem::ProblemState;
use madoguchi::domain::service::Question;
use madoguchi::domain::*;
use madoguchi::report::{Cell, Period, Report, shown};
use madoguchi::store::TicketFilter;

use super::{made, shipped, with_terms};
use crate::sla::{MINUTE, file};
use crate::store::{Desk, on_both};

on_both! {
    the_registers_are_reported_and_nobody_is_named
    planned_maintenance_is_neither_downtime_nor_planned_time
    each_question_stands_beside_what_the_desk_says_of_itself
}

/// Monday 5 October 2026, 10:00 in Tokyo.
const MONDAY: Timestamp = Timestamp(1_791_162_000_000);
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;

async fn change(desk: &Desk, id: TicketId, what: impl FnOnce(&mut Ticket)) {
    let mut ticket = desk.store.ticket(id).await.unwrap().unwrap();
    what(&mut ticket);
    let changes = Changes { tickets: vec![ticket], ..Changes::default() };
    desk.store.apply(&changes, MONDAY).await.unwrap();
}

async fn filed(desk: &Desk, catalog: &Catalog, n: usize, intent: &str) -> TicketId {
    file(&desk.store, catalog, &[(n, intent, MONDAY)]).await[&n]
}

async fn voices(desk: &Desk, catalog: &Catalog) {
    for (n, score, comment) in
        [(1, Some(5), ""), (2, Some(2), "call me: 03-1234-5678, hana@client.example"), (3, None, "")]
    {
        let id = filed(desk, catalog, n, "backup").await;
        change(desk, id, |ticket| {
            ticket.status = Status::Resolved;
            ticket.course.asked_at = Some(MONDAY.plus_ms(HOUR));
            let (comment, by) = (comment.to_owned(), "hana@client.example".to_owned());
            ticket.course.rating = score.map(|score| Rating { score, comment, by, at: MONDAY.plus_ms(2 * HOUR) });
        })
        .await;
    }
    let id = filed(desk, catalog, 4, "complaint").await;
    change(desk, id, |ticket| {
        let (service, content, action) =
            ("mail".to_owned(), "nobody calls 090-1234-5678".to_owned(), "called back".to_owned());
        let done = Some(Mark { by: "aoki".to_owned(), at: MONDAY.plus_ms(DAY) });
        ticket.course.complaint = Some(Complaint { at: MONDAY, service, content, action, done });
    })
    .await;
}

async fn leaves(desk: &Desk, catalog: &Catalog) {
    // Wednesday 10:00: two business days of nine hours after Monday 10:00.
    for (n, given) in [(5, Some((Verdict::Approved, 2 * DAY))), (6, Some((Verdict::Declined, HOUR))), (7, None)] {
        let id = filed(desk, catalog, n, "patching").await;
        change(desk, id, |ticket| {
            let verdict = given.map_or(Verdict::Wanted, |(verdict, _)| verdict);
            let given = given.map(|(_, after)| Mark { by: "lead".to_owned(), at: MONDAY.plus_ms(after) });
            ticket.course.approval = Some(Approval { verdict, wanted_at: MONDAY, given, note: String::new() });
        })
        .await;
    }
}

/// An incident that was down from before its ticket to before its recovery notice, of a matter with cause and workaround.
async fn outage(desk: &Desk, catalog: &Catalog) -> TicketId {
    let id = filed(desk, catalog, 8, "incident").await;
    let mut ticket = desk.store.ticket(id).await.unwrap().unwrap();
    ticket.status = Status::Resolved;
    ticket.slots.insert("host".to_owned(), "web01".to_owned());
    ticket.course.matter = Some("incident/web01".to_owned());
    ticket.course.reports = 2;
    let (from, to) = (MONDAY.plus_ms(-30 * MINUTE), MONDAY.plus_ms(60 * MINUTE));
    ticket.course.outage = Some(Outage { from, to, cause: String::new() });
    let (kind, actor, detail) =
        (EventKind::Status, "aoki".to_owned(), "open → resolved: the service is back".to_owned());
    let resolved = TicketEvent { ticket: id, at: MONDAY.plus_ms(90 * MINUTE), kind, actor, detail };
    let (key, title, how) = ("incident/web01".to_owned(), "web01 is down".to_owned(), Sighting::Opened);
    let problem = Problem { key, title, ticket: id, at: MONDAY, how };
    let changes =
        Changes { tickets: vec![ticket], events: vec![resolved], problems: vec![problem], ..Changes::default() };
    desk.store.apply(&changes, MONDAY).await.unwrap();
    let mut record = desk.store.problem("incident/web01").await.unwrap().unwrap();
    record.owner = Some("baba".to_owned());
    record.cause = Some("memory leak".to_owned());
    record.workaround = Some("restart it nightly".to_owned());
    record.state = ProblemState::Closed;
    record.closed_at = Some(MONDAY.plus_ms(40 * DAY));
    desk.store.put_problem(&record, &[], MONDAY).await.unwrap();
    id
}

/// An alert that fired three times and recovered with nobody's help.
async fn alerts(desk: &Desk, catalog: &Catalog) {
    let id = filed(desk, catalog, 9, "incident").await;
    let mut ticket = desk.store.ticket(id).await.unwrap().unwrap();
    (ticket.channel, ticket.status) = (Channel::Alert, Status::Resolved);
    let note = |detail: &str| {
        let (kind, actor) = (EventKind::Note, "rule".to_owned());
        TicketEvent { ticket: id, at: MONDAY.plus_ms(MINUTE), kind, actor, detail: detail.to_owned() }
    };
    let events = ["still firing, report 2: CPU", "alert 3 of the storm: disk", "recovered: CPU"].map(note).to_vec();
    let changes = Changes { tickets: vec![ticket], events, ..Changes::default() };
    desk.store.apply(&changes, MONDAY).await.unwrap();
}

/// The rows of a section as people read them.
fn rows(report: &Report, key: &str) -> Vec<Vec<String>> {
    let section = report.section(key).unwrap();
    let cells = |row: &madoguchi::report::Row| {
        section.columns.iter().zip(&row.cells).map(|(column, cell)| shown(cell, column.kind)).collect()
    };
    section.rows.iter().map(cells).collect()
}

async fn planned_maintenance_is_neither_downtime_nor_planned_time(desk: Desk) {
    let mut catalog = shipped();
    outage(&desk, &catalog).await;
    // Down from half an hour before to an hour after; the first half of that was planned, and a day for everybody at another time.
    let plan = |name: &str, services: &[&str], from: i64, to: i64| Maintenance {
        name: name.to_owned(),
        span: Span { from: MONDAY.plus_ms(from * MINUTE), to: MONDAY.plus_ms(to * MINUTE) },
        services: services.iter().map(|one| (*one).to_owned()).collect(),
        customers: Vec::new(),
        what: Bilingual::default(),
        announce_days: 7,
    };
    catalog.service.maintenance = vec![
        plan("switch", &["web01"], -60, 15),
        plan("other", &["web02"], 15, 60),
        plan("power", &[], 10 * 24 * 60, 11 * 24 * 60),
    ];
    let report = made(&desk.store, &catalog, Period::Month(2026, 10), MONDAY.plus_ms(50 * DAY)).await;
    let found = rows(&report, "availability");
    let month = 31.0 * 24.0 * 60.0;
    let planned = |row: &[String]| row[3].replace(',', "").parse::<f64>().unwrap();
    assert_eq!((found[0][0].as_str(), found[0][2].as_str()), ("web01", "45.0"), "{found:?}");
    assert!((planned(&found[0]) - (month - 24.0 * 60.0 - 75.0)).abs() < 1e-6, "{found:?}");
    assert!((planned(&found[1]) - (month - 24.0 * 60.0)).abs() < 1e-6, "{found:?}");
    assert_eq!(rows(&report, "incidents")[0][6], "45.0");
    assert!(report.section("availability").unwrap().formula.contains("at most 3 outages"));
}

async fn each_question_stands_beside_what_the_desk_says_of_itself(desk: Desk) {
    let mut catalog = shipped();
    voices(&desk, &catalog).await;
    for (n, answers) in [(1, vec![("speed", 5), ("words", 2)]), (2, vec![("speed", 4)])] {
        let lists = desk.store.tickets(&TicketFilter::default()).await.unwrap();
        let ticket =
            lists.into_iter().find(|listed| listed.ticket.requester.address.starts_with(&format!("u{n}@"))).unwrap();
        change(&desk, ticket.ticket.id, |ticket| {
            ticket.course.answers = answers.into_iter().map(|(name, score)| (name.to_owned(), score)).collect();
        })
        .await;
    }
    let question = |name: &str, en: &str| Question {
        name: name.to_owned(),
        title: Bilingual { ja: en.to_owned(), en: en.to_owned() },
    };
    catalog.service.questions = vec![question("speed", "How quickly"), question("words", "How clearly")];
    let own = vec![("2026-10".to_owned(), "speed".to_owned(), 3), ("2026-11".to_owned(), "overall".to_owned(), 1)];
    let terms = ReportTerms { own, ..ReportTerms::default() };
    let report = with_terms(&desk.store, &catalog, &terms, (Period::Month(2026, 10), MONDAY.plus_ms(DAY))).await;
    let found = rows(&report, "satisfaction_questions");
    assert_eq!(found[0], ["satisfied on the whole", "2", "3.5", "50.0 %", "–"], "{found:?}");
    assert_eq!(found[1], ["How quickly", "2", "4.5", "100.0 %", "3"], "{found:?}");
    assert_eq!(found[2], ["How clearly", "1", "2", "0.0 %", "–"], "{found:?}");
}

async fn the_registers_are_reported_and_nobody_is_named(desk: Desk) {
    let catalog = shipped();
    voices(&desk, &catalog).await;
    leaves(&desk, &catalog).await;
    let incident = outage(&desk, &catalog).await;
    alerts(&desk, &catalog).await;
    let now = MONDAY.plus_ms(50 * DAY);
    let report = made(&desk.store, &catalog, Period::Month(2026, 10), now).await;

    let satisfaction = rows(&report, "satisfaction");
    assert_eq!(satisfaction[5][1..], ["2", "–", "3.5", "3", "66.7 %"], "{satisfaction:?}");
    assert_eq!((satisfaction[0][1].as_str(), satisfaction[3][1].as_str()), ("1", "1"));
    let groups = rows(&report, "satisfaction_groups");
    assert_eq!(groups.len(), 2, "one queue and one type: {groups:?}");
    assert!(groups.iter().all(|row| row[2..6] == ["2", "3.5", "3", "66.7 %"]), "{groups:?}");
    let comments = rows(&report, "satisfaction_comments");
    assert_eq!((comments.len(), comments[0][4].as_str()), (1, "call me: [phone], [mail]"));
    let complaints = rows(&report, "complaints");
    assert_eq!(complaints.len(), 1, "{complaints:?}");
    assert_eq!(complaints[0][1..6], ["mail", "nobody calls [phone]", "called back", "2026-10-06 10:00", "aoki"]);

    let approvals = rows(&report, "approvals");
    // Leave was refused after an hour, given after two days of nine hours; the third waits since 50 days.
    assert_eq!(approvals.last().unwrap()[1..8], ["3", "1", "1", "1", "0", "60.0", "1,080.0"], "{approvals:?}");
    let problems = rows(&report, "problems");
    assert_eq!(problems.len(), 1, "{problems:?}");
    assert_eq!(problems[0][2..4], ["open", "baba"], "it was closed in November: {problems:?}");
    assert_eq!(problems[0][8], "1");

    let incidents = report.section("incidents").unwrap();
    let row = incidents.rows.iter().find(|row| row.ids.iter().any(|(_, ids)| ids == &[incident.to_string()])).unwrap();
    let cells: Vec<String> =
        incidents.columns.iter().zip(&row.cells).map(|(column, cell)| shown(cell, column.kind)).collect();
    assert_eq!(cells[..2], ["2026-10-05 09:30", "web01"]);
    assert_eq!(cells[3..8], ["memory leak", "incident/web01", "restart it nightly", "90.0", "2"], "{cells:?}");
    let availability = rows(&report, "availability");
    assert!(
        availability.iter().any(|row| row[0] == "web01" && row[2] == "90.0" && row[6] == "90.0"),
        "{availability:?}"
    );

    let volumes = rows(&report, "volumes");
    let has = |by: &str, what: &str, count: &str| volumes.iter().any(|row| row[..3] == [by, what, count]);
    assert!(has("channel", "alert", "1") && has("handled", "an alert that recovered by itself", "1"), "{volumes:?}");
    let automation = report.section("automation").unwrap();
    assert_eq!(automation.rows[6].cells[1], Cell::Count(2), "{automation:?}");
    let trends = rows(&report, "trends");
    assert!(trends.iter().any(|row| row[0] == "open problems" && row[2] == "1"), "{trends:?}");
    let text = report.json().to_string();
    assert!(!text.contains("hana@") && !text.contains("1234-5678"));
    // In the month after it is settled, and nothing else of it is left to tell.
    let november = made(&desk.store, &catalog, Period::Month(2026, 11), now).await;
    assert_eq!(rows(&november, "problems")[0][2], "closed");
    assert_eq!(rows(&november, "complaints").len(), 0);
}
