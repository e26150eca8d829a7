//! `rules.toml` on its own: what loads, and every fault with its line.

use std::path::Path;

use super::*;

const RULES: &str = r#"[[customers]]
name = "acme"
members = ["@Acme.example", "boss@group.example"]

[[rules]]
id = "acme-vpn"
note = "by contract"
when.channel = ["email", "slack"]
when.customer = "acme"
when.text = ['vpn.{0,9}エラー', 'error 0x[0-9a-f]+']
when.attachments = { type = ["image/"], at_most = 3 }
when.headers = { X-Priority = '^1' }
when.time = { outside = "business", weekdays = ["sat", "sun"], hours = "22:00-06:30" }
when.load = [{ queue = "network", more_than = 5 }]
when.probability = { at_least = 0.5 }
then.queue = "network"
then.tags = ["vip"]
then.slots = { host = "vpn01" }
then.reply = { ja = "確認中です。", en = "We look into it." }
then.stop = true
examples = ["VPN で エラー", { text = "error 0x42", at = "2026-11-22T23:00:00+09:00", attachments = ["a.png"], load = { network = 9 } }]
counterexamples = [{ channel = "web" }]
"#;

fn read(text: &str) -> (Rulebook, Vec<String>) {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("rules.toml"), text).unwrap();
    let (content, faults) = load(dir.path(), Path::new("no/such"));
    let prefix = format!("{}/", dir.path().display());
    let told = faults.iter().map(|fault| fault.to_string().replace(&prefix, ""));
    (content.rulebook, told.filter(|fault| fault.starts_with("rules.toml")).collect())
}

#[test]
fn a_rule_with_everything_loads() {
    let (book, faults) = read(RULES);
    assert_eq!(faults, Vec::<String>::new());
    assert_eq!(book.customers[0].members, ["@acme.example", "boss@group.example"]);
    let rule = &book.rules[0];
    let (when, then) = (&rule.when, &rule.then);
    assert_eq!((when.channels.len(), when.texts.len(), when.texts[0].line, rule.line), (2, 2, 10, 5));
    let attached = when.attachments.as_ref().unwrap();
    assert_eq!((attached.at_least, attached.at_most), (1, 3));
    assert_eq!(when.headers[0].name, "x-priority");
    let time = when.time.as_ref().unwrap();
    assert_eq!((time.weekdays.as_slice(), time.hours), ([5, 6].as_slice(), Some((1320, 390))));
    assert_eq!((when.loads[0].more_than, when.probability), (5, Some((0.5, 1.0))));
    assert!(then.stop && !then.ignore && then.reply.is_some() && then.slots["host"] == "vpn01");
    assert_eq!((rule.examples.len(), rule.examples[1].line, rule.counterexamples.len()), (2, 21, 1));
    assert_eq!(rule.examples[1].attachments.as_ref().unwrap()[0].1, "image/png");
}

#[test]
fn faults_name_their_line() {
    for (old, new, line, told) in [
        ("id = \"acme-vpn\"", "id = \"Acme VPN\"", 6, "cannot be an id"),
        ("note =", "remark =", 7, "unknown key `remark`"),
        ("\"slack\"]", "\"phone\"]", 8, "`channel`: `phone` is not one of"),
        ("'error 0x[0-9a-f]+'", "'error ('", 10, "not a regular expression"),
        ("'error 0x[0-9a-f]+'", "'.*'", 10, "matches the empty text"),
        ("'error 0x[0-9a-f]+'", "'(?:a{1,900}){1,900}'", 10, "not a regular expression"),
        ("'error 0x[0-9a-f]+'", "'Error'", 10, "capitals never match"),
        ("'error 0x[0-9a-f]+'", "'ｅｒｒｏｒ'", 10, "full-width letters never match"),
        ("at_most = 3", "at_least = 4, at_most = 3", 11, "never holds"),
        ("\"image/\"", "\"image\"", 11, "no media type"),
        ("outside = \"business\"", "outside = \"business\", within = \"business\"", 13, "either"),
        ("\"sun\"", "\"sunday\"", 13, "`sunday` is no day"),
        ("22:00-06:30", "22-6", 13, "are no hours"),
        ("more_than = 5", "more_than = -5", 14, "whole number"),
        (", more_than = 5", "", 14, "`more_than` is missing"),
        ("at_least = 0.5", "at_least = 50", 15, "never holds"),
        ("{ ja = \"確認中です。\", en = \"We look into it.\" }", "{ ja = \"確認中です。\" }", 19, "`en` is missing"),
        ("then.stop = true", "then.stop = 1", 20, "true or false"),
        ("23:00:00+09:00", "23:00", 21, "is no time"),
        ("[{ channel = \"web\" }]", "[{ colour = \"web\" }]", 22, "unknown key `colour`"),
        ("\"boss@group.example\"", "\"boss\"", 3, "no address"),
    ] {
        assert!(RULES.contains(old), "{old}");
        let (_, faults) = read(&RULES.replacen(old, new, 1));
        let begins = format!("rules.toml:{line}: ");
        assert!(faults.iter().any(|fault| fault.starts_with(&begins) && fault.contains(told)), "{new}: {faults:#?}");
    }
    let empty = "[[rules]]\nid = \"x\"\n";
    let faults = read(empty).1.join("\n");
    for told in ["no condition", "does nothing", "no examples"] {
        assert!(faults.contains(told), "{told}: {faults}");
    }
    let twice =
        format!("{RULES}{}", RULES.split_once("[[rules]]").map(|(_, rule)| format!("[[rules]]{rule}")).unwrap());
    assert!(read(&twice).1.iter().any(|fault| fault.contains("`acme-vpn` is defined already")));
}
