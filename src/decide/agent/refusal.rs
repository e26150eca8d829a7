//! Why an agent's action makes no sense, in words.

use crate::domain::{InboxId, TicketId};

/// Why an action makes no sense.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// It lives on in another ticket.
    #[error("{ticket} was merged into {into}; act on {into}")]
    Merged {
        /// The ticket named.
        ticket: TicketId,
        /// Where to act.
        into: TicketId,
    },
    /// It is so already.
    #[error("{ticket} is {state} already")]
    Already {
        /// The ticket named.
        ticket: TicketId,
        /// Its state.
        state: String,
    },
    /// No such queue.
    #[error("there is no queue `{queue}`; there are: {known}")]
    UnknownQueue {
        /// The name given.
        queue: String,
        /// The names there are.
        known: String,
    },
    /// Nothing is written.
    #[error("the reply to {ticket} has no text")]
    EmptyText {
        /// The ticket named.
        ticket: TicketId,
    },
    /// The name of an agent is blank.
    #[error("an agent needs a name")]
    EmptyName,
    /// The requester cannot be written to.
    #[error("the requester of {ticket} has no address that can be written to")]
    NoAddress {
        /// The ticket named.
        ticket: TicketId,
    },
    /// A ticket cannot be merged into itself.
    #[error("{ticket} cannot be merged into itself")]
    SameTicket {
        /// The ticket named.
        ticket: TicketId,
    },
    /// The message is not on the ticket.
    #[error("message {message} is not on {ticket}")]
    NotOnTicket {
        /// The ticket named.
        ticket: TicketId,
        /// The inbox row named.
        message: InboxId,
    },
    /// The message that opened a ticket cannot leave it.
    #[error("message {message} opened {ticket} and cannot be split off it")]
    FirstMessage {
        /// The ticket named.
        ticket: TicketId,
        /// The inbox row named.
        message: InboxId,
    },
    /// A correction that corrects nothing.
    #[error("name what should have been decided on {ticket}: --intent, --queue, --priority or --article")]
    NothingNamed {
        /// The ticket named.
        ticket: TicketId,
    },
    /// No such request type or article.
    #[error("there is no {what} `{id}`")]
    Unknown {
        /// What was looked for.
        what: &'static str,
        /// The id given.
        id: String,
    },
    /// Work was not approved yet.
    #[error("{ticket} waits for approval; `ticket approve {ticket}` or `ticket decline {ticket}` first")]
    NotApproved {
        /// The ticket named.
        ticket: TicketId,
    },
    /// Nothing waits for leave.
    #[error("nothing on {ticket} waits for approval")]
    NothingToApprove {
        /// The ticket named.
        ticket: TicketId,
    },
    /// Nobody closes it alone.
    #[error(
        "{ticket} is not closed by one person alone; name a second with --with NAME, or wait for the requester's word"
    )]
    NotAlone {
        /// The ticket named.
        ticket: TicketId,
    },
    /// A service that was back before it was down, or is back in the future.
    #[error("the outage on {ticket} ends before it begins, or after now")]
    Backwards {
        /// The ticket named.
        ticket: TicketId,
    },
    /// There is no complaint in it.
    #[error("{ticket} is no complaint; `complaint list` shows them")]
    NoComplaint {
        /// The ticket named.
        ticket: TicketId,
    },
    /// The words cannot be written.
    #[error("the reply to {ticket} cannot be worded: {because}")]
    Wording {
        /// The ticket named.
        ticket: TicketId,
        /// Why.
        because: String,
    },
}
