//! The places that are told by HTTP: their connections, and how they are doing.

use std::sync::Arc;

use super::App;
use super::connections::{Tokens, token_source};
use crate::config::{BacklogLogin, NotifyKind, NotifySettings};
use crate::connectors::email::oauth::TokenSource;
use crate::connectors::email::probe::Probe;
use crate::connectors::notice::{CircuitState, Now, Sender};
use crate::domain::Timestamp;
use crate::workers::deliver::Deliverer;
use crate::workers::outlet::Outlet;

const MINUTE_MS: i64 = 60_000;

/// One deliverer for each request a place takes at a time: what one place does holds up no other.
pub(super) async fn deliverers(app: &App, tokens: &mut Vec<Tokens>) -> anyhow::Result<Vec<Deliverer>> {
    let mut all = Vec::new();
    for settings in &app.config.service.connections {
        let sender = sender(app, settings, tokens).await?;
        app.metrics.circuit(&settings.name, "closed");
        for number in 0..settings.at_once {
            all.push(Deliverer {
                store: app.store.clone(),
                source: settings.name.clone(),
                outlet: Outlet::Notice(Box::new(sender.clone())),
                keeps_copies: false,
                clock: app.clock.clone(),
                metrics: app.metrics.clone(),
                owner: format!("{}/notify-{}-{number}", app.owner, settings.name),
            });
        }
    }
    Ok(all)
}

async fn sender(app: &App, settings: &NotifySettings, tokens: &mut Vec<Tokens>) -> anyhow::Result<Sender> {
    let source: Option<Arc<TokenSource>> = match &settings.kind {
        NotifyKind::Backlog(backlog) => match &backlog.login {
            BacklogLogin::OAuth(oauth) => {
                Some(token_source(app, tokens, &format!("notify/{}", settings.name), oauth).await?)
            }
            BacklogLogin::ApiKey(_) => None,
        },
        NotifyKind::Webhook { .. } | NotifyKind::Pagerduty { .. } => None,
    };
    let clock = app.clock.clone();
    let now: Now = Arc::new(move || clock.now());
    Sender::new(settings, source, now).map_err(|fault| anyhow::anyhow!("[[notify]] {}: {fault}", settings.name))
}

/// Tries every place without telling it anything, and says what the process that sends knows of it.
///
/// # Errors
/// When the database fails, or a stored refresh token cannot be opened.
pub async fn probe_notices(app: &App) -> anyhow::Result<Vec<(String, Probe)>> {
    let now = app.clock.now();
    let (circuits, waiting) = (app.store.circuits().await?, app.store.notices_waiting().await?);
    let mut found = Vec::new();
    for settings in &app.config.service.connections {
        let name = &settings.name;
        let finding = sender(app, settings, &mut Vec::new()).await?.probe().await;
        let mut said = vec![match &finding.outcome {
            Ok(said) | Err(said) => format!("{}: {said}", finding.what),
        }];
        let circuit = circuits.iter().find(|circuit| circuit.name == *name);
        let state = circuit.map(|circuit| CircuitState {
            open_until: circuit.open_until,
            failures: circuit.failures,
            fault: circuit.fault.clone(),
        });
        let is_open = state.as_ref().is_some_and(|state| state.failures > 0);
        if let Some(state) = state.filter(|_| is_open) {
            said.push(format!(
                "circuit {}, {} failures in a row, last: {}",
                state.word(now),
                state.failures,
                state.fault
            ));
        }
        if let Some((_, count, since)) = waiting.iter().find(|(waits, ..)| waits == name) {
            said.push(format!("{count} waiting, the oldest for {} min", minutes(*since, now)));
        }
        let said = said.join("; ");
        let works = finding.outcome.is_ok() && !is_open;
        found.push((name.clone(), if works { Probe::Works(said) } else { Probe::Fails(said) }));
    }
    for (name, count, since) in &waiting {
        if !app.config.service.connections.iter().any(|settings| settings.name == *name) {
            let since = minutes(*since, now);
            let said = format!("{count} notices wait since {since} min for a place that is not in [[notify]] any more");
            found.push((name.clone(), Probe::Fails(said)));
        }
    }
    Ok(found)
}

const fn minutes(since: Timestamp, now: Timestamp) -> i64 {
    (now.0 - since.0) / MINUTE_MS
}
