//! Forms and the app's page, shown beside the way of the events: nothing of it holds an acknowledgement up.
//!
//! `docs.slack.dev/interactivity/handling-user-interaction`: a trigger is good for 3 s.

use std::time::Duration;

use futures_util::StreamExt;
use serde_json::{Value, json};
use tokio::sync::mpsc;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use super::core::Core;
use super::form::{self, Origin};
use super::json::text;
use super::reading::{Show, Speaks};
use super::{ApiFault, home};
use crate::domain::{Language, Place};

/// Shown at the same time.
const AT_ONCE: usize = 8;
/// How long the desk may take to list a person's tickets.
const LIST: Duration = Duration::from_secs(5);

/// Shows what comes in until `stop`.
pub(super) async fn serve(core: &Core, waiting: mpsc::Receiver<Show>, stop: &CancellationToken) {
    futures_util::stream::unfold(waiting, |mut waiting| async { waiting.recv().await.map(|show| (show, waiting)) })
        .take_until(stop.cancelled())
        .for_each_concurrent(AT_ONCE, |one| async {
            let done = match one {
                Show::Home { user, speaks } => page(core, &user, speaks).await,
                Show::Form { trigger, user, origin } => open(core, &trigger, &user, origin).await,
                Show::FormAgain { view, user, intent } => again(core, &view, &user, intent).await,
            };
            if let Err(fault) = done {
                tracing::warn!(channel = "slack", "not shown: {fault}");
            }
        })
        .await;
}

/// The language somebody chose, else that of their programme.
async fn language(core: &Core, user: &str) -> Language {
    match core.desk.chosen_language(format!("slack:{user}")).await {
        Some(chosen) => chosen,
        None => own_language(core, user).await,
    }
}

async fn own_language(core: &Core, user: &str) -> Language {
    core.profiles.of(user).await.and_then(|known| known.language).unwrap_or(core.language)
}

async fn page(core: &Core, user: &str, speaks: Speaks) -> Result<(), ApiFault> {
    let chosen = match speaks {
        Speaks::Chosen(chosen) => chosen,
        Speaks::AsKnown => core.desk.chosen_language(format!("slack:{user}")).await,
    };
    let speaks = match chosen {
        Some(chosen) => chosen,
        None => own_language(core, user).await,
    };
    let tickets = match timeout(LIST, (core.desk.tickets_of)(format!("slack:{user}"), speaks)).await {
        Ok(Ok(tickets)) => tickets,
        Ok(Err(reason)) => {
            tracing::warn!(channel = "slack", "cannot list tickets: {reason}");
            return Ok(());
        }
        Err(_) => {
            tracing::warn!(channel = "slack", "cannot list tickets: no answer in time");
            return Ok(());
        }
    };
    let view = home::view(&tickets, speaks, chosen);
    core.api.write("views.publish", &json!({ "user_id": user, "view": view })).await.map(drop)
}

async fn open(core: &Core, trigger: &str, user: &str, mut origin: Origin) -> Result<(), ApiFault> {
    let speaks = language(core, user).await;
    if origin.place.is_none() {
        // Without it the answer goes to the person's id, which reaches them as well.
        if let Ok(room) = core.look_ups.direct(&core.api, user).await {
            origin.conversation = format!("slack:{room}");
            origin.place = Some(Place { room, thread: None, direct: true, triage: false });
        }
    }
    let view = form::view(&origin, &(core.desk.intents)(), speaks);
    core.api.write("views.open", &json!({ "trigger_id": trigger, "view": view })).await.map(drop)
}

/// Fields that keep their ids keep what was typed in them.
async fn again(core: &Core, view: &Value, user: &str, intent: Option<String>) -> Result<(), ApiFault> {
    let speaks = language(core, user).await;
    let origin = Origin { intent, ..Origin::of_view(view) };
    let body = json!({
        "view_id": text(view, "/id"),
        "hash": text(view, "/hash"),
        "view": form::view(&origin, &(core.desk.intents)(), speaks),
    });
    core.api.write("views.update", &body).await.map(drop)
}
