//! Calendars, policies, escalation rules and the places that are told: what is wrong is named with its file and line.

use std::path::Path;

use super::Config;
use crate::domain::Fault;
use crate::domain::promise::{ClockKind, ClockLevel, Signal};
use crate::domain::service::{NotifyWay, Remedy, Trigger};

const MAILBOX: &str = "[[mailboxes]]\nname = \"support\"\naddress = \"support@desk.example\"\n";

fn parse(text: &str) -> Result<Config, Vec<Fault>> {
    Config::parse(Path::new("desk/madoguchi.toml"), text, &[])
}

#[test]
fn a_policy_means_what_it_says() {
    let text = r#"
        [[sla]]
        name = "gold"
        for = { request_types = ["incident"], priorities = ["critical"], customers = ["@Client.example"], channels = ["slack"] }
        slo = { first_response = "15m", next_response = "2h", update = "60m", resolution = "request_type" }
        sla = { first_response = "30m" }
        calendar = "always"
        warn_percent = [50]
        pause_while_waiting = ["resolution"]
        [[vip]]
        customers = ["ceo@other.example"]
        raise = 1
    "#;
    let config = parse(text).unwrap();
    let policy = &config.service.policies.as_ref().unwrap()[0];
    let targets: Vec<String> = policy
        .targets
        .iter()
        .map(|target| {
            format!("{} {} {}", target.level, target.kind, target.time.map_or("-".to_owned(), |time| time.to_string()))
        })
        .collect();
    assert_eq!(
        targets,
        [
            "slo first_response 15m",
            "slo next_response 2h",
            "slo update 1h",
            "slo resolution -",
            "sla first_response 30m"
        ]
    );
    assert_eq!(
        (policy.scope.requesters.as_slice(), policy.pauses.as_slice()),
        (&["@client.example".to_owned()][..], &[ClockKind::Resolution][..])
    );
    assert_eq!(config.service.intents, [(2, "incident".to_owned())]);
    assert!(parse("").unwrap().service.policies.is_none(), "what ships holds");
}

#[test]
fn an_escalation_rule_means_what_it_says() {
    let text = format!(
        "{MAILBOX}[slack]\napp_token = \"a\"\nbot_token = \"b\"\ntriage = \"C1\"\n[[notify]]\nname = \"leads\"\nkind = \"mail\"\naddress = \"l@client.example\"\n\
         [[notify]]\nname = \"room\"\nkind = \"slack\"\n\
         [[escalations]]\nname = \"a\"\nwhen = \"before_breach\"\nat = \"75%\"\nlevel = \"sla\"\nmove = \"second_line\"\nraise = \"high\"\nnotify = [\"leads\"]\npage = [\"room\"]\nproblem = true\n\
         [[escalations]]\nname = \"b\"\nwhen = \"reopened\"\ntimes = 2\nmove = \"support\"\n\
         [[escalations]]\nname = \"c\"\nwhen = \"silence\"\nafter = \"2h\"\nnotify = [\"room\"]\n"
    );
    let service = parse(&text).unwrap().service;
    assert!(matches!(service.targets[0].way, NotifyWay::Mail { .. }));
    assert!(matches!(&service.targets[1].way, NotifyWay::Triage { room, .. } if room == "C1"));
    assert!(
        matches!(service.escalations[0].trigger, Trigger::TimeUsed { which, percent: 75 } if which.level == Some(ClockLevel::Sla))
    );
    assert_eq!(service.escalations[0].remedies.len(), 5);
    assert_eq!(service.escalations[1].trigger, Trigger::Seen { signal: Signal::Reopened, times: 2 });
    assert_eq!(service.escalations[1].remedies, [Remedy::Move { queue: "support".into() }]);
    assert_eq!(service.escalations[2].trigger, Trigger::Silence { minutes: 120 });
}

#[test]
fn every_fault_of_these_sections_has_its_line() {
    let cases = [
        ("[[sla]]\nname = \"a\"\nslo = { first_response = \"soon\" }", "not a duration"),
        ("[[sla]]\nname = \"a\"", "promises nothing"),
        ("[[sla]]\nname = \"a\"\ncalendar = \"moon\"\nslo = { update = \"1h\" }", "is not a calendar"),
        ("[[sla]]\nname = \"a\"\nslo = { update = \"1h\" }\nwarn_percent = [100]", "1 to 99"),
        ("[[sla]]\nname = \"a\"\nslo = { update = \"1h\" }\nfor = { queues = [\"x\"] }", "`x` is not a queue"),
        ("[[sla]]\nname = \"a\"\nslo = { update = \"1h\" }\nfor = { customers = [\"client\"] }", "neither an address"),
        ("[[sla]]\nname = \"a\"\nslo = { update = \"1h\" }\nfor = { priorities = [\"urgent\"] }", "urgent"),
        ("[[vip]]\ncustomers = [\"@a.example\"]", "changes nothing"),
        ("[[priority]]\nname = \"a\"\nwords = [\" \"]\nat_least = \"high\"", "no words"),
        ("[[priority]]\nname = \"a\"\nwords = [\"x\"]\nat_least = \"high\"\nat_most = \"low\"", "above at_most"),
        ("[[notify]]\nname = \"a\"\nkind = \"fax\"", "write mail, slack, discord"),
        ("[[notify]]\nname = \"a\"\nkind = \"slack\"", "triage is not set"),
        ("[[notify]]\nname = \"a\"\nkind = \"mail\"\naddress = \"support@desk.example\"", "own mailboxes"),
        ("[[escalations]]\nname = \"a\"\nwhen = \"breach\"", "does nothing"),
        ("[[escalations]]\nname = \"a\"\nwhen = \"later\"\nproblem = true", "is not one of"),
        ("[[escalations]]\nname = \"a\"\nwhen = \"breach\"\nnotify = [\"x\"]", "not in [[notify]]"),
        ("[[escalations]]\nname = \"a\"\nwhen = \"breach\"\nmove = \"x\"", "neither a queue"),
        ("[[escalations]]\nname = \"a\"\nwhen = \"breach\"\nafter = \"1h\"\nproblem = true", "after means nothing"),
        ("[[escalations]]\nname = \"a\"\nwhen = \"silence\"\nafter = \"1bd\"\nproblem = true", "minutes or hours"),
        ("[[escalations]]\nname = \"a\"\nwhen = \"before_breach\"\nat = \"0%\"\nproblem = true", "1% to 99%"),
        ("[[calendars]]\nname = \"a\"\nhours = { mon = \"9:00-10:00\" }\nholidays = \"us\"", "an .ics file"),
        ("[[calendars]]\nname = \"a\"\nhours = { mon = \"9:00-10:00\" }\nholidays = \"gone.ics\"", "cannot read"),
        (
            "[[calendars]]\nname = \"a\"\nhours = { mon = \"9:00-10:00\" }\nopen = [\"2026-12-29 10:00-15:00\"]\nclosed = [\"2026-12-29\"]",
            "both closed and open",
        ),
    ];
    for (text, wanted) in cases {
        let faults = parse(&format!("{MAILBOX}{text}\n")).expect_err(text);
        let has = faults
            .iter()
            .any(|fault| fault.line == 4 && fault.file.ends_with("madoguchi.toml") && fault.message.contains(wanted));
        assert!(has, "{text}: {faults:?}");
    }
}

#[test]
fn a_fault_in_a_calendar_file_names_that_file() {
    let dir = tempfile::tempdir().unwrap();
    let settings = "[[calendars]]\nname = \"a\"\nhours = { mon = \"9:00-10:00\" }\nholidays = [\"jp\", \"days.ics\"]\n";
    let read = |ics: &str| {
        std::fs::write(dir.path().join("days.ics"), ics).unwrap();
        Config::parse(&dir.path().join("madoguchi.toml"), settings, &[])
    };
    let event = |lines: &str| format!("BEGIN:VCALENDAR\nBEGIN:VEVENT\n{lines}\nEND:VEVENT\nEND:VCALENDAR\n");
    let calendar =
        read(&event("SUMMARY:創立記念日\nDTSTART;VALUE=DATE:20260401\nRRULE:FREQ=YEARLY")).unwrap().calendars.remove(0);
    assert!(calendar.japanese_holidays);
    assert!(calendar.holidays.iter().any(|day| day.date.to_string() == "2030-04-01" && day.name == "創立記念日"));
    let faults = read(&event("DTSTART;VALUE=DATE:20260401\nRRULE:FREQ=DAILY")).unwrap_err();
    assert!(faults[0].file.ends_with("days.ics") && faults[0].line == 4, "{faults:?}");
}

const SECRET: &str = "whsec_MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=";

#[test]
fn places_that_are_told_mean_what_they_say() {
    let text = format!(
        "{MAILBOX}[[notify]]\nname = \"hook\"\nkind = \"webhook\"\nurl = \"https://hooks.client.example/x\"\nsecrets = [\"{SECRET}\"]\nat_once = 4\n\
         [[notify]]\nname = \"pager\"\nkind = \"pagerduty\"\nrouting_key = \"0123456789abcdef0123456789abcdef\"\nseverities = {{ low = \"warning\" }}\n\
         [[notify]]\nname = \"tracker\"\nkind = \"backlog\"\nurl = \"https://space.backlog.com\"\nproject = \"SUP\"\napi_key = \"k\"\ncustom_fields = {{ host = 12 }}\n"
    );
    let service = parse(&text).unwrap().service;
    let ways: Vec<&NotifyWay> = service.targets.iter().map(|target| &target.way).collect();
    assert_eq!(ways, [&NotifyWay::Webhook, &NotifyWay::Pagerduty, &NotifyWay::Backlog]);
    assert_eq!((service.connections.len(), service.connections[0].at_once), (3, 4));
}

#[test]
fn what_is_wrong_with_a_place_or_a_source_is_named() {
    let hook = |rest: &str| format!("{MAILBOX}[[notify]]\nname = \"n\"\nkind = \"webhook\"\n{rest}\n");
    let source = |rest: &str| format!("{MAILBOX}[[http.alerts]]\nname = \"z\"\n{rest}\n");
    let token = "token = \"0123456789abcdefghij\"\n";
    for (text, wanted) in [
        (hook("secrets = []"), "url is missing"),
        (hook("url = \"http://hooks.client.example\"\nsecrets = [\"x\"]"), "plain http"),
        (hook("url = \"https://10.0.0.1/\"\nsecrets = [\"x\"]"), "private network"),
        (hook("url = \"https://u:p@client.example/\""), "user or a password"),
        (hook("url = \"https://client.example/\""), "secrets is missing"),
        (hook("url = \"https://client.example/\"\nsecrets = [\"abc\"]"), "whsec_"),
        (hook("url = \"https://client.example/\"\nsecrets = [\"env:MADOGUCHI_NOT_SET\"]"), "MADOGUCHI_NOT_SET"),
        (hook("project = \"A\""), "project means nothing"),
        (hook("colour = \"red\""), "colour"),
        (format!("{MAILBOX}[[notify]]\nname = \"n\"\nkind = \"pager\"\n"), "webhook, pagerduty or backlog"),
        (format!("{MAILBOX}[[notify]]\nname = \"n\"\nkind = \"pagerduty\"\nrouting_key = \"short\"\n"), "5 characters"),
        (
            format!(
                "{MAILBOX}[[notify]]\nname = \"n\"\nkind = \"backlog\"\nurl = \"https://s.backlog.com\"\nproject = \"S\"\n"
            ),
            "api_key or oauth2",
        ),
        (format!("{MAILBOX}[[notify]]\nname = \"n\"\nkind = \"slack\"\nroom = \"C1\"\n"), "[slack] is not set"),
        (source(""), "no way in"),
        (source("token = \"short\""), "20 to 200"),
        (source("token = \"0123456789 abcdefghij\""), "20 to 200"),
        (source("mailbox = \"gone\""), "not a mailbox"),
        (source(&format!("{token}senders = [\"a@b.example\"]")), "without mailbox"),
        (source(&format!("{token}queue = \"gone\"")), "not a queue"),
        (source(&format!("{token}calendar = \"gone\"")), "not a calendar"),
        (source(&format!("{token}notify = [\"gone\"]")), "not in [[notify]]"),
        (source(&format!("{token}format = \"xml\"")), "format"),
        (source(&format!("{token}priorities = {{ bad = \"high\" }}")), "priorities"),
        (source(&format!("{token}storm = {{ alerts = 0, minutes = 5 }}")), "storm"),
        (source(&format!("{token}[[http.alerts]]\nname = \"y\"\n{token}")), "same token"),
        ("[http]\nmax_body_kb = 0\n".to_owned(), "max_body_kb"),
    ] {
        let faults = parse(&text).unwrap_err();
        assert!(faults.iter().any(|fault| fault.message.contains(wanted)), "{wanted}: {faults:?}\n{text}");
        assert!(faults.iter().all(|fault| fault.line > 0), "{faults:?}");
    }
}

#[test]
fn one_look_names_every_fault_of_a_section() {
    let sla = "[[sla]]\nname = \"a\"\ncalendar = \"moon\"\nslo = { update = \"soon\", resolution = \"late\" }\n\
               for = { channels = [\"fax\"], priorities = [\"urgent\"], queues = [\"x\"] }";
    let customer = "[[customers]]\nname = \"a\"\naddresses = [\"@a.example\"]\naccount_engineer = \"nobody\"\ncalendar = \"moon\"\nqueue = \"x\"";
    let problems = "[problems]\ntimes = 1\ndays = 0\nowner = \"nobody\"\nnotify = \"nowhere\"";
    let closing = "[closing]\nwaiting = \"soon\"\nresolved = \"late\"";
    let rule = "[[escalations]]\nname = \"a\"\nwhen = \"later\"\nmove = \"x\"\nfor = { queues = [\"y\"] }";
    for (text, wanted) in [
        (sla, &["calendar = \"moon\"", "slo update", "slo resolution", "fax", "urgent", "`x` is not a queue"][..]),
        (customer, &["account_engineer = \"nobody\"", "calendar = \"moon\"", "queue = \"x\""]),
        (problems, &["times: 1", "days: 0", "owner: `nobody`", "notify: `nowhere`"]),
        (closing, &["waiting: ", "resolved: "]),
        (rule, &["when = \"later\"", "move = \"x\"", "`y` is not a queue"]),
    ] {
        let faults = parse(&format!("{MAILBOX}{text}\n")).unwrap_err();
        assert_eq!(faults.len(), wanted.len(), "{faults:?}");
        for word in wanted {
            assert!(faults.iter().any(|fault| fault.message.contains(word)), "{word}: {faults:?}");
        }
    }
}

#[test]
fn a_name_that_is_not_there_comes_with_those_that_are() {
    for (text, wanted) in [
        ("[desk]\ntimezone = \"Tokyo\"", "IANA name such as Asia/Tokyo"),
        ("[[calendars]]\nname = \"a\"\ntimezone = \"JST\"\nhours = { mon = \"9:00-10:00\" }", "Asia/Tokyo"),
        ("[[queues]]\nname = \"a\"\ncalendar = \"moon\"", "there are: business, always"),
        ("[[queues]]\nname = \"a\"\nsecond_line = \"b\"\n[[queues]]\nname = \"c\"", "there are: a, c"),
        ("[[sla]]\nname = \"a\"\nslo = { update = \"1h\" }\ncalendar = \"moon\"", "there are: business, always"),
        (
            "[[maintenance]]\nname = \"m\"\nfrom = \"2026-12-12 22:00\"\nto = \"2026-12-13 02:00\"\nwhat = { ja = \"x\" }",
            "both languages",
        ),
        ("[desk]\nname = \"a\"\nname = \"b\"", "duplicate key `name`"),
    ] {
        let faults = parse(&format!("{text}\n")).unwrap_err();
        assert!(faults.iter().any(|fault| fault.message.contains(wanted) && fault.line > 0), "{wanted}: {faults:?}");
    }
}

#[test]
fn request_types_of_reports_are_looked_up_only_where_they_are_written() {
    let text = "[report]\nincident_types = [\"incidnet\"]\ncomplaint_types = [\"complant\"]\n";
    let named = parse(text).unwrap().service.intents;
    assert_eq!(named, [(2, "incidnet".to_owned()), (3, "complant".to_owned())]);
    assert!(parse("[report]\noutages = 1\n").unwrap().service.intents.is_empty());
}
