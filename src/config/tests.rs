//! Faults are found all at once, each with its line; good settings mean what they say.

use std::path::Path;

use secrecy::ExposeSecret;

use super::{After, Backfill, Config, Login, Tls};
use crate::domain::Fault;

fn parse(text: &str, overrides: &[&str]) -> Result<Config, Vec<Fault>> {
    let overrides: Vec<String> = overrides.iter().map(|text| (*text).to_owned()).collect();
    Config::parse(Path::new("desk/madoguchi.toml"), text, &overrides)
}

fn faults(text: &str) -> Vec<(usize, String)> {
    parse(text, &[]).unwrap_err().into_iter().map(|fault| (fault.line, fault.message)).collect()
}

const MAILBOX: &str = r#"
[[mailboxes]]
name = "support"
address = "support@desk.example"
[mailboxes.imap]
host = "imap.desk.example"
user = "u"
password = "p"
"#;

#[test]
fn the_example_file_and_an_empty_file_are_good() {
    let example = include_str!("../../madoguchi.example.toml");
    assert_eq!(parse(example, &[]).unwrap().mailboxes.len(), 1);
    let empty = parse("", &[]).unwrap();
    assert_eq!(empty.queues.len(), 7);
    assert!(empty.database_url.expose_secret().ends_with("desk/data/madoguchi.db"));
}

#[test]
fn every_setting_of_the_example_can_be_switched_on() {
    let example = include_str!("../../madoguchi.example.toml");
    let on: String = example
        .lines()
        .filter(|line| !line.contains("oauth2") && !line.contains("postgres://") && !line.contains("ca.pem"))
        .map(|line| {
            let plain = line.strip_prefix("# ").unwrap_or(line);
            let setting = plain.starts_with('[')
                || plain.split('=').next().is_some_and(|key| {
                    key.trim().chars().all(|c| c.is_ascii_lowercase() || c == '_') && plain.contains(" = ")
                });
            if setting { format!("{plain}\n") } else { format!("{line}\n") }
        })
        .collect::<String>()
        .replace("env:SLACK_APP_TOKEN", "x")
        .replace("env:SLACK_BOT_TOKEN", "x")
        .replace("env:MADOGUCHI_DISCORD_TOKEN", "x")
        .replace("env:MADOGUCHI_IMAP_PASSWORD", "x")
        .replace("env:MADOGUCHI_SMTP_PASSWORD", "x")
        .replace("env:PAGERDUTY_ROUTING_KEY", "0123456789abcdef0123456789abcdef")
        .replace("env:MADOGUCHI_WEBHOOK_SECRET", "whsec_MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=")
        .replace("env:BACKLOG_API_KEY", "x")
        .replace("env:MADOGUCHI_ALERT_TOKEN", "0123456789abcdefghijklmn");
    let config = parse(&on, &[]).map_err(|faults| format!("{faults:#?}\n{on}")).unwrap();
    assert!(config.scanner.is_some() && config.slack.is_some());
    assert!(config.mailboxes[0].imap.is_some() && config.mailboxes[0].smtp.is_some());
    assert!(config.calendars.iter().any(|calendar| calendar.name == "phone"));
}

#[test]
fn every_fault_is_reported_with_its_line() {
    let text = "[desk]\nnam = \"x\"\n[triage]\nanswer_precision = 95\n[console]\nlisten = \"here\"\n[[queues]]\nname = \"a\"\nsecond_line = \"b\"\n[slak]\n";
    let found = faults(text);
    let has = |line: usize, word: &str| found.iter().any(|(at, message)| *at == line && message.contains(word));
    assert!(has(2, "nam"), "{found:?}");
    assert!(has(4, "not a share"), "{found:?}");
    assert!(has(6, "127.0.0.1:8080"), "{found:?}");
    assert!(has(7, "second_line `b`"), "{found:?}");
    assert!(has(10, "unknown section `slak`"), "{found:?}");
}

#[test]
fn text_that_is_no_toml_is_refused_with_its_line() {
    assert_eq!(faults("[desk]\nname = \n").first().map(|fault| fault.0), Some(2));
}

#[test]
fn clear_text_is_for_loopback_only() {
    assert!(parse(&format!("{MAILBOX}tls = \"none\""), &[]).unwrap_err()[0].message.contains("loopback"));
    let local = format!("{MAILBOX}tls = \"none\"").replace("imap.desk.example", "127.0.0.1");
    assert_eq!(parse(&local, &[]).unwrap().mailboxes[0].imap.as_ref().unwrap().tls, Tls::None);
}

#[test]
fn mailboxes_have_ports_and_policies_by_default() {
    let config = parse(&format!("{MAILBOX}backfill = \"since:2026-10-01\"\nafter = \"move:Done\"\n"), &[]).unwrap();
    let imap = config.mailbox("support").unwrap().imap.clone().unwrap();
    assert_eq!((imap.port, imap.tls, imap.folder.as_str()), (993, Tls::Implicit, "INBOX"));
    assert_eq!(imap.after, After::Move("Done".into()));
    assert!(matches!(imap.backfill, Backfill::Since(_)));
    assert!(matches!(imap.login, Login::Password(_)));
    assert!(!format!("{config:?}").contains("\"p\""), "a secret is shown");
}

#[test]
fn set_lays_values_over_the_file() {
    let overrides = [
        "desk.name=Help",
        "mailboxes.support.imap.port=1143",
        "database.url=postgres://u@h/d",
        "limits.questions_per_ticket=5",
    ];
    let config = parse(MAILBOX, &overrides).unwrap();
    assert_eq!(config.desk_name, "Help");
    assert_eq!(config.mailboxes[0].imap.as_ref().unwrap().port, 1143);
    assert_eq!(config.database_url.expose_secret(), "postgres://u@h/d");
    assert_eq!(config.limits.questions_per_ticket, 5);
    assert!(parse("", &["nonsense"]).unwrap_err()[0].message.contains("section.key=value"));
    assert!(parse("", &["desk.nam=x"]).is_err());
    assert!(parse(MAILBOX, &["mailboxes.other.address=x@y"]).is_err());
}

#[test]
fn secrets_come_from_files_and_a_missing_one_is_named() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("secret"), "word\n").unwrap();
    let file = dir.path().join("madoguchi.toml");
    let read = |secret: &str| Config::parse(&file, &MAILBOX.replace("\"p\"", &format!("\"{secret}\"")), &[]);
    let Login::Password(password) = read("file:secret").unwrap().mailboxes[0].imap.clone().unwrap().login else {
        panic!()
    };
    assert_eq!(password.expose_secret(), "word");
    assert!(read("file:nowhere").unwrap_err()[0].message.contains("nowhere"));
    assert!(read("env:MADOGUCHI_NO_SUCH_NAME").unwrap_err()[0].message.contains("MADOGUCHI_NO_SUCH_NAME"));
}
