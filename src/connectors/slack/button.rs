//! A button on its way through Slack: it travels as the button's `value` and comes back when it is pressed.
//!
//! Slack sends presses only to the app whose message they are under, so what comes back is what we wrote.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::json::{some_text, text};
use crate::domain::{Button, TicketId};

/// The longest `value` of a button (`docs.slack.dev/reference/block-kit/block-elements/button-element`).
pub(super) const VALUE_BYTES: usize = 2_000;
/// The longest `block_id`.
pub(super) const BLOCK_ID_CHARS: usize = 255;

/// A button and the ticket it is about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Travelling {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) ticket: Option<TicketId>,
    #[serde(flatten)]
    pub(super) button: Button,
}

impl Travelling {
    /// The text that travels; none when it is too long for Slack.
    pub(super) fn value(&self) -> Option<String> {
        serde_json::to_string(self).ok().filter(|value| value.len() <= VALUE_BYTES)
    }

    /// What came back with an action: in the value of a button or of a menu's choice, or in the block's id of a choice of people.
    pub(super) fn read(action: &Value) -> Option<Self> {
        let value = some_text(action, "/value")
            .or_else(|| some_text(action, "/selected_option/value"))
            .unwrap_or_else(|| text(action, "/block_id"));
        serde_json::from_str(value).ok()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_button_comes_back_as_it_went() {
        for button in [
            Button::Solved,
            Button::Article { id: "vpn \"x\"".into() },
            Button::Rate { score: 4 },
            Button::Join { into: TicketId(7) },
            Button::Details { intent: "restore".into() },
        ] {
            for ticket in [None, Some(TicketId(1042))] {
                let sent = Travelling { ticket, button: button.clone() };
                let value = sent.value().unwrap();
                assert_eq!(Travelling::read(&json!({ "value": value })), Some(sent.clone()));
                assert_eq!(Travelling::read(&json!({ "selected_option": { "value": value } })), Some(sent));
            }
        }
        assert_eq!(Travelling::read(&json!({ "value": "{\"button\":\"launch\"}" })), None);
        let long = Travelling { ticket: None, button: Button::Article { id: "x".repeat(2_000) } };
        assert_eq!(long.value(), None);
    }
}
