//! The ways out of the desk: how one message is handed to the other side, whatever the other side is.

use std::sync::Arc;

use tokio::sync::Mutex;

use crate::connectors::email::smtp::Sender;
use crate::connectors::scripted::Stage;
use crate::connectors::{Posted, SendError, discord, notice, slack};
use crate::domain::{Address, Channel, Outbound};
use crate::sla::retry::{CHAT, DELIVERY, NOTICE, RetryPlan};

/// One connection that can send.
pub enum Outlet {
    /// A mailbox.
    Mail {
        /// Its address and the name shown with it.
        from: Address,
        /// The connection.
        sender: Box<Mutex<Sender>>,
    },
    /// A Slack workspace.
    Slack(Box<slack::Sender>),
    /// A Discord server.
    Discord(Box<discord::Sender>),
    /// A place that is told by HTTP.
    Notice(Box<notice::Sender>),
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

/// What was sent before.
#[derive(Debug, Default)]
pub struct Earlier {
    /// The post that is to be changed.
    pub post: Option<String>,
    /// The same message was tried before, perhaps by another process, and may be out already.
    pub tried: bool,
}

impl Outlet {
    /// The channel whose messages go out here.
    #[must_use]
    pub const fn channel(&self) -> Channel {
        match self {
            Self::Mail { .. } => Channel::Email,
            Self::Slack(_) => Channel::Slack,
            Self::Discord(_) => Channel::Discord,
            Self::Notice(_) => Channel::Notify,
            Self::Scripted(_) => Channel::Web,
        }
    }

    /// When what could not be sent is tried again.
    #[must_use]
    pub const fn plan(&self) -> &'static RetryPlan {
        match self {
            Self::Notice(_) => &NOTICE,
            Self::Slack(_) | Self::Discord(_) => &CHAT,
            Self::Mail { .. } | Self::Scripted(_) => &DELIVERY,
        }
    }

    /// Whether the other side is worth a try; none where that is not watched.
    #[must_use]
    pub fn circuit(&self) -> Option<&notice::Circuit> {
        match self {
            Self::Notice(sender) => Some(sender.circuit()),
            Self::Mail { .. } | Self::Slack(_) | Self::Discord(_) | Self::Scripted(_) => None,
        }
    }

    /// Hands `outbound` over once `go` says so; a `go` that says no holds it back. `earlier` may name a post that is to be changed into it; ways out that cannot change
    /// anything send it as it is.
    ///
    /// # Errors
    /// Why it was not taken, and whether to try again.
    pub async fn send(
        &self,
        outbound: &Outbound,
        earlier: Earlier,
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
            Self::Slack(sender) => {
                let post = earlier.post.as_deref();
                let posted = if earlier.tried {
                    sender.send_again(outbound, post).await?
                } else {
                    sender.send(outbound, post).await?
                };
                Ok(Took { posted: Some(posted), not_for: Vec::new() })
            }
            Self::Discord(sender) => {
                let posted = sender.send(outbound, earlier.post.as_deref()).await?;
                Ok(Took { posted: Some(posted), not_for: Vec::new() })
            }
            Self::Notice(sender) => {
                let before = notice::Before { reference: earlier.post.as_deref(), tried: earlier.tried };
                let posted = sender.send(outbound, before).await?;
                Ok(Took { posted, not_for: Vec::new() })
            }
            Self::Scripted(stage) => {
                let posted = stage.post(outbound, earlier.post.as_deref());
                Ok(Took { posted: Some(posted), not_for: Vec::new() })
            }
        }
    }
}
