//! Desk rules on the small catalog: order, stop, what each action does and what it must not do.

use super::super::fixture::{Scene, both, ticket};
use crate::domain::rulebook::{
    Actions, Arrival, Condition, Conditions, Customer, DeskRule, Effect, Held, Load, Matched, RuleReply, Side, Written,
};
use crate::domain::{Decision, IgnoreReason, Priority, Rulebook, Status, Wish};

fn rule(id: &str, when: Conditions, then: Actions) -> DeskRule {
    DeskRule {
        id: id.into(),
        note: String::new(),
        overrides: Vec::new(),
        when,
        then,
        examples: Vec::new(),
        counterexamples: Vec::new(),
        line: 1,
    }
}

/// Holds for the customer `client`, whose person the fixture's writer is.
fn client() -> Conditions {
    Conditions { customers: vec!["client".into()], ..Conditions::default() }
}

fn on_text(word: &str) -> Conditions {
    Conditions { texts: vec![Written { pattern: word.into(), line: 1 }], ..Conditions::default() }
}

fn to(queue: &str) -> Actions {
    Actions { queue: Some(queue.into()), ..Actions::default() }
}

fn scene(rules: Vec<DeskRule>) -> Scene {
    let customers = vec![Customer { name: "client".into(), members: vec!["@client.example".into()], line: 1 }];
    let book = Rulebook { file: "rules.toml".into(), customers, rules };
    Scene::new("VPN", "VPN につながりません").with(|scene| scene.catalog.rulebook = book)
}

fn matched(rule: &str, words: &str) -> Matched {
    Matched { rule: rule.into(), held: Held { condition: Condition::Text, words: words.into() } }
}

#[test]
fn rules_apply_in_order_until_one_stops() {
    let tag = |tag: &str| Actions { tags: vec![tag.into()], ..Actions::default() };
    let ends = Actions { stop: true, ..to("operations") };
    let rules = vec![
        rule("first", client(), Actions { priority: Some(Priority::High), tags: vec!["a".into()], ..to("contracts") }),
        rule("other", on_text("nothing"), tag("never")),
        rule("second", client(), Actions { tags: vec!["a".into(), "b".into()], ..ends }),
        rule("third", client(), to("experts")),
    ];
    let decided = scene(rules).decided();
    assert_eq!((decided.queue.as_str(), decided.priority), ("operations", Priority::High));
    assert_eq!(decided.tags, ["a", "b"]);
    let told: Vec<(&str, Vec<Effect>, bool)> = decided
        .ruled
        .iter()
        .map(|ruled| (ruled.rule.as_str(), ruled.did.iter().map(|(effect, _)| *effect).collect(), ruled.stopped))
        .collect();
    // The first rule no longer answers for the queue: the second one changed it.
    assert_eq!(
        told,
        [("first", vec![Effect::Priority, Effect::Tags], false), ("second", vec![Effect::Queue, Effect::Tags], true)]
    );
    let steps: Vec<&str> =
        decided.trace.iter().filter(|step| step.check == "rule").map(|step| step.because.as_str()).collect();
    assert_eq!(
        steps[1], "`second`: customer \"client\" → queue operations, tags a, b; no further rule",
        "the trace has conditions, words and effects"
    );
}

#[test]
fn a_chosen_request_type_brings_its_queue_details_and_later_rules() {
    let chooses = Actions { intent: Some("restart_server".into()), ..Actions::default() };
    let later = Conditions { intents: vec!["restart_server".into()], ..Conditions::default() };
    let rules = vec![
        rule("chooses", on_text("つながりません"), chooses),
        rule(
            "sees-it",
            later,
            Actions { slots: [("operation".into(), "restart".into())].into(), ..Actions::default() },
        ),
    ];
    let scene = scene(rules).with(|scene| {
        scene.classification.matched.push(matched("chooses", "つながりません"));
        let slots = [("host".to_owned(), "web-01".to_owned())].into();
        scene.classification.rule_slots.insert("restart_server".into(), slots);
    });
    let decided = scene.decided();
    assert_eq!((decided.intent.as_deref(), decided.intent_probability), (Some("restart_server"), 1.0));
    assert_eq!(decided.queue, "operations");
    assert_eq!((decided.slots["host"].as_str(), decided.slots["operation"].as_str()), ("web-01", "restart"));
    assert_eq!(decided.decision, Decision::File);
    assert_eq!(decided.ruled.len(), 2);
}

#[test]
fn replies_buttons_and_ignored_mail_are_none_of_their_business() {
    let rules = || vec![rule("all", client(), Actions { priority: Some(Priority::Critical), ..to("experts") })];
    let book = scene(rules()).catalog.rulebook;
    let reply = Scene::reply(ticket(Status::Open), "まだです").with(|scene| scene.catalog.rulebook = book);
    let decided = reply.decided();
    assert!(matches!(decided.decision, Decision::FollowUp { .. }));
    assert_eq!((decided.queue.as_str(), decided.ruled.len()), ("desk", 0));
    let copy = scene(rules()).with(|scene| scene.known.duplicate = Some(None)).decided();
    assert!(copy.ruled.is_empty() && copy.trace.iter().all(|step| step.check != "rule"), "{copy:?}");
    let spam = scene(rules()).with(|scene| scene.message.spam = true).decided();
    assert_eq!(spam.decision, Decision::Ignore { reason: IgnoreReason::Spam });
    assert!(spam.ruled.is_empty());
}

#[test]
fn what_is_ignored_is_kept_with_its_reason() {
    let rules = vec![
        rule("quiet", client(), Actions { ignore: true, ..Actions::default() }),
        rule("after", client(), to("experts")),
    ];
    let changes = scene(rules.clone()).planned();
    let settled = changes.settled.unwrap();
    assert_eq!((settled.reason.as_str(), changes.tickets.len(), changes.outbound.len()), ("rule", 0, 0));
    assert!(changes.message.is_some(), "nothing vanishes");
    assert_eq!(settled.decided.unwrap().ruled.len(), 1);
    // What belongs to a ticket is never ignored.
    let book = scene(rules).catalog.rulebook;
    let reply = Scene::reply(ticket(Status::Open), "追加です").with(|scene| scene.catalog.rulebook = book);
    assert!(matches!(reply.decided().decision, Decision::FollowUp { .. }));
}

#[test]
fn a_named_article_is_sent_unless_something_bars_it() {
    let answers = |id: &str| {
        let reply = Some(RuleReply::Article(id.into()));
        scene(vec![rule("answers", client(), Actions { reply, ..Actions::default() })])
    };
    let answer = Decision::Answer { article: "vpn".into(), probability: 1.0 };
    let suggest = |id: &str| Decision::Suggest { articles: vec![id.into()] };
    assert_eq!(answers("vpn").decided().decision, answer);
    // Although its request type asks for work to be done.
    assert_eq!(answers("vpn").intent("improvement", 0.9).decided().decision, answer);
    assert_eq!(answers("price").decided().decision, suggest("price"));
    let refused = |scene: &Scene, why: &str| {
        let decided = scene.decided();
        assert!(!matches!(decided.decision, Decision::Answer { .. } | Decision::Suggest { .. }), "{why}");
        assert!(decided.trace.iter().any(|step| step.because.contains(why)), "{why}: {:?}", decided.trace);
    };
    refused(&answers("internal-note"), "no such public article");
    let from_list = answers("vpn").with(|scene| scene.message.no_auto_answer = Some("list".into()));
    refused(&from_list, "asks for no automatic answer");
    refused(&answers("vpn").intent("incident", 0.9), "critical");
    assert_eq!(answers("vpn").wishes(&[Wish::Security]).decided().decision.name(), "escalate");
}

#[test]
fn words_of_a_rule_stand_in_the_acknowledgement() {
    let reply = Some(RuleReply::Words(both("ただいま復旧作業中です。", "We are working on it.")));
    let rules = vec![rule("outage", client(), Actions { reply, ..Actions::default() })];
    let changes = scene(rules).article("vpn", 0.99).intent("restart_server", 0.9).planned();
    assert_eq!(changes.settled.unwrap().decided.unwrap().decision, Decision::File);
    assert!(changes.outbound[0].text.contains("ただいま復旧作業中です。"), "{}", changes.outbound[0].text);
}

#[test]
fn security_stays_critical_whatever_a_rule_says() {
    let rules = || vec![rule("calm", client(), Actions { priority: Some(Priority::Low), ..Actions::default() })];
    assert_eq!(scene(rules()).decided().priority, Priority::Low);
    assert_eq!(scene(rules()).wishes(&[Wish::Security]).decided().priority, Priority::Critical);
}

#[test]
fn time_load_and_probability_are_judged_with_what_was_known() {
    let time = |side, weekdays: &[u8], hours| Conditions {
        time: Some(Arrival { calendar: Some((side, "business".into())), weekdays: weekdays.to_vec(), hours }),
        ..Conditions::default()
    };
    let busy =
        |more_than| Conditions { loads: vec![Load { queue: "desk".into(), more_than }], ..Conditions::default() };
    let likely = |intent: &str, range| Conditions {
        intents: vec![intent.into()],
        probability: Some(range),
        ..Conditions::default()
    };
    // The fixture's message comes on a Sunday, 15:00.
    for (when, wanted) in [
        (time(Side::Outside, &[], None), true),
        (time(Side::Within, &[], None), false),
        (time(Side::Outside, &[6], Some((900, 960))), true),
        (time(Side::Outside, &[6], Some((960, 900))), false),
        (time(Side::Outside, &[6], Some((1320, 901))), true),
        (time(Side::Outside, &[5], None), false),
        (busy(4), true),
        (busy(5), false),
        (Conditions { loads: vec![Load { queue: "experts".into(), more_than: 0 }], ..Conditions::default() }, false),
        // Below the threshold for being taken, but likely enough for the rule.
        (likely("mail_trouble", (0.3, 1.0)), true),
        (likely("mail_trouble", (0.5, 1.0)), false),
        (Conditions { intents: vec!["mail_trouble".into()], ..Conditions::default() }, false),
        (Conditions { intents: vec!["none".into()], ..Conditions::default() }, true),
    ] {
        let rules = vec![rule("asked", when.clone(), to("experts"))];
        let scene = scene(rules).intent("mail_trouble", 0.4).with(|scene| {
            scene.known.loads.insert("desk".into(), 5);
        });
        assert_eq!(scene.decided().queue == "experts", wanted, "{when:?}");
    }
}
