//! The words of chat: short, without greeting and signature, since everybody sees who speaks and where.

use super::{Template, Values, WordingFault, render_named};
use crate::domain::Language;
use crate::domain::words::words;

words! {
    /// A wording for chat; the name is that of its file under `chat/`.
    ChatTemplate {
        /// "We have it."
        Acknowledgement = "acknowledgement",
        /// An article answers.
        Answer = "answer",
        /// Articles that may answer, by their titles.
        Suggestion = "suggestion",
        /// Details are missing.
        Question = "question",
        /// How the ticket stands.
        Status = "status",
        /// The details are there now.
        SlotsReceived = "slots_received",
        /// People have it again.
        Reopened = "reopened",
        /// It went to the second line.
        Escalated = "escalated",
        /// An agent says it is done: did that solve it?
        Resolved = "resolved",
        /// An agent's own words.
        AgentReply = "agent_reply",
        /// Work may start.
        Approved = "approved",
        /// It is not to be done.
        Declined = "declined",
        /// How far an incident has come.
        Report = "report",
        /// The service is back.
        Recovered = "recovered",
        /// It will be closed unless somebody says something.
        Closing = "closing",
        /// The requester says it is solved.
        Solved = "solved",
        /// How all their tickets stand.
        StatusList = "status_list",
        /// In which language they are answered from now on.
        Language = "language",
        /// A linking code.
        Code = "code",
        /// Not here: others would read the code.
        CodeInPublic = "code_in_public",
        /// Two channels are one person's.
        Linked = "linked",
        /// The code does not link anything.
        NotLinked = "not_linked",
        /// What agents see of a ticket.
        Card = "card",
    }
}

impl From<Template> for ChatTemplate {
    fn from(template: Template) -> Self {
        match template {
            Template::Acknowledgement => Self::Acknowledgement,
            Template::Answer => Self::Answer,
            Template::Suggestion => Self::Suggestion,
            Template::Question => Self::Question,
            Template::Status => Self::Status,
            Template::SlotsReceived => Self::SlotsReceived,
            Template::Reopened => Self::Reopened,
            Template::Escalated => Self::Escalated,
            Template::Resolved => Self::Resolved,
            Template::AgentReply => Self::AgentReply,
            Template::Approved => Self::Approved,
            Template::Declined => Self::Declined,
            Template::Report => Self::Report,
            Template::Recovered => Self::Recovered,
            Template::Closing => Self::Closing,
        }
    }
}

/// The words of `template` in `language`.
///
/// # Errors
/// As [`super::render`].
pub(in crate::decide) fn render_chat(
    template: ChatTemplate,
    language: Language,
    values: &Values,
) -> Result<String, WordingFault> {
    render_named(&format!("chat/{language}/{template}"), (template.as_str(), language), values)
}

pub(super) const FILES: &[(&str, &str)] = super::template_files![
    "chat/";
    "acknowledgement",
    "answer",
    "suggestion",
    "question",
    "status",
    "slots_received",
    "reopened",
    "escalated",
    "resolved",
    "agent_reply",
    "approved",
    "declined",
    "report",
    "recovered",
    "closing",
    "solved",
    "status_list",
    "language",
    "code",
    "code_in_public",
    "linked",
    "not_linked",
    "card",
];
