//! The ways out of the desk: how one message is handed to the other side, whatever the other side is.

use std::sync::Arc;

use tokio::sync::Mutex;

use crate::connectors::email::smtp::Sender;
use crate::connectors::scripted::Stage;
use crate::connectors::{Posted, SendError};
use crate::domain::{Address, Channel, Outbound};

/// One connection that can send.
pub enum Outlet {
    /// A mailbox.
    Mail {
        /// Its address and the name shown with it.
        from: Address,
        /// The connection.
        sender: Box<Mutex<Sender>>,
    },
    /// A chat service that is played: nothing leaves the process.
    Scripted(Arc<Stage>),
}

/// What the other side took.
#[derive(Debug, Default)]
pub struct Took {
    /// Where the post is now; none for mail.
    pub posted: Option<Posted>,
    /// Recipients it was not taken for, and why, while it was taken for others.
    pub not_for: Vec<String>,
}

impl Outlet {
    /// The channel whose messages go out here.
    #[must_use]
    pub const fn channel(&self) -> Channel {
        match self {
            Self::Mail { .. } => Channel::Email,
            Self::Scripted(_) => Channel::Web,
        }
    }

    /// Hands `outbound` over once `go` says so; a `go` that says no holds it back. `replaces` is the id of an earlier post that is to be changed into it; ways out that cannot change
    /// anything send it as it is.
    ///
    /// # Errors
    /// Why it was not taken, and whether to try again.
    pub async fn send(
        &self,
        outbound: &Outbound,
        replaces: Option<String>,
        go: impl Future<Output = bool> + Send,
    ) -> Result<Took, SendError> {
        match self {
            Self::Mail { from, sender } => {
                let sent = sender.lock().await.send_after(outbound, (from, &from.name), go).await?;
                let not_for = sent.refused.into_iter().chain(sent.deferred).map(|(_, reason)| reason);
                Ok(Took { posted: None, not_for: not_for.collect() })
            }
            _ if !go.await => Err(SendError::Transient {
                reason: "held back before it was handed over".to_owned(),
                retry_after_ms: None,
            }),
            Self::Scripted(stage) => {
                let posted = stage.post(outbound, replaces.as_deref());
                Ok(Took { posted: Some(posted), not_for: Vec::new() })
            }
        }
    }
}
