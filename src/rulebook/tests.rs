//! Rules as a lead writes them, on the shipped request types: what `check` says of them.

use std::path::Path;
use std::sync::LazyLock;

use super::lint::{self, Findings};
use crate::app;
use crate::config::Config;
use crate::content;
use crate::domain::Catalog;

static SHIPPED: LazyLock<Catalog> = LazyLock::new(|| {
    let config = Config::parse(Path::new("madoguchi.toml"), "", &[]).unwrap();
    app::catalog(&config).unwrap()
});

/// The shipped catalog with the rules of `text` in place of its own.
fn catalog(text: &str) -> Catalog {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("rules.toml"), text).unwrap();
    let (content, faults) = content::load(dir.path(), Path::new("knowledge-base"));
    let told: Vec<String> =
        faults.iter().map(ToString::to_string).filter(|fault| fault.contains("rules.toml")).collect();
    assert!(told.is_empty(), "{}\n{text}", told.join("\n"));
    Catalog { rulebook: content.rulebook, ..SHIPPED.clone() }
}

fn found(text: &str) -> Findings {
    lint::check(&catalog(text))
}

fn rule(id: &str, rest: &str) -> String {
    format!("[[rules]]\nid = \"{id}\"\n{rest}\n")
}

const ACME: &str = "[[customers]]\nname = \"acme\"\nmembers = [\"@acme.example\"]\n";

#[test]
fn the_shipped_rules_have_neither_faults_nor_warnings() {
    assert!(SHIPPED.rulebook.rules.len() >= 3);
    assert_eq!(lint::check(&SHIPPED), Findings::default());
}

#[test]
fn the_commented_rules_are_sound_once_the_comment_is_taken_away() {
    let text = std::fs::read_to_string("intents/rules.toml").unwrap();
    let (_, commented) = text.split_once("# ── to be adapted").unwrap();
    let rules: Vec<&str> = commented.lines().skip(1).map(|line| line.trim_start_matches("# ")).collect();
    let catalog = catalog(&rules.join("\n"));
    assert!(catalog.rulebook.rules.len() >= 4 && catalog.rulebook.customers.len() == 1);
    assert_eq!(lint::check(&catalog), Findings::default());
}

/// A rule, the line of the test that fails, and what is said of it.
const PROVED: &[(&str, usize, &str)] = &[
    (
        "when.text = ['vpn']\nthen.queue = 'network'\nexamples = ['vpn が切れる', 'wifi が切れる']",
        5,
        "`text` is not met",
    ),
    (
        "when.text = ['vpn']\nthen.queue = 'network'\nexamples = ['VPNが切れる']\ncounterexamples = ['ＶＰＮの料金']",
        6,
        "counterexample: text `vpn`",
    ),
    (
        "when.channel = 'slack'\nthen.queue = 'network'\nexamples = [{ channel = 'email' }]",
        5,
        "`channel` is not met (there is `email`)",
    ),
    (
        "when.channel = 'slack'\nthen.queue = 'network'\nexamples = ['x']\ncounterexamples = [{ channel = 'slack', text = 'x' }]",
        6,
        "counterexample: channel `slack`",
    ),
    (
        "when.from = '@acme.example'\nthen.queue = 'network'\nexamples = [{ from = 'a@eu.acme.example' }, { from = 'a@notacme.example' }]",
        5,
        "`from` is not met (there is `a@notacme.example`)",
    ),
    (
        "when.subject = ['^\\[alert\\]']\nthen.queue = 'network'\nexamples = [{ subject = '[ALERT] disk' }]\ncounterexamples = [{ subject = '[ALERT] disk', text = 'x' }]",
        6,
        "counterexample: subject",
    ),
    (
        "when.attachments = { type = 'image/', at_least = 2 }\nthen.queue = 'network'\nexamples = [{ attachments = ['a.png', 'b.jpg'] }, { attachments = ['a.png', 'b.pdf'] }]",
        5,
        "`attachments` is not met",
    ),
    (
        "when.attachments = { name = ['\\.pdf$'] }\nthen.queue = 'network'\nexamples = [{ attachments = ['Report.PDF application/pdf'] }]\ncounterexamples = [{ attachments = ['x.pdf'] }]",
        6,
        "attachments `x.pdf`",
    ),
    (
        "when.headers = { x-priority = '^1', list-id = 'ops' }\nthen.queue = 'network'\nexamples = [{ headers = { X-Priority = '1 (Highest)', List-Id = 'Ops' } }, { headers = { X-Priority = '1' } }]",
        5,
        "`headers` is not met",
    ),
    (
        "when.language = 'en'\nthen.queue = 'network'\nexamples = [{ language = 'ja' }]",
        5,
        "`language` is not met (there is `ja`)",
    ),
    (
        "when.time = { within = 'business' }\nthen.queue = 'network'\nexamples = [{ at = '2026-11-24T11:00:00+09:00' }, { at = '2026-11-23T11:00:00+09:00' }]",
        5,
        "Mon 11:00, outside business",
    ),
    (
        "when.intent = ['incident', 'none']\nthen.queue = 'network'\nexamples = [{ intent = 'none' }, { intent = 'restore' }]",
        5,
        "there is `restore`",
    ),
    (
        "when.intent = 'incident'\nwhen.probability = { at_least = 0.8 }\nthen.queue = 'network'\nexamples = [{ intent = 'incident', probability = 0.9 }, { probability = 0.7 }]",
        6,
        "there is `incident 0.700`",
    ),
    (
        "when.load = { queue = 'network', more_than = 5 }\nthen.queue = 'support'\nexamples = [{ load = { network = 6 } }, { load = { network = 5 } }]",
        5,
        "there is `network: 5`",
    ),
];

#[test]
fn tests_beside_a_rule_are_run_with_their_line() {
    for (rest, line, told) in PROVED {
        let findings = found(&rule("asked", rest));
        assert_eq!(findings.faults.len(), 1, "{rest}: {findings:#?}");
        let fault = &findings.faults[0];
        assert!(
            fault.line == *line && fault.message.contains(told) && fault.file.ends_with("rules.toml"),
            "{rest}: {fault}"
        );
    }
}

#[test]
fn what_is_not_there_is_a_fault() {
    for (rest, told) in [
        ("when.text = ['vpn']\nthen.queue = 'netwrok'", "queue `netwrok` is not there; known are"),
        ("when.text = ['vpn']\nthen.intent = 'vpn'", "request type `vpn` is not there"),
        ("when.customer = 'acme'\nwhen.text = ['vpn']\nthen.queue = 'network'", "customer `acme`"),
        ("when.text = ['vpn']\nwhen.time = { outside = 'night' }\nthen.queue = 'network'", "calendar `night`"),
        ("when.text = ['vpn']\nthen.reply = { article = 'no-such' }", "article `no-such`"),
        ("when.text = ['vpn']\nwhen.load = { queue = 'nowhere', more_than = 1 }\nthen.tags = ['x']", "queue `nowhere`"),
        ("when.text = ['vpn']\nthen.queue = 'network'\noverrides = ['later']", "an earlier rule `later`"),
    ] {
        let findings = found(&rule("asked", &format!("examples = ['vpn']\n{rest}")));
        assert!(findings.faults.iter().any(|fault| fault.message.contains(told)), "{rest}: {findings:#?}");
    }
}

/// Asserts that the rules of each text can be put in force, with this warning or with none.
fn warned<'t>(cases: impl IntoIterator<Item = (String, Option<&'t str>)>) {
    for (text, told) in cases {
        let findings = found(&text);
        assert_eq!(findings.faults, vec![], "{text}");
        match told {
            Some(told) => {
                assert!(
                    findings.warnings.iter().any(|one| one.message.contains(told)),
                    "{told}: {findings:#?}\n{text}"
                );
            }
            None => assert_eq!(findings.warnings, vec![], "{text}"),
        }
    }
}

#[test]
fn warnings_are_for_rules_that_work_and_should_not() {
    let vpn = "when.text = ['vpn']\nexamples = ['vpn']\n";
    warned([
        (
            rule("dead", "when.text = ['vpn', 'wifi']\nexamples = ['vpn']\nthen.tags = ['x']"),
            Some("no example matches `wifi`"),
        ),
        (rule("wide", "when.text = ['\\S']\nexamples = ['vpn']\nthen.tags = ['x']"), Some("matches nearly every text")),
        (rule("slow", "when.text = ['[a-z]+[0-9]+']\nexamples = ['web01']\nthen.tags = ['x']"), Some("no fixed words")),
        (rule("large", "when.text = ['vpn[^a]{1,900}x']\nexamples = ['vpnzx']\nthen.tags = ['x']"), Some("is large")),
        (
            rule(
                "chat",
                "when.channel = 'slack'\nwhen.subject = ['vpn']\nexamples = [{ subject = 'vpn' }]\nthen.tags = ['x']",
            ),
            Some("no subject"),
        ),
        (
            rule(
                "night",
                "when.time = { within = 'business', hours = '02:00-03:00' }\nexamples = ['x']\nthen.tags = ['x']",
            ),
            Some("no such time in a whole year"),
        ),
        (
            format!(
                "{ACME}{}",
                rule(
                    "nobody",
                    "when.from = 'a@other.example'\nwhen.customer = 'acme'\nexamples = ['x']\nthen.tags = ['x']"
                )
            ),
            Some("belongs to the customers"),
        ),
        (rule("both", &format!("{vpn}then.ignore = true\nthen.tags = ['x']")), Some("nothing else")),
        (
            rule("detail", &format!("{vpn}then.intent = 'restore'\nthen.slots = {{ colour = 'red' }}")),
            Some("has no detail `colour`"),
        ),
    ]);
}

#[test]
fn rules_that_hide_or_contradict_others_are_told() {
    let vpn = "when.text = ['vpn']\nexamples = ['vpn']\n";
    let stops = rule("first", &format!("{vpn}then.queue = 'network'\nthen.stop = true"));
    let goes_on = rule("first", &format!("{vpn}then.queue = 'network'"));
    let narrower = "when.text = ['vpn.{0,20}エラー']\nwhen.channel = 'email'\nexamples = ['VPN で エラー']\n";
    warned([
        (
            format!("{stops}{}", rule("second", &format!("{narrower}then.tags = ['x']"))),
            Some("`second` is never reached"),
        ),
        (format!("{stops}{}", rule("second", "when.text = ['wifi']\nexamples = ['wifi']\nthen.tags = ['x']")), None),
        (format!("{goes_on}{}", rule("second", &format!("{narrower}then.tags = ['x']"))), None),
        (
            format!("{goes_on}{}", rule("second", &format!("{narrower}then.queue = 'support'"))),
            Some("set different queues"),
        ),
        (
            format!("{goes_on}{}", rule("second", &format!("overrides = ['first']\n{narrower}then.queue = 'support'"))),
            None,
        ),
        (
            format!("{goes_on}{}", rule("second", "when.text = ['wifi']\nexamples = ['wifi']\nthen.queue = 'support'")),
            None,
        ),
        (
            format!(
                "{}{}",
                rule("day", "when.time = { within = 'business' }\nexamples = ['x']\nthen.queue = 'support'"),
                rule("night", "when.time = { outside = 'business' }\nexamples = ['x']\nthen.queue = 'network'")
            ),
            None,
        ),
    ]);
}
