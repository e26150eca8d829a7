//! Interactions, answered before Discord gives them up after 3 s: stored first, then answered; put off at once when storing is slow.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use serenity::http::{LightMethod, Route};
use serenity::model::id::{ApplicationId, InteractionId};

use super::api::ApiError;
use super::asked::{self, Asked};
use super::escape::escape;
use super::forms;
use super::offers::{assign_id, cut};
use super::phrases::Phrase;
use super::rooms::Room;
use super::shared::Shared;
use super::wire::{self, Spot, snowflake};
use crate::connectors::Standing;
use crate::domain::{Button, Intent, Language, Received, TicketId};

/// Storing that takes longer is waited for after a first sign to the person.
const PATIENCE: Duration = Duration::from_secs(1);
/// A form, a list or a menu that is not there by then is answered with an apology.
const SCREEN: Duration = Duration::from_secs(2);
/// How long storing is tried at all: Discord takes an answer for 15 minutes.
const STORING: Duration = Duration::from_mins(10);
/// Pauses between tries of an answer.
const RETRIES: &[u64] = &[50, 150, 300, 500, 800];
const STORE_PAUSE: Duration = Duration::from_millis(200);
/// Seen by the person alone.
const EPHEMERAL: u64 = 1 << 6;
/// No previews of links.
const NO_PREVIEWS: u64 = 1 << 2;
/// Choices shown while a command is typed.
const CHOICES: usize = 25;

/// Kinds of answers (Discord's reference, "Interaction Callback Type").
mod kind {
    pub(super) const MESSAGE: u8 = 4;
    pub(super) const MESSAGE_LATER: u8 = 5;
    pub(super) const UPDATE_LATER: u8 = 6;
    pub(super) const UPDATE: u8 = 7;
    pub(super) const CHOICES: u8 = 8;
    pub(super) const FORM: u8 = 9;
}

/// An interaction that waits for its answer.
struct Waiting<'a> {
    shared: &'a Shared,
    id: u64,
    token: String,
    language: Language,
}

/// Answers one interaction.
pub(super) async fn answer(shared: &Arc<Shared>, d: Value) {
    let (Some(id), Some(token)) = (snowflake(&d["id"]), d["token"].as_str()) else {
        tracing::warn!("an interaction without id or token is left unanswered");
        return;
    };
    let waiting = Waiting { shared, id, token: token.to_owned(), language: language(shared, &d).await };
    let mut d = d;
    if let Asked::Filled(form) = asked::read(&d)
        && let Some(intent) = (shared.desk.intents)().iter().find(|intent| Some(&intent.id) == form.intent.as_ref())
    {
        forms::choose(&mut d["data"]["components"], intent);
    }
    let asked = asked::read(&d);
    if asked.is_for_the_desk() {
        let received = spot(shared, &d, &asked).await.and_then(|spot| wire::interaction(&d, &spot));
        match received {
            Some(received) => waiting.store(received, &asked).await,
            None => waiting.say(Phrase::NotStored).await,
        }
        return;
    }
    match asked {
        Asked::Ticket(intent) => waiting.form(None, intent.as_deref()).await,
        Asked::Pressed(ticket, Button::Details { intent }) => waiting.form(ticket, Some(&intent)).await,
        Asked::Pressed(ticket, Button::Assign) => waiting.ask_for_agent(ticket).await,
        Asked::List => waiting.list(&d).await,
        Asked::Completes(typed) => waiting.complete(&typed).await,
        _ => waiting.say(Phrase::Outdated).await,
    }
}

/// The language somebody chooses with it or chose before, else that of their programme.
async fn language(shared: &Shared, d: &Value) -> Language {
    if let Asked::Speaks(Some(chosen)) = asked::read(d) {
        return chosen;
    }
    let user = snowflake(&asked::user(d)["id"]).unwrap_or_default();
    let chosen = shared.desk.chosen_language(format!("discord:{user}")).await;
    chosen.unwrap_or_else(|| asked::language(d))
}

/// Where it was done. What is private goes on by direct message.
async fn spot(shared: &Shared, d: &Value, asked: &Asked) -> Option<Spot> {
    let channel = snowflake(&d["channel_id"]).or_else(|| snowflake(&d["channel"]["id"]))?;
    let me = shared.me();
    let guild = snowflake(&d["guild_id"]);
    if guild.is_none() {
        return Some(Spot { room: channel.to_string(), thread: None, direct: true, title: None, me });
    }
    if asked.is_private() {
        let user = snowflake(&asked::user(d)["id"])?;
        return Some(Spot { room: format!("user:{user}"), thread: None, direct: true, title: None, me });
    }
    if let Some((id, room)) = Room::read(&d["channel"], guild) {
        return Some(room.spot(id, me));
    }
    match shared.room(channel).await {
        Ok(room) => Some(room.spot(channel, me)),
        Err(fault) => {
            tracing::warn!(room = channel, "an interaction in an unknown channel: {fault}");
            None
        }
    }
}

impl Waiting<'_> {
    /// Stores, then answers; puts the answer off when storing takes its time.
    async fn store(&self, received: Received, asked: &Asked) {
        let storing = self.accept(received);
        tokio::pin!(storing);
        let done = self.done(asked);
        let stored = tokio::time::timeout(PATIENCE, &mut storing).await;
        match stored {
            Ok(true) => self.respond(&done).await,
            Ok(false) => self.say(Phrase::NotStored).await,
            Err(_) => {
                let is_press = matches!(asked, Asked::Pressed(..) | Asked::AssignedTo(..));
                let later = if is_press { kind::UPDATE_LATER } else { kind::MESSAGE_LATER };
                let flags = done["data"]["flags"].as_u64().unwrap_or_default() & EPHEMERAL;
                self.respond(&json!({ "type": later, "data": { "flags": flags } })).await;
                let stored = storing.await;
                self.after(stored, (is_press, done)).await;
            }
        }
    }

    /// Whether it is stored, after as many tries as make sense.
    async fn accept(&self, received: Received) -> bool {
        let trying = async {
            while let Err(fault) = self.shared.intake.accept(vec![received.clone()]).await {
                tracing::warn!("a Discord interaction is {fault}");
                tokio::time::sleep(STORE_PAUSE).await;
            }
        };
        tokio::time::timeout(STORING, trying).await.is_ok()
    }

    /// The answer once it is stored.
    fn done(&self, asked: &Asked) -> Value {
        let message = |text: &str, flags: u64| json!({ "type": kind::MESSAGE, "data": body(text, flags) });
        match asked {
            // Everybody in the channel reads the answer, so they read the question too.
            Asked::Question(text) => {
                let question: Vec<String> = escape(&cut(text, 900)).lines().map(|line| format!("> {line}")).collect();
                let text = format!("{}\n{}", question.join("\n"), Phrase::Asked.get(self.language));
                message(&text, NO_PREVIEWS)
            }
            Asked::Filled(_) => message(Phrase::Filed.get(self.language), EPHEMERAL),
            Asked::Speaks(_) => message(Phrase::LanguageSet.get(self.language), EPHEMERAL),
            Asked::Links(_) => message(Phrase::Linking.get(self.language), EPHEMERAL),
            Asked::AssignedTo(..) => {
                let mut data = body(Phrase::Assigned.get(self.language), 0);
                data["components"] = json!([]);
                json!({ "type": kind::UPDATE, "data": data })
            }
            _ => json!({ "type": kind::UPDATE_LATER }),
        }
    }

    /// What was put off is now said: the text in place of the sign, or for a press only what went wrong.
    async fn after(&self, stored: bool, (is_press, done): (bool, Value)) {
        let application_id = ApplicationId::new(self.shared.application().max(1));
        let route = Route::WebhookOriginalInteractionResponse { application_id, token: &self.token };
        let said = match (stored, is_press) {
            (true, true) => return,
            (true, false) => self.shared.api.change(LightMethod::Patch, route, &done["data"]).await,
            (false, false) => {
                let sorry = body(Phrase::NotStored.get(self.language), 0);
                self.shared.api.change(LightMethod::Patch, route, &sorry).await
            }
            (false, true) => {
                let route = Route::WebhookFollowupMessages { application_id, token: &self.token };
                let sorry = body(Phrase::NotStored.get(self.language), EPHEMERAL);
                self.shared.api.post(route, &sorry).await
            }
        };
        if let Err(fault) = said {
            tracing::warn!("the answer to a Discord interaction is not shown: {fault}");
        }
    }

    async fn form(&self, ticket: Option<TicketId>, intent: Option<&str>) {
        let intents = (self.shared.desk.intents)();
        let intent = intent.and_then(|id| find(&intents, id, self.language));
        match forms::modal(ticket, intent, self.language) {
            Some(form) => self.respond(&json!({ "type": kind::FORM, "data": form })).await,
            None => self.say(Phrase::Outdated).await,
        }
    }

    async fn ask_for_agent(&self, ticket: Option<TicketId>) {
        let Some(id) = assign_id(ticket) else { return self.say(Phrase::Outdated).await };
        let mut data = body(Phrase::AssignTo.get(self.language), EPHEMERAL);
        data["components"] = json!([{ "type": 1, "components": [{ "type": 5, "custom_id": id }] }]);
        self.respond(&json!({ "type": kind::MESSAGE, "data": data })).await;
    }

    async fn list(&self, d: &Value) {
        let Some(user) = snowflake(&asked::user(d)["id"]) else { return self.say(Phrase::Outdated).await };
        let asking = (self.shared.desk.tickets_of)(format!("discord:{user}"), self.language);
        let text = match tokio::time::timeout(SCREEN, asking).await {
            Ok(Ok(tickets)) if tickets.is_empty() => Phrase::NoTickets.get(self.language).to_owned(),
            Ok(Ok(tickets)) => listing(&tickets, self.language),
            Ok(Err(fault)) => {
                tracing::warn!("tickets cannot be listed in Discord: {fault}");
                Phrase::NotStored.get(self.language).to_owned()
            }
            Err(_) => Phrase::NotStored.get(self.language).to_owned(),
        };
        self.respond(&json!({ "type": kind::MESSAGE, "data": body(&text, EPHEMERAL) })).await;
    }

    async fn complete(&self, typed: &str) {
        let intents = (self.shared.desk.intents)();
        let typed = typed.to_lowercase();
        let fits = |intent: &&Intent| {
            [&intent.title.ja, &intent.title.en, &intent.id].iter().any(|text| text.to_lowercase().contains(&typed))
        };
        let choices: Vec<Value> = intents
            .iter()
            .filter(fits)
            .filter(|intent| intent.id.chars().count() <= 100)
            .take(CHOICES)
            .map(|intent| json!({ "name": cut(intent.title.get(self.language), 100), "value": intent.id }))
            .collect();
        self.respond(&json!({ "type": kind::CHOICES, "data": { "choices": choices } })).await;
    }

    async fn say(&self, phrase: Phrase) {
        let data = body(phrase.get(self.language), EPHEMERAL);
        self.respond(&json!({ "type": kind::MESSAGE, "data": data })).await;
    }

    async fn respond(&self, answer: &Value) {
        let route =
            Route::InteractionResponse { interaction_id: InteractionId::new(self.id.max(1)), token: &self.token };
        let mut pauses = RETRIES.iter();
        loop {
            match self.shared.api.post(route, answer).await {
                Ok(_) => return,
                Err(fault) if was_answered(&fault) => return,
                Err(fault) => match pauses.next().filter(|_| fault.is_passing()) {
                    Some(pause) => tokio::time::sleep(Duration::from_millis(*pause)).await,
                    None => return tracing::warn!("a Discord interaction is not answered: {fault}"),
                },
            }
        }
    }
}

/// Discord has an answer already: a try before got through, or the event came twice.
fn was_answered(fault: &ApiError) -> bool {
    const ACKNOWLEDGED: i64 = 40060;
    fault.code == ACKNOWLEDGED
}

/// The request type by id, or by the title somebody typed instead of choosing.
fn find<'a>(intents: &'a [Intent], word: &str, language: Language) -> Option<&'a Intent> {
    intents
        .iter()
        .find(|intent| intent.id == word)
        .or_else(|| intents.iter().find(|intent| intent.title.get(language) == word))
}

/// A message that pings nobody.
fn body(text: &str, flags: u64) -> Value {
    json!({ "content": text, "flags": flags, "allowed_mentions": { "parse": [] } })
}

fn due_words(due: &str, language: Language) -> String {
    match language {
        Language::Ja => format!("({due} までにご連絡)"),
        Language::En => format!(" (you hear from us by {due})"),
    }
}

fn listing(tickets: &[Standing], language: Language) -> String {
    const LIMIT: usize = 1900;
    let mut text = Phrase::YourTickets.get(language).to_owned();
    for ticket in tickets {
        let due = ticket.due.as_ref().map(|due| due_words(&escape(due), language)).unwrap_or_default();
        let subject = escape(&cut(&ticket.subject, 80));
        let line = format!("\n- **{}** {subject} — {}{due}", escape(&ticket.ticket), escape(&ticket.status));
        if text.chars().count() + line.chars().count() > LIMIT {
            text.push_str("\n- …");
            break;
        }
        text.push_str(&line);
    }
    text
}
