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
    unknown
        .map(|(line, name)| Fault {
            file: config.file.display().to_string(),
            line: *line,
            message: format!("request type `{name}` is not in {}", config.intents.display()),
        })
        .collect()
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
