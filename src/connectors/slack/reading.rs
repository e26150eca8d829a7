//! What a payload of Slack means to the connector: what is stored, what is only shown, what is left alone. Pure.

use serde_json::{Value, json};

use super::button::Travelling;
use super::form::Origin;
use super::json::{items, some_text, text};
use super::said::{Deed, Said, instant};
use crate::config::SlackSettings;
use crate::domain::{Button, Channel, Language, Place, Received, Timestamp};

/// How a payload came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// `events_api`, or a request to the events address.
    Event,
    /// `interactive`.
    Interaction,
    /// `slash_commands`.
    Command,
}

/// In which language the page is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Speaks {
    /// As the desk knows it.
    AsKnown,
    /// Chosen this moment, and not decided yet; none follows what is written.
    Chosen(Option<Language>),
}

/// What is to be shown to a person. Nothing of it is stored.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Show {
    /// The person's tickets on the app's page.
    Home { user: String, speaks: Speaks },
    /// A form, in answer to what the person did.
    Form { trigger: String, user: String, origin: Origin },
    /// The same form with the details of another request type.
    FormAgain { view: Value, user: String, intent: Option<String> },
}

/// What a payload means.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Meaning {
    /// Nothing to do: why.
    Ignore(&'static str),
    /// To be stored. The cursor is how far the room has been read with it.
    Store { filing: Filing, cursor: Option<(String, String)> },
    /// To be stored when the thread is one of ours.
    IfOurs { filing: Filing, room: String, thread: String },
    /// A message that must be looked up first: somebody put the ticket reaction on it.
    LookUp { room: String, ts: String, user: String, at: String },
    /// To be stored once the person's direct conversation with the app is known.
    Direct { user: String, filing: Filing, then: Option<Show> },
    /// To be shown only.
    Show(Show),
    /// To be answered at once with words.
    Tell(&'static str),
}

/// A row to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Filing {
    pub(super) external_id: String,
    pub(super) conversation: String,
    /// None: as of now.
    pub(super) at: Option<Timestamp>,
    pub(super) hold_ms: i64,
}

impl Filing {
    pub(super) fn received(self, raw: &Value, now: Timestamp) -> Received {
        Received {
            channel: Channel::Slack,
            source: super::SOURCE.to_owned(),
            external_id: self.external_id,
            conversation: self.conversation,
            raw: raw.to_string().into_bytes(),
            full_size_bytes: None,
            arrived_at: self.at.unwrap_or(now),
            hold_ms: self.hold_ms,
            stale: false,
        }
    }
}

/// What `payload` means to the app whose user is `bot`.
pub(super) fn meaning(kind: Kind, payload: &Value, settings: &SlackSettings, bot: &str) -> Meaning {
    match kind {
        Kind::Event => event(payload, settings, bot),
        Kind::Interaction => interaction(payload, bot),
        Kind::Command => command(payload),
    }
}

fn event(payload: &Value, settings: &SlackSettings, bot: &str) -> Meaning {
    let Some(event) = payload.get("event") else { return Meaning::Ignore("no event") };
    match text(event, "/type") {
        "message" | "app_mention" => said(event, settings, bot),
        "reaction_added" => reaction(event, settings, bot),
        "app_home_opened" if text(event, "/tab") == "messages" => Meaning::Ignore("messages tab"),
        "app_home_opened" => {
            Meaning::Show(Show::Home { user: text(event, "/user").to_owned(), speaks: Speaks::AsKnown })
        }
        _ => Meaning::Ignore("event type"),
    }
}

fn said(event: &Value, settings: &SlackSettings, bot: &str) -> Meaning {
    let said = match Said::of_event(event) {
        Ok(said) if said.user() == bot => return Meaning::Ignore("own"),
        Ok(said) => said,
        Err(reason) => return Meaning::Ignore(reason),
    };
    let filing = filing(&said, settings);
    let called = text(event, "/type") == "app_mention" || said.mentions(bot);
    if called || said.direct || said.group || is_read(said.room, settings) {
        let cursor = (said.deed == Deed::Written).then(|| (said.room.to_owned(), said.ts.to_owned()));
        return Meaning::Store { filing, cursor };
    }
    match said.thread {
        Some(thread) if said.is_reply() => {
            Meaning::IfOurs { filing, room: said.room.to_owned(), thread: thread.to_owned() }
        }
        Some(_) | None => Meaning::Ignore("room"),
    }
}

/// Whether everything said in `room` is read.
pub(super) fn is_read(room: &str, settings: &SlackSettings) -> bool {
    settings.rooms.is_empty()
        || settings.rooms.iter().any(|wanted| wanted == room)
        || settings.triage.as_deref() == Some(room)
}

/// The row of a message. Written text waits for what the same person writes next; agents' answers do not.
pub(super) fn filing(said: &Said<'_>, settings: &SlackSettings) -> Filing {
    let is_text = said.deed == Deed::Written && !said.has_files() && !text(said.body, "/text").is_empty();
    let hold = is_text && settings.triage.as_deref() != Some(said.room);
    Filing {
        external_id: said.external_id(),
        conversation: said.conversation(),
        at: instant(said.at),
        hold_ms: if hold { i64::try_from(settings.burst.as_millis()).unwrap_or(i64::MAX) } else { 0 },
    }
}

fn reaction(event: &Value, settings: &SlackSettings, bot: &str) -> Meaning {
    let (user, item) = (text(event, "/user"), &event["item"]);
    if text(event, "/reaction") != settings.reaction {
        return Meaning::Ignore("reaction");
    }
    if text(item, "/type") != "message" || user.is_empty() {
        return Meaning::Ignore("not a message");
    }
    if user == bot || text(event, "/item_user") == bot {
        return Meaning::Ignore("own");
    }
    Meaning::LookUp {
        room: text(item, "/channel").to_owned(),
        ts: text(item, "/ts").to_owned(),
        user: user.to_owned(),
        at: text(event, "/event_ts").to_owned(),
    }
}

/// `docs.slack.dev/interactivity/implementing-slash-commands`
fn command(payload: &Value) -> Meaning {
    let (user, trigger) = (text(payload, "/user_id"), text(payload, "/trigger_id"));
    let filing = Filing {
        external_id: format!("act:command:{trigger}"),
        conversation: format!("slack:{user}"),
        at: None,
        hold_ms: 0,
    };
    let user = user.to_owned();
    match (text(payload, "/command"), text(payload, "/text").trim()) {
        ("/ask", "") => Meaning::Tell(
            "`/ask` の後に質問を書いてください。例: `/ask VPN につながりません`\nWrite your question after `/ask`.",
        ),
        ("/ask" | "/link", _) => Meaning::Direct { user, filing, then: None },
        ("/ticket", _) => Meaning::Show(Show::Form { trigger: trigger.to_owned(), origin: Origin::default(), user }),
        _ => Meaning::Ignore("command"),
    }
}

fn interaction(payload: &Value, bot: &str) -> Meaning {
    match text(payload, "/type") {
        "block_actions" => match items(payload, "/actions").first() {
            Some(action) if text(payload, "/container/type") == "view" => in_view(payload, action),
            Some(action) => pressed(payload, action),
            None => Meaning::Ignore("no action"),
        },
        "view_submission" if text(payload, "/view/callback_id") == super::form::CALLBACK => submitted(payload),
        "message_action" => shortcut(payload, bot),
        "shortcut" => Meaning::Show(Show::Form {
            trigger: text(payload, "/trigger_id").to_owned(),
            user: text(payload, "/user/id").to_owned(),
            origin: Origin::default(),
        }),
        _ => Meaning::Ignore("interaction"),
    }
}

/// Something pressed on the app's page or in a form.
fn in_view(payload: &Value, action: &Value) -> Meaning {
    let user = text(payload, "/user/id").to_owned();
    match text(action, "/action_id") {
        super::home::LANGUAGE => {
            let view = text(payload, "/container/view_id");
            let filing = Filing {
                external_id: format!("act:view:{view}:language:{user}:{}", text(action, "/action_ts")),
                conversation: format!("slack:{user}"),
                at: instant(text(action, "/action_ts")),
                hold_ms: 0,
            };
            let speaks = Speaks::Chosen(text(action, "/selected_option/value").parse().ok());
            Meaning::Direct { filing, then: Some(Show::Home { user: user.clone(), speaks }), user }
        }
        super::home::NEW_TICKET => Meaning::Show(Show::Form {
            trigger: text(payload, "/trigger_id").to_owned(),
            origin: Origin::default(),
            user,
        }),
        super::form::INTENT => Meaning::Show(Show::FormAgain {
            view: payload["view"].clone(),
            user,
            intent: some_text(action, "/selected_option/value").map(str::to_owned),
        }),
        _ => Meaning::Ignore("action"),
    }
}

/// A button under one of our messages.
fn pressed(payload: &Value, action: &Value) -> Meaning {
    let Some(travelling) = Travelling::read(action) else { return Meaning::Ignore("action") };
    let user = text(payload, "/user/id");
    let (room, ts) = pressed_where(payload);
    let said = Said::found(&payload["message"], room, "");
    if let Button::Details { intent } = travelling.button {
        let origin = Origin {
            ticket: travelling.ticket,
            intent: Some(intent),
            place: Some(place(&said, false)),
            conversation: said.conversation(),
            references: references(&said),
        };
        let trigger = text(payload, "/trigger_id").to_owned();
        return Meaning::Show(Show::Form { trigger, user: user.to_owned(), origin });
    }
    let at = text(action, "/action_ts");
    let filing = Filing {
        external_id: format!("act:{room}/{ts}:{}:{user}:{at}", text(action, "/action_id")),
        conversation: said.conversation(),
        at: instant(at),
        hold_ms: 0,
    };
    Meaning::Store { filing, cursor: None }
}

/// Room and `ts` of the message whose button was pressed.
pub(super) fn pressed_where(payload: &Value) -> (&str, &str) {
    let room = some_text(payload, "/container/channel_id").unwrap_or_else(|| text(payload, "/channel/id"));
    (room, some_text(payload, "/container/message_ts").unwrap_or_else(|| text(payload, "/message/ts")))
}

fn submitted(payload: &Value) -> Meaning {
    let user = text(payload, "/user/id").to_owned();
    let origin = Origin::of_view(&payload["view"]);
    let filing = Filing {
        external_id: format!("act:view:{}", text(payload, "/view/id")),
        conversation: origin.conversation.clone(),
        at: None,
        hold_ms: 0,
    };
    if origin.place.is_some() {
        Meaning::Store { filing, cursor: None }
    } else {
        Meaning::Direct { user, filing, then: None }
    }
}

/// "Create a ticket from this". Pressed twice by one person it is one wish.
fn shortcut(payload: &Value, bot: &str) -> Meaning {
    let room = text(payload, "/channel/id");
    let said = Said::found(&payload["message"], room, "");
    if said.ts.is_empty() || room.is_empty() {
        return Meaning::Ignore("not a message");
    }
    if said.user() == bot {
        return Meaning::Ignore("own");
    }
    let filing = Filing {
        external_id: format!("{room}/{}#shortcut:{}", said.ts, text(payload, "/user/id")),
        conversation: said.conversation(),
        at: instant(text(payload, "/action_ts")),
        hold_ms: 0,
    };
    Meaning::Store { filing, cursor: None }
}

/// Where a message was said. What is answered is answered in a thread below it, in a direct conversation only when it was one.
pub(super) fn place(said: &Said<'_>, triage: bool) -> Place {
    let thread = match said.thread {
        Some(thread) => Some(thread),
        None if said.direct => None,
        None => Some(said.ts),
    };
    Place { room: said.room.to_owned(), thread: thread.map(str::to_owned), direct: said.direct, triage }
}

/// The message itself, then the first of its thread.
pub(super) fn references(said: &Said<'_>) -> Vec<String> {
    let mut found = vec![format!("slack:{}/{}", said.room, said.ts)];
    if let Some(thread) = said.thread.filter(|thread| *thread != said.ts) {
        found.push(format!("slack:{}/{thread}", said.room));
    }
    found
}

/// `payload` with what was looked up beside it, so that reading it later needs no network.
pub(super) fn with_found(payload: &Value, name: &str, found: &Value) -> Value {
    let mut whole = payload.clone();
    if let Some(fields) = whole.as_object_mut() {
        fields.insert(FOUND.to_owned(), json!({ name: found }));
    }
    whole
}

/// The field of a stored payload under which we keep what we looked up.
pub(super) const FOUND: &str = "looked_up";
