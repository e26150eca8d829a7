//! What the workspace holds.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::time::Duration;

use madoguchi::clock::Clock;
use serde_json::{Value, json};
use tokio::time::Instant;

use super::deliver::{Pending, Tally};
use super::faults::{Dice, Faults};
use super::socket::Connection;

/// The app's user.
pub const BOT: &str = "UBOT";
/// The app's id as a bot.
pub const BOT_ID: &str = "BDESK";
pub const APP_TOKEN: &str = "xapp-1-test";
pub const BOT_TOKEN: &str = "xoxb-test";
pub const TEAM: &str = "T0DESK";
pub const APP: &str = "A0DESK";
/// The scopes the app's token has at first.
pub const SCOPES: &[&str] = &[
    "app_mentions:read",
    "channels:history",
    "groups:history",
    "im:history",
    "mpim:history",
    "channels:read",
    "groups:read",
    "im:read",
    "mpim:read",
    "im:write",
    "chat:write",
    "commands",
    "files:read",
    "reactions:read",
    "users:read",
    "users:read.email",
];

/// A conversation object's kind (`docs.slack.dev/reference/objects/conversation-object`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Public,
    Private,
    Direct,
    Group,
}

/// A conversation.
pub struct Room {
    pub kind: Kind,
    pub name: String,
    /// The app is in it.
    pub joined: bool,
    pub archived: bool,
    /// By `ts`; all of them have the same number of digits, so text order is time order.
    pub messages: BTreeMap<String, Value>,
}

/// Everything there is. Fields are for tests to read and to change.
pub struct World {
    pub rooms: BTreeMap<String, Room>,
    pub users: BTreeMap<String, Value>,
    /// The app's page by user, as it was published last.
    pub homes: BTreeMap<String, Value>,
    /// Modals as they were opened and updated, oldest first.
    pub views: Vec<Value>,
    /// Whoever was pinged by posts of the app: `!here`, `@U1`.
    pub pings: Vec<String>,
    /// Name to media type and bytes.
    pub files: HashMap<String, (String, Vec<u8>)>,
    pub scopes: BTreeSet<String>,
    /// The app-level token has `connections:write`.
    pub may_connect: bool,
    /// The tokens are answered with this error.
    pub refuse_with: Option<&'static str>,
    /// The next posts are stored, and answered 500.
    pub swallow_answers: u32,
    /// Calls by method.
    pub calls: BTreeMap<String, u64>,
    /// What became of events.
    pub tally: Tally,
    pub faults: Faults,
    /// How long an acknowledgement may take (3 s in the documents).
    pub ack_limit: Duration,
    /// How long a connection lives after its warning (10 s in the documents).
    pub warning: Duration,
    /// Events are given up at once while there is no connection.
    pub forgets_offline: bool,
    /// Items of one page at most; fewer than wanted may come at any time.
    pub page: usize,
    pub(super) ports: [u16; 2],
    pub(super) dice: Dice,
    pub(super) last_ts: i64,
    pub(super) numbers: u64,
    pub(super) connections: BTreeMap<u64, Connection>,
    pub(super) pending: BTreeMap<String, Pending>,
    pub(super) late: Vec<(Instant, Pending)>,
    pub(super) socket_tickets: BTreeSet<String>,
    pub(super) triggers: HashMap<String, Instant>,
}

impl World {
    pub(super) fn new(seed: u64, faults: Faults, ports: [u16; 2]) -> Self {
        let mut world = Self {
            rooms: BTreeMap::new(),
            users: BTreeMap::new(),
            homes: BTreeMap::new(),
            views: Vec::new(),
            pings: Vec::new(),
            files: HashMap::new(),
            scopes: SCOPES.iter().map(|scope| (*scope).to_owned()).collect(),
            may_connect: true,
            refuse_with: None,
            swallow_answers: 0,
            calls: BTreeMap::new(),
            tally: Tally::default(),
            faults,
            ack_limit: Duration::from_secs(3),
            warning: Duration::from_secs(10),
            forgets_offline: false,
            page: 1_000,
            ports,
            dice: Dice::new(seed),
            last_ts: 0,
            numbers: 0,
            connections: BTreeMap::new(),
            pending: BTreeMap::new(),
            late: Vec::new(),
            socket_tickets: BTreeSet::new(),
            triggers: HashMap::new(),
        };
        world.person(BOT, "desk", None);
        world.users.get_mut(BOT).expect("there")["is_bot"] = json!(true);
        world
    }

    /// A room the app is in.
    pub fn room(&mut self, id: &str, kind: Kind) {
        let name = id.to_lowercase();
        self.rooms.insert(id.to_owned(), Room { kind, name, joined: true, archived: false, messages: BTreeMap::new() });
    }

    /// A person, with a confirmed mail address or none (`docs.slack.dev/reference/objects/user-object`).
    pub fn person(&mut self, id: &str, name: &str, mail: Option<&str>) {
        let user = json!({
            "id": id, "team_id": TEAM, "name": name, "deleted": false, "real_name": name, "locale": "ja-JP",
            "profile": { "real_name": name, "display_name": name, "email": mail },
            "is_bot": false, "is_app_user": false, "is_email_confirmed": mail.is_some()
        });
        self.users.insert(id.to_owned(), user);
    }

    /// A number no other has.
    pub(super) fn number(&mut self) -> u64 {
        self.numbers += 1;
        self.numbers
    }

    /// A new `ts`: now, and later than every other.
    pub(super) fn ts(&mut self) -> String {
        self.last_ts = (self.last_ts + 1).max(Clock::system().now().0 * 1_000);
        format!("{}.{:06}", self.last_ts / 1_000_000, self.last_ts % 1_000_000)
    }

    /// A trigger that is good for three seconds, once.
    pub(super) fn trigger(&mut self) -> String {
        let trigger = format!("{}.{}.abc", self.number(), self.last_ts);
        self.triggers.insert(trigger.clone(), Instant::now());
        trigger
    }

    /// The person's direct conversation with the app; it is made when there is none.
    pub fn direct(&mut self, user: &str) -> String {
        let id = format!("D{user}");
        if !self.rooms.contains_key(&id) {
            self.room(&id, Kind::Direct);
        }
        id
    }

    /// Connections that are open now.
    pub fn connections(&self) -> usize {
        self.connections.len()
    }

    /// How often `method` was called.
    pub fn called(&self, method: &str) -> u64 {
        self.calls.get(method).copied().unwrap_or(0)
    }

    /// The messages of the app in `room`, oldest first.
    pub fn posts(&self, room: &str) -> Vec<Value> {
        let messages = self.rooms.get(room).map(|room| room.messages.values().cloned().collect::<Vec<_>>());
        messages.unwrap_or_default().into_iter().filter(|message| message["user"] == BOT).collect()
    }
}
