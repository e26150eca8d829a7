//! Tries each connection once and says in plain words what is wrong and how to mend it.

use super::clamd::{self, Verdict};
use super::imap::{ReceiveError, Receiver};
use super::settings::{ClamdSettings, ImapSettings, SmtpSettings};
use super::smtp::Sender;
use crate::connectors::SendError;

/// How a connection stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Probe {
    /// It works; what was seen.
    Works(String),
    /// It does not; what is wrong and what to do.
    Fails(String),
}

/// Connects, logs in, opens the folder and counts its mails. Changes nothing.
pub async fn probe_imap(settings: &ImapSettings) -> Probe {
    let mut receiver = Receiver::new("probe", settings.clone());
    let place = format!("IMAP {} port {}, folder {}", settings.host, settings.port, settings.folder);
    let listed = receiver.inventory().await;
    receiver.close().await;
    match listed {
        Ok(inventory) => Probe::Works(format!("{place}: {} mails", inventory.uids.len())),
        Err(ReceiveError::Transient { reason, .. }) => {
            Probe::Fails(format!("{place}: {reason}. Check host, port and firewall, then try again"))
        }
        Err(ReceiveError::NeedsOperator { reason, .. }) => Probe::Fails(format!("{place}: {reason}")),
    }
}

/// Connects and logs in. Sends nothing.
pub async fn probe_smtp(settings: &SmtpSettings) -> Probe {
    let mut sender = Sender::new(settings.clone());
    let place = format!("SMTP {} port {}", settings.host, settings.port);
    let opened = sender.try_connection().await;
    sender.close().await;
    match opened {
        Ok(()) => Probe::Works(format!("{place}: login accepted")),
        Err(SendError::Transient { reason, .. }) => {
            Probe::Fails(format!("{place}: {reason}. Check host, port and firewall, then try again"))
        }
        Err(SendError::Permanent { reason } | SendError::NeedsOperator { reason }) => {
            Probe::Fails(format!("{place}: {reason}"))
        }
    }
}

/// Scans a few harmless bytes.
pub async fn probe_clamd(settings: &ClamdSettings) -> Probe {
    match clamd::scan(settings, b"harmless").await {
        Verdict::Clean => Probe::Works("clamd: answers".to_owned()),
        Verdict::Infected(name) => Probe::Fails(format!("clamd: calls a harmless text {name}; check its signatures")),
        Verdict::Unscanned(reason) => {
            Probe::Fails(format!("clamd: {reason}. Start clamav-daemon, or correct its address"))
        }
    }
}
