//! What opens and joins nothing, and is dealt with at once.

use crate::domain::{IgnoreReason, InboxId, Language, Ticket};

/// What is done beside all tickets.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::decide) enum Aside<'a> {
    /// Said in the agents' room, and not about a ticket.
    Triage { because: &'static str },
    /// There is nothing to do it to, or it is not theirs to do.
    Nothing { because: String },
    /// Thanks, about nothing in particular.
    Courtesy,
    /// How their tickets stand.
    StatusList { tickets: Vec<&'a Ticket> },
    /// They want this language, or follow the message again.
    Language(Option<Language>),
    /// They want a linking code.
    CodeWanted,
    /// They asked for a code where others would read it.
    CodeInPublic,
    /// They typed a code.
    CodeTyped(Typed<'a>),
    /// A message that never belonged to a ticket was taken back.
    Forgets { inbox_id: InboxId },
}

/// What a typed code is worth.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::decide) enum Typed<'a> {
    /// It is that of somebody who writes from `owner`: they are one person.
    Right { owner: &'a str },
    /// It is their own, asked for with an address that is theirs already.
    Own,
    /// Unknown, used or too old.
    Wrong,
    /// Too many codes within an hour; it was not even looked at.
    TooOften,
}

impl Aside<'_> {
    /// The reason in the ledger.
    pub(in crate::decide) const fn reason(&self) -> IgnoreReason {
        match self {
            Self::Triage { .. } => IgnoreReason::Triage,
            Self::Nothing { .. } | Self::Forgets { .. } => IgnoreReason::NothingToDo,
            Self::Courtesy => IgnoreReason::Courtesy,
            Self::StatusList { .. } => IgnoreReason::StatusList,
            Self::Language(_) | Self::CodeWanted | Self::CodeInPublic | Self::CodeTyped(_) => IgnoreReason::Setting,
        }
    }

    /// For the trace.
    pub(in crate::decide) fn because(&self) -> String {
        match self {
            Self::Triage { because } => (*because).to_owned(),
            Self::Nothing { because } => because.clone(),
            Self::Courtesy => "thanks and the like, about no ticket of theirs".to_owned(),
            Self::StatusList { tickets } => {
                let names: Vec<String> = tickets.iter().map(|ticket| ticket.id.to_string()).collect();
                format!("asks how their tickets stand: {}", names.join(", "))
            }
            Self::Language(Some(language)) => format!("wants to be answered in `{language}`"),
            Self::Language(None) => "wants to be answered in the language they write in".to_owned(),
            Self::CodeWanted => "asks for a linking code".to_owned(),
            Self::CodeInPublic => "asks for a linking code where others would read it".to_owned(),
            Self::CodeTyped(Typed::Right { .. }) => "the linking code is right".to_owned(),
            Self::CodeTyped(Typed::Own) => "the linking code is their own".to_owned(),
            Self::CodeTyped(Typed::Wrong) => "the linking code is unknown, used or too old".to_owned(),
            Self::CodeTyped(Typed::TooOften) => "too many linking codes within an hour".to_owned(),
            Self::Forgets { inbox_id } => format!("message {inbox_id} belonged to no ticket and was taken back"),
        }
    }
}
