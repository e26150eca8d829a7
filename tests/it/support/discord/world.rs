//! What the stand-in holds: channels, messages, sessions, interactions.

use std::collections::{BTreeMap, HashMap};
use std::time::Instant;

use madoguchi::clock::Clock;
use serde_json::{Value, json};

use super::{Order, Socket, shapes};

/// All permissions an invited bot has by the link in docs/discord.md.
pub const INVITED: u64 = 309_237_713_920;

/// A channel or thread.
pub struct Channel {
    pub object: Value,
    pub messages: BTreeMap<u64, Value>,
}

/// A gateway session.
pub struct Session {
    pub seq: u64,
    /// Everything dispatched, for RESUME.
    pub log: Vec<(u64, Value)>,
    pub socket: Option<Socket>,
}

/// An interaction that waits for its answer.
pub struct Interaction {
    pub made: Instant,
    pub token: String,
    pub channel: u64,
    /// The first answer, with how long it took.
    pub answer: Option<(Value, std::time::Duration)>,
    /// Changes of the answer, and further ones.
    pub later: Vec<Value>,
}

/// Everything.
pub struct World {
    last_id: u64,
    pub channels: BTreeMap<u64, Channel>,
    pub sessions: HashMap<String, Session>,
    pub interactions: BTreeMap<u64, Interaction>,
    /// Answers that came after 3 s.
    pub late: usize,
    /// Messages of the bot by nonce.
    pub nonces: HashMap<String, (u64, u64)>,
    pub commands: Value,
    pub commands_put: usize,
    pub identifies: usize,
    pub resumes: usize,
    /// Close codes sent.
    pub closed: Vec<u16>,
    pub requests: Vec<String>,
    /// Every IDENTIFY's data.
    pub identified: Vec<Value>,
    /// Permissions of everybody in the server.
    pub everyone: u64,
    /// The application's flags.
    pub flags: u64,
    /// Files by path.
    pub files: HashMap<String, Vec<u8>>,
    /// The token is refused.
    pub refuses_token: bool,
    /// Channels in which no thread can be opened.
    pub no_threads: Vec<u64>,
}

impl World {
    /// Its text channel, forum and triage room.
    pub const TEXT: u64 = 41_771_983_423_143_937;
    pub const FORUM: u64 = 41_771_983_423_143_938;
    pub const TRIAGE: u64 = 41_771_983_423_143_939;

    pub fn new() -> Self {
        let mut world = Self {
            last_id: 0,
            channels: BTreeMap::new(),
            sessions: HashMap::new(),
            interactions: BTreeMap::new(),
            late: 0,
            nonces: HashMap::new(),
            commands: json!([]),
            commands_put: 0,
            identifies: 0,
            resumes: 0,
            closed: Vec::new(),
            requests: Vec::new(),
            identified: Vec::new(),
            everyone: INVITED,
            flags: 1 << 19,
            files: HashMap::new(),
            refuses_token: false,
            no_threads: Vec::new(),
        };
        for (id, kind, name) in
            [(Self::TEXT, 0, "support"), (Self::FORUM, 15, "questions"), (Self::TRIAGE, 0, "triage")]
        {
            world.put(shapes::channel(id, kind, name, None));
        }
        world
    }

    /// The next id, of now. At most one a millisecond, so that times in ids are in order too.
    pub fn tick(&mut self) -> u64 {
        let now = u64::try_from(Clock::system().now().0).expect("after 1970");
        self.last_id = (self.last_id + (1 << 22)).max(shapes::id_at(now));
        self.last_id
    }

    pub fn put(&mut self, object: Value) {
        self.channels.insert(shapes::id(&object), Channel { object, messages: BTreeMap::new() });
    }

    pub fn new_message(&mut self, channel: u64, author: &Value, content: &str) -> Value {
        let id = self.tick();
        let message = shapes::message(id, channel, author, content);
        self.add(channel, message.clone());
        self.for_gateway(message)
    }

    pub fn add(&mut self, channel: u64, message: Value) {
        let id = shapes::id(&message);
        let holder = self.channels.get_mut(&channel).expect("the channel");
        holder.object["last_message_id"] = json!(id.to_string());
        holder.messages.insert(id, message);
    }

    /// The gateway adds server and member to messages; the REST API does not.
    pub fn for_gateway(&self, mut message: Value) -> Value {
        let channel: u64 = message["channel_id"].as_str().expect("channel").parse().expect("number");
        if let Some(guild) = self.channels[&channel].object["guild_id"].as_str() {
            message["guild_id"] = json!(guild);
            let author = shapes::id(&message["author"]);
            let mut member = shapes::member(author);
            member.as_object_mut().expect("fields").remove("user");
            message["member"] = member;
        }
        message
    }

    pub fn message_mut(&mut self, channel: u64, message: u64) -> Option<&mut Value> {
        self.channels.get_mut(&channel)?.messages.get_mut(&message)
    }

    pub fn remove(&mut self, channel: u64, message: u64) {
        self.channels.get_mut(&channel).expect("the channel").messages.remove(&message);
    }

    /// A thread; one on a message has the message's id.
    pub fn new_thread(&mut self, parent: u64, on: Option<u64>, name: &str) -> Value {
        let id = on.unwrap_or_else(|| self.tick());
        let thread = shapes::thread(id, parent, name);
        self.put(thread.clone());
        thread
    }

    /// A direct channel with `user`; the one there is when there is one.
    pub fn direct(&mut self, user: u64) -> Value {
        let is_theirs = |channel: &&Channel| channel.object["recipients"][0]["id"] == json!(user.to_string());
        if let Some(there) = self.channels.values().find(is_theirs) {
            return there.object.clone();
        }
        let id = self.tick();
        let object = shapes::direct(id, user, None);
        self.put(object.clone());
        object
    }

    /// Text of every message of the bot in a channel, in order.
    pub fn posts(&self, channel: u64) -> Vec<&Value> {
        let Some(channel) = self.channels.get(&channel) else { return Vec::new() };
        channel.messages.values().filter(|message| message["author"]["bot"] == json!(true)).collect()
    }

    pub fn threads(&self, archived: bool) -> Vec<Value> {
        let objects = self.channels.values().map(|channel| &channel.object);
        objects
            .filter(|object| object["type"] == json!(11) && object["thread_metadata"]["archived"] == json!(archived))
            .cloned()
            .collect()
    }

    /// Sends an event to every session, also to those whose socket is away: they get it when they resume.
    pub fn dispatch(&mut self, name: &str, d: &Value) {
        for session in self.sessions.values_mut() {
            session.seq += 1;
            let payload = json!({ "op": 0, "t": name, "s": session.seq, "d": d });
            session.log.push((session.seq, payload.clone()));
            if let Some(socket) = &session.socket
                && socket.send(Order::Dispatch(payload)).is_err()
            {
                session.socket = None;
            }
        }
    }

    /// Interactions that nobody answered in time.
    pub fn unanswered(&self) -> usize {
        self.interactions.values().filter(|interaction| interaction.answer.is_none()).count()
    }
}
