use super::*;

fn file(events: &str) -> String {
    format!("BEGIN:VCALENDAR\r\nVERSION:2.0\r\n{events}\r\nEND:VCALENDAR\r\n")
}

fn days(event: &str, from: &str, to: &str) -> Vec<String> {
    let text = file(&format!("BEGIN:VEVENT\r\nUID:1\r\n{event}\r\nEND:VEVENT"));
    let days = closed_days(&text).unwrap_or_else(|faults| panic!("{event}: {faults:?}"));
    let inside = |day: &NamedDay| {
        let shown = day.date.to_string();
        (from..=to).contains(&shown.as_str()).then_some(shown)
    };
    days.iter().filter_map(inside).collect()
}

#[test]
fn yearly_rules_give_the_days_people_know() {
    let cases: [(&str, &[&str]); 12] = [
        ("DTSTART;VALUE=DATE:20200101\r\nRRULE:FREQ=YEARLY", &["2026-01-01", "2027-01-01"]),
        ("DTSTART;VALUE=DATE:20201126\r\nRRULE:FREQ=YEARLY;BYMONTH=11;BYDAY=4TH", &["2026-11-26", "2027-11-25"]),
        ("DTSTART;VALUE=DATE:20200525\r\nRRULE:FREQ=YEARLY;BYMONTH=5;BYDAY=-1MO", &["2026-05-25", "2027-05-31"]),
        (
            "DTSTART;VALUE=DATE:20201103\r\nRRULE:FREQ=YEARLY;INTERVAL=2;BYMONTH=11;BYDAY=TU;BYMONTHDAY=2,3,4,5,6,7,8",
            &["2026-11-03"],
        ),
        ("DTSTART;VALUE=DATE:20240229\r\nRRULE:FREQ=YEARLY", &[]),
        ("DTSTART;VALUE=DATE:20200131\r\nRRULE:FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=-1", &["2026-02-28", "2027-02-28"]),
        ("DTSTART;VALUE=DATE:20250704\r\nRRULE:FREQ=YEARLY;COUNT=2", &["2026-07-04"]),
        ("DTSTART;VALUE=DATE:20250704\r\nRRULE:FREQ=YEARLY;UNTIL=20260704T000000Z", &["2026-07-04"]),
        ("DTSTART;VALUE=DATE:20250704\r\nRRULE:FREQ=YEARLY\r\nEXDATE;VALUE=DATE:20260704", &["2027-07-04"]),
        (
            "DTSTART;VALUE=DATE:20261228\r\nDTEND;VALUE=DATE:20270101",
            &["2026-12-28", "2026-12-29", "2026-12-30", "2026-12-31"],
        ),
        ("DTSTART;TZID=\"Asia/Tokyo: here\":20260815T000000\r\nDURATION:P2D", &["2026-08-15", "2026-08-16"]),
        (
            "DTSTART;VALUE=DATE:20260815\r\nRDATE;VALUE=DATE:20260817,20270816",
            &["2026-08-15", "2026-08-17", "2027-08-16"],
        ),
    ];
    for (event, wanted) in cases {
        assert_eq!(days(event, "2026-01-01", "2027-12-31"), wanted, "{event}");
    }
}

#[test]
fn folded_lines_escapes_alarms_and_moved_days_are_read() {
    let text = file(
        "BEGIN:VEVENT\r\nUID:a\r\nSUMMARY:Founders\\, and\r\n  friends\r\nDTSTART;VALUE=DATE:20260401\r\nRRULE:FREQ=YEARLY;COUNT=3\r\n\
         BEGIN:VALARM\r\nTRIGGER:-P1D\r\nDURATION:PT5M\r\nEND:VALARM\r\nEND:VEVENT\r\n\
         BEGIN:VEVENT\r\nUID:a\r\nRECURRENCE-ID;VALUE=DATE:20270401\r\nSUMMARY:moved\r\nDTSTART;VALUE=DATE:20270405\r\nEND:VEVENT\r\n\
         BEGIN:VEVENT\r\nUID:b\r\nSTATUS:CANCELLED\r\nDTSTART;VALUE=DATE:20260601\r\nEND:VEVENT",
    );
    let found: Vec<(String, String)> =
        closed_days(&text).unwrap().into_iter().map(|day| (day.date.to_string(), day.name)).collect();
    let pair = |date: &str, name: &str| (date.to_owned(), name.to_owned());
    assert_eq!(
        found,
        [
            pair("2026-04-01", "Founders, and friends"),
            pair("2027-04-05", "moved"),
            pair("2028-04-01", "Founders, and friends")
        ]
    );
}

#[test]
fn what_is_not_understood_is_refused_with_its_line() {
    for (text, line, word) in [
        (file("BEGIN:VEVENT\nDTSTART:20260401T093000\nEND:VEVENT"), 4, "whole day"),
        (file("BEGIN:VEVENT\nDTSTART;VALUE=DATE:20260401\nRRULE:FREQ=WEEKLY\nEND:VEVENT"), 5, "FREQ=YEARLY"),
        (file("BEGIN:VEVENT\nDTSTART;VALUE=DATE:20260401\nRRULE:FREQ=YEARLY;BYWEEKNO=20\nEND:VEVENT"), 5, "BYWEEKNO"),
        (file("BEGIN:VEVENT\nSUMMARY:x\nEND:VEVENT"), 3, "no DTSTART"),
        (file("BEGIN:VEVENT\nDTSTART;VALUE=DATE:20261340\nEND:VEVENT"), 4, "not a day"),
        (file("BEGIN:VEVENT\nnonsense\nEND:VEVENT"), 4, "NAME:VALUE"),
        ("<html>".into(), 1, "BEGIN:VCALENDAR"),
        ("BEGIN:VCALENDAR\nBEGIN:VEVENT\nDTSTART;VALUE=DATE:20260401".into(), 3, "ends inside VEVENT"),
        (file("BEGIN:VEVENT\nDTSTART;VALUE=DATE:20260401\nDURATION:PT8H\nEND:VEVENT"), 5, "whole days"),
    ] {
        let faults = closed_days(&text).unwrap_err();
        assert!(faults.iter().any(|(at, message)| *at == line && message.contains(word)), "{text}: {faults:?}");
        let no_start = faults.iter().any(|(_, message)| message.contains("no DTSTART"));
        assert!(!no_start || !text.contains("DTSTART"), "it is there: {faults:?}");
    }
}
