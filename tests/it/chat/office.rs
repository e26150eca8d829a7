//! A desk whose people sit in Slack and Discord.

use std::time::Duration;

use serde_json::Value;

use crate::desk::harness::{Database, Desk, until, within};
use crate::support::discord::faults::Faults as DiscordFaults;
use crate::support::discord::world::World as Server;
use crate::support::discord::{StandIn, TOKEN, shapes};
use crate::support::slack::{APP_TOKEN, BOT_TOKEN, Faults, Kind, Workspace, World};

/// Slack's rooms.
pub const HELP: &str = "CHELP";
pub const TRIAGE: &str = "CTRIAGE";
/// Signs requests of Slack.
pub const SECRET: &str = "8f742231b10e8888abcd99yyyzzz85a5";
/// A question that an article answers, and a request that people must work on.
pub const QUESTION: &str = "パスワードを忘れてしまい、ログインできません。再設定の方法を教えてください。";
pub const REQUEST: &str = "The projector in room 4 is broken, please have somebody look at it.";

/// Both services and the desk between them.
pub struct Office {
    pub desk: Desk,
    pub slack: Workspace,
    pub discord: StandIn,
}

impl Office {
    /// Everything is there; `serve` runs and is connected.
    pub async fn open(database: Database) -> Self {
        let mut office = Self::prepare(database, (1, Faults::default()), DiscordFaults::none()).await;
        office.serve().await;
        office
    }

    /// Everything but `serve`.
    pub async fn prepare(database: Database, (seed, faults): (u64, Faults), discord: DiscordFaults) -> Self {
        let slack = Workspace::start_with(seed, faults);
        {
            let mut world = slack.world();
            world.room(HELP, Kind::Public);
            world.room(TRIAGE, Kind::Private);
            world.person("UANN", "Ann", Some("ann@client.test"));
            world.person("UBOB", "Bob", None);
            world.person("USATO", "佐藤", None);
        }
        let discord = StandIn::start(discord).await;
        let mut desk = Desk::new(database, "desk@example.test").await;
        let chat = format!(
            "\n[slack]\napp_token = \"{APP_TOKEN}\"\nbot_token = \"{BOT_TOKEN}\"\napi_url = \"{}\"\ntriage = \"{TRIAGE}\"\n\
             burst_s = 0.5\n\n[discord]\ntoken = \"{TOKEN}\"\napi_url = \"{}\"\nrooms = [\"{}\", \"{}\"]\ntriage = \"{}\"\n\
             burst_s = 0.5\n",
            slack.api_url(),
            discord.url,
            Server::TEXT,
            Server::FORUM,
            Server::TRIAGE
        );
        desk.edit(|text| text + &chat);
        Self { desk, slack, discord }
    }

    /// Starts `serve` and waits until both services are connected.
    pub async fn serve(&mut self) {
        self.desk.serve().await;
        self.connected().await;
    }

    /// Waits until both services are connected and read up to now.
    pub async fn connected(&self) {
        until("Slack is connected", async || (self.slack.world().connections() > 0).then_some(())).await;
        until("Discord is connected", async || {
            let world = self.discord.world();
            world.sessions.values().any(|session| session.socket.is_some()).then_some(())
        })
        .await;
        until("ready", async || (self.desk.page("/readyz").await.0 == 200).then_some(())).await;
    }

    /// Waits for something in Slack.
    pub async fn slack_shows<T>(&self, what: &str, mut look: impl FnMut(&World) -> Option<T>) -> T {
        until(what, async || look(&self.slack.world())).await
    }

    /// Waits for something in Discord.
    pub async fn discord_shows<T>(&self, what: &str, mut look: impl FnMut(&Server) -> Option<T>) -> T {
        until(what, async || look(&self.discord.world())).await
    }

    /// Waits for a post of the desk in a Slack room that says `words`, in the thread of `thread` when one is named.
    pub async fn slack_post(&self, room: &str, thread: Option<&str>, words: &str) -> Value {
        self.slack_shows(&format!("`{words}` in {room}"), |world| {
            world.posts(room).into_iter().find(|post| {
                thread.is_none_or(|thread| post["thread_ts"] == thread) && post.to_string().contains(words)
            })
        })
        .await
    }

    /// Waits for a post of the desk in a Discord channel that says `words`.
    pub async fn discord_post(&self, channel: u64, words: &str) -> Value {
        self.discord_shows(&format!("`{words}` in {channel}"), |world| {
            world.posts(channel).into_iter().find(|post| post.to_string().contains(words)).cloned()
        })
        .await
    }

    /// Presses the button with this label under a post in Discord. Returns the interaction's id.
    pub fn press(&self, (channel, user): (u64, u64), post: &Value, label: &str) -> u64 {
        let found = components(post).into_iter().find(|item| item["label"] == label);
        let found = found.unwrap_or_else(|| panic!("no button `{label}` under {post}"));
        let data = serde_json::json!({ "custom_id": found["custom_id"], "component_type": 2 });
        self.discord.interact_with((channel, user), 3, &data, Some(shapes::id(post)))
    }

    /// Waits until what came in is decided and what is to go out is out.
    pub async fn quiet(&self) {
        within(Duration::from_mins(10), "everything is decided and sent", async || {
            let pending = self.desk.totals().await.pending;
            let rows = self.desk.json(&["outbox", "list"]).await.as_array().unwrap().clone();
            (pending == 0 && rows.iter().all(|row| row["state"] != "waiting")).then_some(())
        })
        .await;
    }

    /// The tickets with this status, oldest first.
    pub async fn tickets(&self, status: &str) -> Vec<String> {
        let tickets = self.desk.tickets().await;
        let with_status = tickets.iter().filter(|ticket| ticket["status"] == status);
        with_status.map(|ticket| ticket["id"].as_str().unwrap().to_owned()).collect()
    }

    /// Waits until ticket `id` has this status.
    pub async fn becomes(&self, id: &str, status: &str) {
        let mut last = String::new();
        let patience = std::time::Instant::now() + crate::desk::harness::PATIENCE;
        while last != status {
            assert!(std::time::Instant::now() < patience, "{id} is {last} and not {status}");
            tokio::time::sleep(Duration::from_millis(50)).await;
            let tickets = self.desk.tickets().await;
            let ticket = tickets.iter().find(|ticket| ticket["id"] == id);
            last = ticket.map_or("not there", |ticket| ticket["status"].as_str().unwrap()).to_owned();
        }
    }

    /// The ticket a post is about: it names it.
    pub async fn only_ticket(&self) -> String {
        let tickets = self.desk.tickets().await;
        assert_eq!(tickets.len(), 1, "{tickets:?}");
        tickets[0]["id"].as_str().unwrap().to_owned()
    }

    /// What `ticket show` says of a ticket.
    pub async fn shown(&self, id: &str) -> Value {
        self.desk.json(&["ticket", "show", id]).await
    }
}

/// Every component under a post in Discord.
pub fn components(post: &Value) -> Vec<Value> {
    let rows = post["components"].as_array().cloned().unwrap_or_default();
    rows.iter().flat_map(|row| row["components"].as_array().cloned().unwrap_or_default()).collect()
}

/// The labels of the buttons under a post in Slack.
pub fn labels(post: &Value) -> Vec<String> {
    let blocks = post["blocks"].as_array().cloned().unwrap_or_default();
    let elements = blocks.iter().flat_map(|block| block["elements"].as_array().cloned().unwrap_or_default());
    elements.filter_map(|element| element["text"]["text"].as_str().map(str::to_owned)).collect()
}

/// The `ts` of a message in Slack.
pub fn ts(post: &Value) -> String {
    post["ts"].as_str().unwrap().to_owned()
}

/// The share `part` of sorted durations.
pub fn percentile(sorted: &[Duration], part: usize) -> Duration {
    sorted.get(sorted.len().saturating_sub(1) * part / 100).copied().unwrap_or_default()
}
