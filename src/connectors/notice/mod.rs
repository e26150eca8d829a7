//! Places that are told by HTTP: signed webhooks, PagerDuty, Backlog. A notice may be handed over twice (the answer was lost, the
//! process died): each place is talked to in such a way that the second time changes nothing.

mod backlog;
mod backlog_text;
mod circuit;
mod http;
mod pagerduty;
mod webhook;

use std::sync::Arc;

pub use circuit::{Circuit, CircuitState};
pub use webhook::signature;

use super::email::oauth::TokenSource;
use super::{Finding, Posted, SendError};
use crate::config::{NotifyKind, NotifySettings};
use crate::domain::{Outbound, Timestamp};

/// What time it is.
pub type Now = Arc<dyn Fn() -> Timestamp + Send + Sync>;

/// The connection to one place. Clones share its circuit.
#[derive(Clone)]
pub struct Sender {
    name: String,
    place: Arc<Place>,
    circuit: Arc<Circuit>,
    now: Now,
}

enum Place {
    Webhook(webhook::Webhook),
    Pagerduty(pagerduty::Pagerduty),
    Backlog(Box<backlog::Backlog>),
}

/// What was sent before.
#[derive(Clone, Copy, Debug, Default)]
pub struct Before<'a> {
    /// Where the last notice about the ticket stands there.
    pub reference: Option<&'a str>,
    /// This notice was tried before and may be out already.
    pub tried: bool,
}

impl Sender {
    /// The connection to the place of `settings`. `tokens` are needed where it is signed in to by OAuth.
    ///
    /// # Errors
    /// A certificate file cannot be read.
    pub fn new(settings: &NotifySettings, tokens: Option<Arc<TokenSource>>, now: Now) -> Result<Self, String> {
        let client = http::Client::new(settings, now.clone())?;
        let place = match &settings.kind {
            NotifyKind::Webhook { url, secrets } => {
                Place::Webhook(webhook::Webhook::new(client, url.clone(), secrets.clone()))
            }
            NotifyKind::Pagerduty { api_url, routing_key, severities } => {
                Place::Pagerduty(pagerduty::Pagerduty::new(client, api_url, routing_key.clone(), severities.clone())?)
            }
            NotifyKind::Backlog(backlog) => {
                Place::Backlog(Box::new(backlog::Backlog::new(client, (**backlog).clone(), tokens)))
            }
        };
        let circuit = Arc::new(Circuit::default());
        Ok(Self { name: settings.name.clone(), place: Arc::new(place), circuit, now })
    }

    /// The place's name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// How the place is doing.
    #[must_use]
    pub fn circuit(&self) -> &Circuit {
        &self.circuit
    }

    /// Tells the place. Returns where the notice stands there, for places that keep it.
    ///
    /// # Errors
    /// Why it was not taken, and whether to try again.
    pub async fn send(&self, outbound: &Outbound, before: Before<'_>) -> Result<Option<Posted>, SendError> {
        let Some(notice) = &outbound.notice else {
            return Err(SendError::Permanent { reason: "there is nothing in it for this place".to_owned() });
        };
        let now = (self.now)();
        let sent = match &*self.place {
            Place::Webhook(webhook) => webhook.send(outbound, notice, now).await.map(|()| None),
            Place::Pagerduty(pagerduty) => pagerduty.send(outbound, notice).await.map(|()| None),
            Place::Backlog(backlog) => backlog.send(outbound, notice, before, now).await.map(Some),
        };
        self.circuit.note(&sent, (self.now)());
        sent
    }

    /// What `doctor` finds out without telling anybody anything.
    pub async fn probe(&self) -> Finding {
        let (what, outcome) = match &*self.place {
            Place::Webhook(webhook) => (format!("webhook {}", webhook.host()), webhook.probe().await),
            Place::Pagerduty(pagerduty) => (format!("PagerDuty {}", pagerduty.host()), pagerduty.probe().await),
            Place::Backlog(backlog) => (format!("Backlog {}", backlog.host()), backlog.probe().await),
        };
        Finding { what, outcome }
    }
}
