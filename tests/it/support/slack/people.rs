//! What people do: write, change, take back, react, press, fill in. Each returns when Slack has sent the event.

use serde_json::{Value, json};

use super::Workspace;
use super::shapes::{callback, message, said};
use super::world::{APP, BOT, TEAM, World};

impl World {
    fn tell(&mut self, event: &Value) {
        let payload = callback(self, event);
        self.deliver("events_api", payload);
    }

    fn write(&mut self, room: &str, mut message: Value, thread: Option<&str>) -> String {
        if let Some(thread) = thread {
            message["thread_ts"] = json!(thread);
            if let Some(parent) = self.rooms.get(room).and_then(|known| known.messages.get(thread)) {
                message["parent_user_id"] = parent["user"].clone();
            }
        }
        let ts = message["ts"].as_str().expect("a ts").to_owned();
        self.rooms.get_mut(room).expect("a room").messages.insert(ts.clone(), message.clone());
        let event = said(self, room, &message);
        self.tell(&event);
        if message["text"].as_str().is_some_and(|text| text.contains(&format!("<@{BOT}>"))) {
            let mut mention = event;
            mention["type"] = json!("app_mention");
            mention.as_object_mut().expect("an object").remove("channel_type");
            self.tell(&mention);
        }
        ts
    }
}

impl Workspace {
    /// Somebody writes. Returns the message's `ts`.
    pub fn say(&self, room: &str, user: &str, text: &str) -> String {
        self.reply(room, None, user, text)
    }

    /// Somebody answers in a thread.
    pub fn reply(&self, room: &str, thread: Option<&str>, user: &str, text: &str) -> String {
        let mut world = self.world();
        let ts = world.ts();
        let message = message(user, text, &ts);
        world.write(room, message, thread)
    }

    /// Another app writes.
    pub fn machine_says(&self, room: &str, text: &str) -> String {
        let mut world = self.world();
        let ts = world.ts();
        let mut message = message("UMACHINE", text, &ts);
        message["bot_id"] = json!("BOTHER");
        message["subtype"] = json!("bot_message");
        world.write(room, message, None)
    }

    /// Somebody writes and adds a file (`docs.slack.dev/reference/events/message/file_share`).
    pub fn share(&self, room: &str, user: &str, text: &str, file: (&str, &str, &[u8])) -> String {
        let mut world = self.world();
        let (name, media_type, bytes) = file;
        world.files.insert(name.to_owned(), (media_type.to_owned(), bytes.to_vec()));
        let url = format!("http://127.0.0.1:{}/files/{name}", world.ports[0]);
        let ts = world.ts();
        let mut message = message(user, text, &ts);
        message["subtype"] = json!("file_share");
        message["files"] = json!([{
            "id": "F1", "name": name, "title": name, "mimetype": media_type, "size": bytes.len(), "mode": "hosted",
            "url_private": url, "url_private_download": url
        }]);
        world.write(room, message, None)
    }

    /// Somebody changes what they wrote (`docs.slack.dev/reference/events/message/message_changed`).
    pub fn edit(&self, room: &str, ts: &str, text: &str) -> String {
        let mut world = self.world();
        let at = world.ts();
        let message = world.rooms.get_mut(room).and_then(|known| known.messages.get_mut(ts)).expect("a message");
        let before = message.clone();
        message["text"] = json!(text);
        message["edited"] = json!({ "user": message["user"], "ts": at });
        let event = json!({
            "type": "message", "subtype": "message_changed", "hidden": true, "channel": room, "ts": at, "event_ts": at,
            "message": message, "previous_message": before, "channel_type": "channel"
        });
        world.tell(&event);
        at
    }

    /// Somebody takes a message back (`docs.slack.dev/reference/events/message/message_deleted`). Where there are answers below it
    /// a tombstone stays, and Slack tells of a change.
    pub fn delete(&self, room: &str, ts: &str) {
        let mut world = self.world();
        let at = world.ts();
        let messages = &mut world.rooms.get_mut(room).expect("a room").messages;
        let before = messages.remove(ts).expect("a message");
        if messages.values().any(|other| other["thread_ts"] == ts && other["ts"] != ts) {
            let tombstone = json!({ "type": "message", "subtype": "tombstone", "hidden": true, "user": "USLACKBOT",
                "text": "This message was deleted.", "ts": ts, "thread_ts": ts });
            messages.insert(ts.to_owned(), tombstone.clone());
            let event = json!({ "type": "message", "subtype": "message_changed", "hidden": true, "channel": room, "ts": at,
                "event_ts": at, "message": tombstone, "previous_message": before, "channel_type": "channel" });
            return world.tell(&event);
        }
        let event = json!({
            "type": "message", "subtype": "message_deleted", "hidden": true, "channel": room, "ts": at, "event_ts": at,
            "deleted_ts": ts, "previous_message": before, "channel_type": "channel"
        });
        world.tell(&event);
    }

    /// A retention period takes a message away; nobody is told.
    pub fn expire(&self, room: &str, ts: &str) {
        self.world().rooms.get_mut(room).and_then(|known| known.messages.remove(ts)).expect("a message");
    }

    /// A message of `days` ago, of which there was no event.
    pub fn say_long_ago(&self, room: &str, user: &str, days: i64) -> String {
        let mut world = self.world();
        let (now, ago) = (world.ts(), days * 24 * 3_600);
        let (seconds, rest) = now.split_once('.').expect("a ts");
        let ts = format!("{}.{rest}", seconds.parse::<i64>().expect("seconds") - ago);
        world.rooms.get_mut(room).expect("a room").messages.insert(ts.clone(), message(user, "long ago", &ts));
        ts
    }

    /// Somebody puts a reaction on a message (`docs.slack.dev/reference/events/reaction_added`).
    pub fn react(&self, room: &str, ts: &str, user: &str, reaction: &str) {
        let mut world = self.world();
        let at = world.ts();
        let author = world.rooms[room].messages[ts]["user"].clone();
        let event = json!({
            "type": "reaction_added", "user": user, "reaction": reaction, "item_user": author,
            "item": { "type": "message", "channel": room, "ts": ts }, "event_ts": at
        });
        world.tell(&event);
    }

    /// Somebody opens the app's page (`docs.slack.dev/reference/events/app_home_opened`).
    pub fn open_home(&self, user: &str) {
        let mut world = self.world();
        let (at, room) = (world.ts(), world.direct(user));
        let event = json!({ "type": "app_home_opened", "user": user, "channel": room, "tab": "home", "event_ts": at });
        world.tell(&event);
    }

    /// Somebody types a command (`docs.slack.dev/interactivity/implementing-slash-commands`).
    pub fn command(&self, room: &str, user: &str, command: &str, text: &str) {
        let mut world = self.world();
        let trigger = world.trigger();
        let payload = json!({
            "token": "deprecated", "team_id": TEAM, "team_domain": "desk", "channel_id": room, "channel_name": "general",
            "user_id": user, "user_name": "someone", "command": command, "text": text, "api_app_id": APP,
            "is_enterprise_install": "false", "response_url": "https://hooks.slack.com/commands/1/2/3", "trigger_id": trigger
        });
        world.deliver("slash_commands", payload);
    }

    /// Somebody presses the button with this label under a post of the app
    /// (`docs.slack.dev/reference/interaction-payloads/block_actions-payload`).
    pub fn press(&self, room: &str, ts: &str, user: &str, label: &str) {
        let mut world = self.world();
        let (at, trigger) = (world.ts(), world.trigger());
        let message = world.rooms[room].messages[ts].clone();
        let blocks = message["blocks"].as_array().cloned().unwrap_or_default();
        let element = blocks
            .iter()
            .flat_map(|block| block["elements"].as_array().cloned().unwrap_or_default())
            .find(|element| element["text"]["text"] == label)
            .expect("a button with this label");
        let payload = json!({
            "type": "block_actions", "user": { "id": user, "team_id": TEAM }, "api_app_id": APP, "trigger_id": trigger,
            "container": { "type": "message", "message_ts": ts, "channel_id": room, "is_ephemeral": false },
            "team": { "id": TEAM }, "channel": { "id": room, "name": "general" }, "message": message,
            "response_url": "https://hooks.slack.com/actions/1/2/3",
            "actions": [{ "type": "button", "action_id": element["action_id"], "block_id": "x", "text": element["text"],
                "value": element["value"], "action_ts": at }]
        });
        world.deliver("interactive", payload);
    }

    /// Somebody chooses a person from the menu of people under a post of the app
    /// (`docs.slack.dev/reference/block-kit/block-elements/multi-select-menu-element#users_select`).
    pub fn choose_person(&self, room: &str, ts: &str, user: &str, chosen: &str) {
        let mut world = self.world();
        let (at, trigger) = (world.ts(), world.trigger());
        let message = world.rooms[room].messages[ts].clone();
        let blocks = message["blocks"].as_array().cloned().unwrap_or_default();
        let is_menu = |block: &&Value| block["elements"][0]["type"] == "users_select";
        let block = blocks.iter().find(is_menu).expect("a menu of people");
        let payload = json!({
            "type": "block_actions", "user": { "id": user, "team_id": TEAM }, "api_app_id": APP, "trigger_id": trigger,
            "container": { "type": "message", "message_ts": ts, "channel_id": room, "is_ephemeral": false },
            "team": { "id": TEAM }, "channel": { "id": room, "name": "general" }, "message": message,
            "response_url": "https://hooks.slack.com/actions/1/2/3",
            "actions": [{ "type": "users_select", "action_id": block["elements"][0]["action_id"],
                "block_id": block["block_id"], "selected_user": chosen, "action_ts": at }]
        });
        world.deliver("interactive", payload);
    }

    /// Somebody does something in a view: an action of a menu on the page or in a form.
    pub fn choose(&self, view: &Value, user: &str, action: &str, value: &str) {
        let mut world = self.world();
        let (at, trigger) = (world.ts(), world.trigger());
        let payload = json!({
            "type": "block_actions", "user": { "id": user }, "api_app_id": APP, "trigger_id": trigger, "view": view,
            "container": { "type": "view", "view_id": view["id"] },
            "actions": [{ "type": "static_select", "action_id": action, "block_id": "x", "action_ts": at,
                "selected_option": { "text": { "type": "plain_text", "text": value }, "value": value } }]
        });
        world.deliver("interactive", payload);
    }

    /// Somebody sends a form (`docs.slack.dev/reference/interaction-payloads/view-interactions-payload`).
    pub fn submit(&self, view: &Value, user: &str, values: &[(&str, &str)]) {
        let mut world = self.world();
        let trigger = world.trigger();
        let mut view = view.clone();
        for (block, value) in values {
            view["state"]["values"][*block] = json!({ "value": { "type": "plain_text_input", "value": value } });
        }
        let payload = json!({
            "type": "view_submission", "team": { "id": TEAM }, "user": { "id": user }, "api_app_id": APP,
            "trigger_id": trigger, "view": view, "response_urls": []
        });
        world.deliver("interactive", payload);
    }

    /// Somebody uses the shortcut of a message (`docs.slack.dev/interactivity/implementing-shortcuts`).
    pub fn shortcut(&self, room: &str, ts: &str, user: &str) {
        let mut world = self.world();
        let (at, trigger) = (world.ts(), world.trigger());
        let payload = json!({
            "type": "message_action", "callback_id": "create_ticket", "trigger_id": trigger, "message_ts": ts,
            "response_url": "https://hooks.slack.com/app/1/2/3", "user": { "id": user, "team_id": TEAM },
            "channel": { "id": room, "name": "general" }, "team": { "id": TEAM }, "action_ts": at,
            "message": world.rooms[room].messages[ts]
        });
        world.deliver("interactive", payload);
    }

    /// A payload of our own making goes over the sockets.
    pub fn send_raw(&self, kind: &'static str, payload: Value) {
        self.world().deliver(kind, payload);
    }

    /// Every connection is told why it has to go, and goes after `World::warning`.
    pub fn warn_all(&self, reason: &'static str) {
        let mut world = self.world();
        let warning = world.warning;
        for connection in world.connections.values_mut() {
            connection.leaving = true;
            let _ = connection.orders.send(super::socket::Order::Warn(reason, warning));
        }
    }

    /// Every connection ends without a word.
    pub fn cut_all(&self) {
        for connection in self.world().connections.values() {
            let _ = connection.orders.send(super::socket::Order::Cut(std::time::Duration::ZERO));
        }
    }
}
