//! Desk rules as a support lead sees them: written, checked, in force, counted, corrected, replayed.

use std::fs;

use serde_json::Value;

use super::harness::{Database, Desk, write};
use super::letter::Letter;
use super::on_both;

on_both! {
    rules_decide_are_counted_and_can_be_replayed
}

const RULES: &str = r#"
[[customers]]
name = "acme"
members = ["@acme.test"]

[[rules]]
id = "acme-rooms"
note = "Acme's rooms are booked by the accounts people."
when.customer = "acme"
when.text = ['meeting room']
then.queue = "accounts"
then.priority = "high"
then.tags = ["acme", "room"]
examples = [{ from = "a@acme.test", text = "Please prepare the meeting room" }]
counterexamples = [{ from = "a@other.test" }]

[[rules]]
id = "urgent-flag"
when.headers = { "x-ticket-flag" = '^urgent$' }
then.tags = ["flagged"]
then.stop = true
examples = [{ headers = { "X-Ticket-Flag" = "URGENT" } }]
counterexamples = [{ headers = { "X-Ticket-Flag" = "later" } }]

[[rules]]
id = "newsletter"
when.subject = ['newsletter']
then.ignore = true
examples = [{ subject = "Our Newsletter" }]

[[rules]]
id = "busy"
when.load = { queue = "accounts", more_than = 0 }
then.tags = ["busy"]
examples = [{ load = { accounts = 1 } }]

[[rules]]
id = "never"
when.from = "nobody@nowhere.test"
then.priority = "low"
examples = [{ from = "nobody@nowhere.test" }]
"#;

fn of<'a>(rows: &'a Value, rule: &str) -> &'a Value {
    rows.as_array().unwrap().iter().find(|row| row["rule"] == rule).unwrap_or_else(|| panic!("no {rule}: {rows}"))
}

async fn take(desk: &Desk, name: &str, letters: &[Letter]) -> Value {
    let folder = desk.path(name);
    for (number, letter) in letters.iter().enumerate() {
        write(&folder.join(format!("{number}.eml")), &String::from_utf8(letter.raw()).unwrap());
    }
    desk.json(&["ingest", &folder.display().to_string()]).await
}

async fn rules_decide_are_counted_and_can_be_replayed(database: Database) {
    let desk = Desk::new(database, "desk@example.test").await;
    write(&desk.path("intents/rules.toml"), RULES);
    assert_eq!(desk.json(&["check"]).await["ok"], true);
    let acme = |number: usize| Letter { from: format!("u{number}@acme.test"), ..Letter::request(number) };
    let flagged = Letter { headers: "X-Ticket-Flag: Urgent\r\n".to_owned(), ..Letter::request(3) };
    let news = Letter { subject: "Newsletter 11/2026".to_owned(), ..Letter::request(4) };
    take(&desk, "first", &[acme(0), acme(1), Letter::request(2), flagged, news]).await;
    // Now two wait in the queue, so the next one finds it busy.
    take(&desk, "second", &[Letter::request(5)]).await;

    let tickets = desk.tickets().await;
    let ticket = |number: usize| {
        let subject = format!("case-{number:06}");
        tickets.iter().find(|ticket| ticket["subject"] == subject.as_str()).unwrap_or_else(|| panic!("no {subject}"))
    };
    let first = ticket(0);
    assert_eq!((&first["queue"], &first["priority"]), (&"accounts".into(), &"high".into()), "{first}");
    assert_eq!(first["tags"], serde_json::json!(["acme", "room"]));
    assert_eq!(ticket(2)["tags"], serde_json::json!([]));
    assert_eq!(ticket(3)["tags"], serde_json::json!(["flagged"]));
    assert_eq!(ticket(5)["tags"], serde_json::json!(["busy"]));
    assert_eq!(desk.totals().await.ignored, 1);
    let ledger = desk.json(&["ledger", "--rows"]).await;
    assert!(ledger.to_string().contains("\"reason\":\"rule\""), "{ledger}");

    // A person sees why.
    let id = first["id"].as_str().unwrap();
    let shown = String::from_utf8(desk.run(&["ticket", "show", id]).await.stdout).unwrap();
    assert!(
        shown.contains("acme-rooms") && shown.contains("meeting room") && shown.contains("tags acme, room"),
        "{shown}"
    );
    let text = "Please prepare the meeting room 9 for our visitors.";
    let asked = ["ask", text, "--from", "x@acme.test", "--explain", "--lang"];
    for (language, words) in
        [("ja", ["顧客「acme」", "担当窓口 accounts"]), ("en", ["customer「acme」", "queue accounts"])]
    {
        let said = String::from_utf8(desk.run(&[&asked[..], &[language]].concat()).await.stdout).unwrap();
        assert!(words.iter().all(|word| said.contains(word)), "{said}");
        assert!(said.contains("Acme's rooms are booked"), "{said}");
    }

    are_counted(&desk, id).await;
    can_be_replayed(&desk).await;
}

async fn are_counted(desk: &Desk, id: &str) {
    // Hits, and what people corrected of them.
    desk.json(&["ticket", "correct", id, "--queue", "support", "--agent", "sato"]).await;
    let rows = desk.json(&["rules", "--desk"]).await;
    let row = of(&rows, "acme-rooms");
    assert_eq!(
        (&row["hits"], &row["set"], &row["judged"], &row["corrected"]),
        (&2.into(), &2.into(), &1.into(), &1.into())
    );
    assert_eq!(row["precision"], 0.5);
    assert!(row["precision_low"].as_f64().unwrap() < 0.2 && row["precision_high"].as_f64().unwrap() > 0.8, "{row}");
    assert!(row["last_hit_at"].is_string());
    for (rule, hits) in [("urgent-flag", 1), ("newsletter", 1), ("busy", 1), ("never", 0)] {
        assert_eq!(of(&rows, rule)["hits"], hits, "{rows}");
        assert_eq!(of(&rows, rule)["corrected"], 0);
    }
    assert!(of(&rows, "never")["last_hit_at"].is_null() && of(&rows, "never")["precision"].is_null());
    assert!(desk.json(&["rules"]).await.as_array().unwrap().len() > 5, "patterns of request types are listed as well");
}

async fn can_be_replayed(desk: &Desk) {
    // What a rule saw is kept with the decision: without a change every one is the same bit for bit.
    let same = desk.json(&["replay"]).await;
    assert_eq!((&same["decided"], &same["same"]), (&6.into(), &6.into()), "{same}");
    let other = desk.path("other-intents");
    fs::create_dir(&other).unwrap();
    for entry in fs::read_dir(desk.path("intents")).unwrap() {
        let path = entry.unwrap().path();
        fs::copy(&path, other.join(path.file_name().unwrap())).unwrap();
    }
    let changed = RULES
        .replace("then.queue = \"accounts\"\nthen.priority = \"high\"", "then.queue = \"support\"")
        .replace("then.ignore = true", "then.tags = [\"news\"]");
    write(&other.join("rules.toml"), &changed);
    let moved = desk.json(&["replay", "--intents", &other.display().to_string()]).await;
    assert_eq!(moved["queues"]["accounts → support"], 2, "{moved}");
    assert_eq!(moved["changes"]["mends_corrected"], 1, "{moved}");
    assert!(moved["priorities"].to_string().contains("high → "), "{moved}");
    assert!(moved["differences"].to_string().contains("\"ignore\""), "the newsletter would open a ticket: {moved}");
}

#[tokio::test]
async fn check_runs_the_tests_beside_rules_and_tells_warnings_from_faults() {
    let desk = Desk::new(Database::Sqlite, "desk@example.test").await;
    let file = desk.path("intents/rules.toml");
    let line = |text: &str, word: &str| text.lines().position(|line| line.contains(word)).unwrap() + 1;
    for (old, new, word) in [
        ("text = \"Please prepare the meeting room\"", "text = \"Please prepare the canteen\"", "`text` is not met"),
        (
            "counterexamples = [{ from = \"a@other.test\" }]",
            "counterexamples = [{ from = \"a@acme.test\" }]",
            "counterexample",
        ),
        ("then.queue = \"accounts\"", "then.queue = \"acounts\"", "acounts"),
        ("when.customer = \"acme\"", "when.customer = \"acne\"", "acne"),
        ("['newsletter']", "['newsletter(']", "not a regular expression"),
    ] {
        let text = RULES.replacen(old, new, 1);
        write(&file, &text);
        let said = desk.run(&["check"]).await;
        let told = String::from_utf8(said.stdout).unwrap();
        assert_eq!(said.status.code(), Some(1), "{new}: {told}");
        let at = format!("intents/rules.toml:{}:", line(&text, new));
        let rule_at = format!("intents/rules.toml:{}:", line(&text, "id = \"acme-rooms\"") - 1);
        assert!(
            told.lines().any(|one| (one.contains(&at) || one.contains(&rule_at)) && one.contains(word)),
            "{at} {word}: {told}"
        );
    }
    let shadowed = "[[rules]]\nid = \"all-acme\"\nwhen.customer = \"acme\"\nthen.tags = [\"x\"]\nthen.stop = true\n\
                    examples = [{ from = \"a@acme.test\" }]\n";
    write(&file, &RULES.replacen("[[rules]]", &format!("{shadowed}\n[[rules]]"), 1));
    let said = desk.run(&["check", "--json"]).await;
    let document: Value = serde_json::from_slice(&said.stdout).unwrap();
    assert_eq!((said.status.code(), &document["ok"]), (Some(0), &true.into()), "a warning is no fault: {document}");
    let warnings = document["warnings"].as_array().unwrap();
    assert!(warnings[0]["message"].as_str().unwrap().contains("`acme-rooms` is never reached"), "{document}");
}
