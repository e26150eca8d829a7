//! The policies and priority words that hold until the settings say otherwise: incidents with and without impact on their
//! own clocks around the day, everything else in business time.

use crate::domain::Priority;
use crate::domain::promise::{ClockKind, ClockLevel};
use crate::domain::schedule::Objective;
use crate::domain::service::{Closing, Policy, PriorityWords, Scope, Target};

use super::book::ALWAYS;

/// Request types that report an incident.
const INCIDENTS: [&str; 2] = ["incident", "security-incident"];
const WARN_PERCENT: u8 = 75;

/// The kinds that stand while a ticket waits for its requester.
pub const ALL_KINDS: &[ClockKind] = ClockKind::ALL;

/// Policies in the order they are tried.
#[must_use]
pub fn policies() -> Vec<Policy> {
    let incident = |priorities: &[Priority]| Scope {
        intents: INCIDENTS.map(str::to_owned).to_vec(),
        priorities: priorities.to_vec(),
        ..Scope::default()
    };
    let of = |priority| Scope { priorities: vec![priority], ..Scope::default() };
    let complaint = Scope { intents: vec!["complaint".to_owned()], ..Scope::default() };
    let minutes = |count| Some(Objective::Minutes(count));
    let next_day = Some(Objective::BusinessDays(1));
    let slo = |kind, time| Target { kind, level: ClockLevel::Slo, time };
    let urgent = || {
        vec![
            slo(ClockKind::FirstResponse, minutes(15)),
            slo(ClockKind::Update, minutes(60)),
            slo(ClockKind::Resolution, minutes(240)),
        ]
    };
    let mut contract = urgent();
    contract.push(Target { kind: ClockKind::FirstResponse, level: ClockLevel::Sla, time: minutes(30) });
    let noticed = vec![slo(ClockKind::FirstResponse, minutes(60)), slo(ClockKind::Resolution, minutes(1_440))];
    let soon = vec![slo(ClockKind::FirstResponse, minutes(60)), slo(ClockKind::Resolution, None)];
    let usual = vec![slo(ClockKind::FirstResponse, next_day), slo(ClockKind::Resolution, None)];
    vec![
        around_the_clock("incident-with-impact", incident(&[Priority::Critical]), contract),
        around_the_clock("incident-without-impact", incident(&[]), noticed),
        around_the_clock("critical", of(Priority::Critical), urgent()),
        in_queue_hours("complaint", complaint, usual.clone()),
        in_queue_hours("high", of(Priority::High), soon),
        in_queue_hours("standard", Scope::default(), usual),
    ]
}

/// When quiet tickets are closed: the requester is told in good time before that.
#[must_use]
pub fn closing() -> Closing {
    let days = |count| Some(Objective::BusinessDays(count));
    Closing { waiting: days(10), answered: days(5), resolved: days(5), warn: days(3), alone: None }
}

/// Words that say an incident touches nobody's work.
#[must_use]
pub fn words() -> Vec<PriorityWords> {
    let words = [
        "影響なし",
        "影響はなし",
        "影響はない",
        "影響はありません",
        "影響はございません",
        "影響は出ていません",
        "影響は今のところな",
        "影響は今のところあ",
        "no business impact",
        "no impact so far",
        "without impact",
        "no users are affected",
        "nobody is affected",
    ];
    vec![PriorityWords {
        name: "incident-without-impact".to_owned(),
        words: words.map(str::to_owned).to_vec(),
        intents: vec!["incident".to_owned()],
        at_least: None,
        at_most: Some(Priority::High),
    }]
}

fn around_the_clock(name: &str, scope: Scope, targets: Vec<Target>) -> Policy {
    Policy {
        calendar: Some(ALWAYS.to_owned()),
        warn_percent: vec![WARN_PERCENT],
        ..in_queue_hours(name, scope, targets)
    }
}

fn in_queue_hours(name: &str, scope: Scope, targets: Vec<Target>) -> Policy {
    Policy {
        name: name.to_owned(),
        scope,
        targets,
        calendar: None,
        warn_percent: Vec::new(),
        pauses: ALL_KINDS.to_vec(),
        approval_pauses: vec![ClockKind::Update, ClockKind::Resolution],
        bot_counts: false,
    }
}
