//! The service rules of a catalog: what the settings say, what ships where they say nothing, and the calendars' tables.

use sha2::{Digest, Sha256};

use crate::config::Config;
use crate::domain::catalog::Catalog;
use crate::domain::schedule::Timetable;
use crate::domain::{Fault, Intent, ServiceRules};
use crate::sla::shipped;

/// The service rules of the settings.
pub(super) fn rules(config: &Config) -> ServiceRules {
    let service = &config.service;
    ServiceRules {
        version: String::new(),
        policies: service.policies.clone().unwrap_or_else(shipped::policies),
        escalations: service.escalations.clone(),
        targets: service.targets.clone(),
        matrix: service.matrix,
        vips: service.vips.clone(),
        words: service.words.clone().unwrap_or_else(shipped::words),
        routing: service.routing.clone(),
        closing: service.closing.clone().unwrap_or_else(shipped::closing),
        problems: service.problems.clone(),
        questions: service.questions.clone(),
        maintenance: service.maintenance.clone(),
        alerts: config.alerts.iter().map(|alerts| alerts.source.clone()).collect(),
        timetables: config.calendars.iter().cloned().map(Timetable::new).collect(),
    }
}

/// Request types that the settings name and the content does not have.
pub(super) fn unknown_intents(config: &Config, intents: &[Intent]) -> Vec<Fault> {
    let unknown = config.service.intents.iter().filter(|(_, name)| !intents.iter().any(|intent| intent.id == *name));
    let known: Vec<&str> = intents.iter().map(|intent| intent.id.as_str()).collect();
    unknown
        .map(|(line, name)| Fault {
            file: config.file.display().to_string(),
            line: *line,
            message: format!(
                "request type `{name}` is not in {}; known are {}",
                config.intents.display(),
                known.join(", ")
            ),
        })
        .collect()
}

/// Rules that move to the second line, where a ticket they fire for may be in a queue that has none: it would stay where it is.
/// A rule that names no queues also fires in those at the top, which is what its writer expects.
pub(super) fn stuck_moves(config: &Config) -> Vec<Fault> {
    let is_top = |name: &str| config.queues.iter().any(|queue| queue.second_line.as_deref() == Some(name));
    let mut found = Vec::new();
    for (line, name) in &config.service.moves_up {
        let Some(rule) = config.service.escalations.iter().find(|rule| rule.name == *name) else { continue };
        let named = &rule.scope.queues;
        let fires_in =
            |queue: &str| if named.is_empty() { !is_top(queue) } else { named.iter().any(|name| name == queue) };
        let stuck = config.queues.iter().filter(|queue| queue.second_line.is_none() && fires_in(&queue.name));
        let stuck: Vec<&str> = stuck.map(|queue| queue.name.as_str()).collect();
        if !stuck.is_empty() {
            let message = format!(
                "[[escalations]] {name}: move = \"second_line\" does nothing in {}: no second_line there; name the queues in for, or a queue in move",
                stuck.join(", ")
            );
            found.push(Fault { file: config.file.display().to_string(), line: *line, message });
        }
    }
    found
}

/// Names everything the clocks of a ticket depend on. Articles and wording are no part of it, so that a new article does not
/// set off a look at every open ticket.
pub(super) fn version(catalog: &Catalog) -> String {
    let times: Vec<_> = catalog.intents.iter().map(|intent| (&intent.id, intent.objective)).collect();
    let service = &catalog.service;
    let text = format!(
        "{:?}",
        (
            &service.policies,
            &service.escalations,
            &service.routing,
            &service.closing,
            &catalog.calendars,
            &catalog.queues,
            times
        )
    );
    hex::encode(&Sha256::digest(text)[..8])
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    const QUEUES: &str = "[[queues]]\nname = \"desk\"\nsecond_line = \"experts\"\n[[queues]]\nname = \"experts\"\n[[queues]]\nname = \"alone\"\n";

    fn warnings(scope: &str) -> Vec<Fault> {
        let text =
            format!("{QUEUES}[[escalations]]\nname = \"up\"\nwhen = \"breach\"\nmove = \"second_line\"\n{scope}\n");
        stuck_moves(&Config::parse(Path::new("desk/madoguchi.toml"), &text, &[]).unwrap())
    }

    #[test]
    fn a_move_up_from_a_queue_without_a_second_line_is_warned_of() {
        let found = warnings("");
        assert_eq!((found.len(), found[0].line), (1, 8), "{found:?}");
        assert!(found[0].message.contains("does nothing in alone:"), "{found:?}");
        assert!(warnings("for = { queues = [\"desk\"] }").is_empty());
        assert!(warnings("for = { queues = [\"desk\", \"experts\"] }")[0].message.contains("in experts:"));
    }

    #[test]
    fn an_unknown_request_type_comes_with_the_known_ones() {
        let text = "[report]\nincident_types = [\"incidnet\"]\n";
        let config = Config::parse(Path::new("desk/madoguchi.toml"), text, &[]).unwrap();
        let faults = unknown_intents(&config, &[]);
        assert!(faults[0].message.contains("`incidnet`") && faults[0].message.contains("known are"), "{faults:?}");
    }
}
