use std::path::Path;

use super::*;
use crate::config::Config;
use crate::domain::Fault;
use crate::domain::routing::Line;
use crate::domain::service::{Remedy, Trigger};

fn parse(text: &str) -> Result<Config, Vec<Fault>> {
    Config::parse(Path::new("desk/madoguchi.toml"), text, &[])
}

#[test]
fn absences_are_whole_days_or_hours() {
    let zone = chrono_tz::Asia::Tokyo;
    let shown = |text: &str| {
        absence(text, zone).map(|(from, to)| format!("{} {}", from.rfc3339(), to.rfc3339())).map_err(|_| ())
    };
    for (text, wanted) in [
        ("2026-12-24", Ok("2026-12-23T15:00:00.000Z 2026-12-24T15:00:00.000Z")),
        ("2026-12-24..2026-12-28", Ok("2026-12-23T15:00:00.000Z 2026-12-28T15:00:00.000Z")),
        ("2026-12-24 13:00..2026-12-24 17:00", Ok("2026-12-24T04:00:00.000Z 2026-12-24T08:00:00.000Z")),
        ("2026-12-28..2026-12-24", Err(&())),
        ("christmas", Err(&())),
    ] {
        assert_eq!(shown(text).as_deref(), wanted, "{text}");
    }
}

/// Three lines, two agents, a customer, a list and a rule.
const DESK: &str = r#"
[[mailboxes]]
name = "support"
address = "support@desk.example"
[[queues]]
name = "monitoring"
calendar = "always"
second_line = "support"
[[queues]]
name = "support"
second_line = "vendor"
assign = "round_robin"
default = true
[[queues]]
name = "vendor"
line = "vendor"
[[agents]]
name = "sato"
addresses = ["Sato@desk-people.example", "slack:U1"]
skills = ["linux"]
queues = ["support"]
absent = ["2026-12-24"]
[[agents]]
name = "mori"
[[customers]]
name = "acme"
addresses = ["@acme.example"]
account_engineer = "sato"
technical_engineer = "mori"
sla = ["gold"]
calendar = "always"
at_least = "high"
[[sla]]
name = "gold"
for = { customers = ["acme"] }
slo = { first_response = "15m" }
pause_while_unapproved = ["resolution"]
[[notify]]
name = "leads"
kind = "mail"
address = "leads@client.example"
[[contacts]]
name = "on-call"
contacts = ["sato", "technical_engineer", "leads"]
acknowledge_within = "15m"
rounds = 2
[[escalations]]
name = "page"
when = "queued"
for = { priorities = ["critical"] }
call = "on-call"
[[routing]]
name = "backups"
words = ["バックアップ"]
queue = "support"
skills = ["linux"]
[closing]
waiting = "10bd"
warn = "2bd"
alone = { priorities = ["low"] }
[problems]
times = 4
owner = "sato"
"#;

#[test]
fn people_and_ways_mean_what_they_say() {
    let config = parse(DESK).map_err(|faults| format!("{faults:#?}")).unwrap();
    let service = &config.service;
    let routing = &service.routing;
    assert_eq!(routing.default_queue.as_deref(), Some("support"));
    assert_eq!(
        ["monitoring", "support", "vendor"].map(|queue| routing.line(queue)),
        [Line::First, Line::Second, Line::Vendor]
    );
    assert_eq!(routing.strategy("support"), Strategy::RoundRobin);
    assert_eq!(routing.agent_at("SATO@desk-people.example").map(|agent| agent.name.as_str()), Some("sato"));
    let scope = &service.policies.as_ref().unwrap()[0].scope;
    assert_eq!(scope.requesters, ["@acme.example"], "a customer's name stands for its addresses");
    assert_eq!(service.vips[0].requesters, ["@acme.example"]);
    let list = &routing.lists[0];
    assert_eq!((list.contacts.len(), list.wait_minutes, list.rounds), (3, 15, 2));
    assert_eq!(service.escalations[0].trigger, Trigger::Queued);
    assert_eq!(service.escalations[0].remedies, [Remedy::Call { list: "on-call".into() }]);
    assert_eq!((service.problems.times, service.problems.days), (4, 30));
    assert!(service.closing.as_ref().unwrap().answered.is_none());
    assert!(parse("").unwrap().service.closing.is_none(), "what ships holds");
}

#[test]
fn every_fault_is_named_with_its_line() {
    for (from, to, word) in [
        ("second_line = \"vendor\"", "second_line = \"monitoring\"", "leads back"),
        ("assign = \"round_robin\"", "assign = \"lottery\"", "lottery"),
        ("name = \"vendor\"\nline", "name = \"vendor\"\nassign = \"least_loaded\"\nline", "no [[agents]]"),
        ("\nline = \"vendor\"", "\nline = \"third\"", "third"),
        ("\nline = \"vendor\"", "\ndefault = true", "of support already"),
        ("name = \"mori\"", "name = \"sato\"", "there twice"),
        ("name = \"mori\"", "name = \"mori\"\naddresses = [\"slack:u1\"]", "of sato already"),
        ("\"slack:U1\"", "\"irc:u1\"", "irc:u1"),
        ("queues = [\"support\"]", "queues = [\"suport\"]", "suport"),
        ("absent = [\"2026-12-24\"]", "absent = [\"soon\"]", "soon"),
        ("account_engineer = \"sato\"", "account_engineer = \"satou\"", "satou"),
        ("addresses = [\"@acme.example\"]", "addresses = [\"acme\"]", "`acme`"),
        ("sla = [\"gold\"]", "sla = [\"silver\"]", "silver"),
        ("calendar = \"always\"\nat_least", "calendar = \"moon\"\nat_least", "moon"),
        ("customers = [\"acme\"]", "customers = [\"akme\"]", "akme"),
        ("pause_while_unapproved = [\"resolution\"]", "pause_while_unapproved = [\"lunch\"]", "lunch"),
        ("contacts = [\"sato\",", "contacts = [\"mori\",", "no mail address"),
        ("contacts = [\"sato\",", "contacts = [\"nobody\",", "nobody"),
        ("acknowledge_within = \"15m\"", "acknowledge_within = \"1bd\"", "acknowledge_within"),
        ("rounds = 2", "rounds = 0", "rounds"),
        ("call = \"on-call\"", "call = \"off-call\"", "off-call"),
        ("when = \"queued\"", "when = \"queued\"\nafter = \"5m\"", "after"),
        ("queue = \"support\"\nskills", "queue = \"spport\"\nskills", "spport"),
        ("skills = [\"linux\"]\n[closing]", "skills = [\"cobol\"]\n[closing]", "cobol"),
        ("words = [\"バックアップ\"]\n", "", "fits every ticket"),
        ("warn = \"2bd\"", "warn = \"10bd\"", "below waiting"),
        ("waiting = \"10bd\"", "waiting = \"long\"", "long"),
        ("alone = { priorities = [\"low\"] }", "alone = { priorities = [\"tiny\"] }", "tiny"),
        ("times = 4", "times = 1", "times"),
        ("owner = \"sato\"", "owner = \"suto\"", "suto"),
    ] {
        assert!(DESK.contains(from), "{from}");
        let faults = parse(&DESK.replacen(from, to, 1)).err().unwrap_or_default();
        let named = faults.iter().any(|fault| fault.line > 0 && fault.message.contains(word));
        assert!(named, "{to}: {faults:?}");
    }
}
