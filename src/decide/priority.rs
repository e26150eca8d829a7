//! How soon: impact × urgency in the settings' matrix, moved one step by what the requester wishes, then by the settings' words and
//! important people; words of a security incident are critical.

use super::case::Context;
use crate::domain::priority::Matrix;
use crate::domain::{Classification, Intent, Level, Message, Priority, Wish};
use crate::sla::book::is_among;

/// How soon the requester wants it: what they state as the priority (`優先度: 高`, `priority: low`), else what their words say. `None`
/// when they say nothing, or both.
pub(super) fn wish(message: &Message, classification: &Classification) -> Option<Level> {
    let stated = [&message.subject, &message.reply_text].into_iter().flat_map(|text| text.lines()).find_map(stated);
    stated.or_else(|| wish_in_words(classification))
}

fn wish_in_words(classification: &Classification) -> Option<Level> {
    match (classification.has(Wish::High), classification.has(Wish::Low)) {
        (true, false) => Some(Level::High),
        (false, true) => Some(Level::Low),
        (true, true) | (false, false) => None,
    }
}

/// A line that states a priority.
fn stated(line: &str) -> Option<Level> {
    let lower = line.to_lowercase();
    let (_, rest) = ["優先度", "優先順位", "priority"].iter().find_map(|name| lower.split_once(name))?;
    let value = rest.trim_start_matches(|c: char| c.is_whitespace() || ":\u{ff1a}=はが「[(\u{ff08}】]".contains(c));
    // Without anything between, it is part of another word or a sentence about priorities.
    if value.len() == rest.len() {
        return None;
    }
    let words = [
        (Level::High, ["高", "high", "urgent", "緊急"]),
        (Level::Medium, ["中", "medium", "normal", "通常"]),
        (Level::Low, ["低", "low", "minor", "検討"]),
    ];
    words.into_iter().find(|(_, words)| words.iter().any(|word| value.starts_with(word))).map(|(level, _)| level)
}

/// The priority and the figures it came from.
fn weighed(
    matrix: &Matrix,
    intent: Option<&Intent>,
    classification: &Classification,
    wish: Option<Level>,
) -> (Priority, String) {
    if classification.has(Wish::Security) {
        return (Priority::Critical, "words of a security incident: critical".to_owned());
    }
    // Whoever reads the history later may have another matrix before them.
    let own = if *matrix == Matrix::SHIPPED { "" } else { " by the desk's own matrix" };
    let (base, because) = match intent {
        None => (matrix.no_request_type, format!("no request type: {}{own}", matrix.no_request_type)),
        Some(intent) => {
            let base = matrix.of(intent.impact, intent.urgency);
            (base, format!("impact {} × urgency {} = {base}{own}", intent.impact, intent.urgency))
        }
    };
    match wish {
        Some(Level::High) => (raised(base), format!("{because}; wished sooner: {}", raised(base))),
        Some(Level::Low) => (lowered(base), format!("{because}; wished later: {}", lowered(base))),
        Some(Level::Medium) => (base, format!("{because}; wished as usual")),
        None => (base, because),
    }
}

/// The priority of a message, with everything that moved it.
pub(super) fn of_message(context: Context<'_>, intent: Option<&Intent>, message: &Message) -> (Priority, String) {
    let service = &context.catalog.service;
    let wished = wish(message, context.classification);
    let (mut priority, mut because) = weighed(&service.matrix, intent, context.classification, wished);
    let text = format!("{}\n{}", message.subject, message.reply_text).to_lowercase();
    if !context.classification.has(Wish::Security) {
        for rule in &service.words {
            let meant = rule.intents.is_empty() || intent.is_some_and(|intent| rule.intents.contains(&intent.id));
            let Some(word) = rule.words.iter().find(|word| meant && text.contains(word.as_str())) else { continue };
            let lifted = rule.at_least.map_or(priority, |least| priority.max(least));
            let moved = rule.at_most.map_or(lifted, |most| lifted.min(most));
            if moved != priority {
                because = format!("{because}; words `{}` (\"{word}\"): {moved}", rule.name);
                priority = moved;
            }
        }
    }
    for vip in service.vips.iter().filter(|vip| is_among(&vip.requesters, &message.from.address)) {
        let mut moved = priority;
        for _ in 0..vip.raise {
            moved = raised(moved);
        }
        moved = vip.floor.map_or(moved, |floor| moved.max(floor));
        if moved != priority {
            because = format!("{because}; important requester: {moved}");
            priority = moved;
        }
    }
    (priority, because)
}

const fn raised(priority: Priority) -> Priority {
    match priority {
        Priority::Low => Priority::Medium,
        Priority::Medium => Priority::High,
        Priority::High | Priority::Critical => Priority::Critical,
    }
}

const fn lowered(priority: Priority) -> Priority {
    match priority {
        Priority::Low | Priority::Medium => Priority::Low,
        Priority::High => Priority::Medium,
        Priority::Critical => Priority::High,
    }
}

#[cfg(test)]
mod tests {
    use super::super::fixture::{Scene, catalog, classified};
    use super::*;

    /// By the matrix that ships.
    fn usual(intent: Option<&Intent>, wishes: &[Wish]) -> (Priority, String) {
        let classification = classified(wishes);
        weighed(&Matrix::SHIPPED, intent, &classification, wish_in_words(&classification))
    }

    #[test]
    fn wishes_move_one_step_and_security_is_critical() {
        let catalog = catalog();
        let cases: [(Option<&str>, &[Wish], Priority); 9] = [
            (None, &[], Priority::Medium),
            (None, &[Wish::High], Priority::High),
            (None, &[Wish::Low], Priority::Low),
            (None, &[Wish::High, Wish::Low], Priority::Medium),
            (Some("restart_server"), &[], Priority::Medium),
            (Some("incident"), &[], Priority::Critical),
            (Some("incident"), &[Wish::High], Priority::Critical),
            (Some("incident"), &[Wish::Low], Priority::High),
            (None, &[Wish::Security, Wish::Low], Priority::Critical),
        ];
        for (intent, wishes, wanted) in cases {
            assert_eq!(usual(intent.and_then(|id| catalog.intent(id)), wishes).0, wanted, "{intent:?} {wishes:?}");
        }
        let high = Intent { urgency: Level::Medium, ..catalog.intent("incident").unwrap().clone() };
        assert_eq!(usual(Some(&high), &[Wish::High]).0, Priority::Critical);
    }

    #[test]
    fn the_shipped_matrix_is_the_usual_one() {
        use Priority::{Critical, High, Low, Medium};
        let catalog = catalog();
        let rows = [
            (Level::Low, [Low, Low, Medium]),
            (Level::Medium, [Low, Medium, High]),
            (Level::High, [Medium, High, Critical]),
        ];
        for (impact, row) in rows {
            for (urgency, wanted) in Level::ALL.iter().zip(row) {
                let intent = Intent { impact, urgency: *urgency, ..catalog.intent("incident").unwrap().clone() };
                let because = format!("impact {impact} × urgency {urgency} = {wanted}");
                assert_eq!(usual(Some(&intent), &[]), (wanted, because));
            }
        }
    }

    #[test]
    fn the_desks_own_matrix_is_gone_by_and_named() {
        let catalog = catalog();
        let mut matrix = Matrix { no_request_type: Priority::Low, ..Matrix::SHIPPED };
        matrix.cells[Level::Medium as usize][Level::Medium as usize] = Priority::High;
        let wished = classified(&[Wish::High]);
        let restart = weighed(&matrix, catalog.intent("restart_server"), &wished, Some(Level::High));
        let because = "impact medium × urgency medium = high by the desk's own matrix; wished sooner: critical";
        assert_eq!(restart, (Priority::Critical, because.to_owned()));
        let unknown = weighed(&matrix, None, &classified(&[]), None);
        assert_eq!(unknown, (Priority::Low, "no request type: low by the desk's own matrix".to_owned()));
        let security = weighed(&matrix, None, &classified(&[Wish::Security]), None);
        assert_eq!(security.0, Priority::Critical, "which no matrix makes light of");
    }

    #[test]
    fn a_decision_goes_by_the_matrix_of_its_catalog() {
        let scene = Scene::new("再起動", "web01").intent("restart_server", 0.99).with(|scene| {
            scene.catalog.service.matrix.cells[Level::Medium as usize][Level::Medium as usize] = Priority::Critical;
        });
        let decided = scene.decided();
        let because = decided.trace.iter().find(|step| step.check == "priority").map(|step| step.because.as_str());
        let wanted = "impact medium × urgency medium = critical by the desk's own matrix";
        assert_eq!((decided.priority, because), (Priority::Critical, Some(wanted)));
        let history = scene.planned().events;
        assert!(history.iter().any(|event| event.detail == format!("critical: {wanted}")), "{history:?}");
    }

    #[test]
    fn a_stated_priority_goes_before_words() {
        for (text, wanted) in [
            ("優先度: 高", Some(Level::High)),
            ("【優先度】中\n至急お願いします", Some(Level::Medium)),
            ("優先度は中です。\nよろしくお願いします", Some(Level::Medium)),
            ("Priority: low", Some(Level::Low)),
            ("priority = High please", Some(Level::High)),
            ("優先度を変更する方法", None),
            ("priorities: high", None),
            ("特になし", None),
        ] {
            let got = text.lines().find_map(stated);
            assert_eq!(got, wanted, "{text}");
        }
        let message = super::super::fixture::message("依頼", "優先度: 低\n至急");
        assert_eq!(wish(&message, &classified(&[Wish::High])), Some(Level::Low));
        assert_eq!(
            wish(&super::super::fixture::message("依頼", "至急"), &classified(&[Wish::High])),
            Some(Level::High)
        );
    }
}
