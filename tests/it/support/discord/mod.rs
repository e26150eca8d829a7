//! A stand-in for Discord: its REST API and its gateway over real HTTP and WebSocket, written from Discord's reference
//! (API version 10). What it is asked to do wrong, it does at random, the same way for the same seed.

pub mod faults;
mod gateway;
mod interactions;
mod rest;
pub mod shapes;
mod shapes_test;
pub mod world;

use std::net::SocketAddr;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, MutexGuard};

use faults::Faults;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use world::World;

/// The token that is let in.
pub const TOKEN: &str = "MTk4NjIyNDgzNDcxOTI1MjQ4.Cl2FMQ.ZnCjm1XVW7vRze4b7Cq4se7kKWs";
/// Our bot, its application and its server.
pub const BOT: u64 = 198_622_483_471_925_248;
pub const APPLICATION: u64 = 845_027_738_276_462_632;
pub const GUILD: u64 = 197_038_439_483_310_086;

/// What a socket is told to write.
pub enum Order {
    /// A dispatch, with its sequence number.
    Dispatch(Value),
    /// Another payload.
    Send(Value),
    /// A close frame with this code.
    Close(u16),
    /// A close frame that names no code.
    CloseWithoutCode,
    /// The connection breaks.
    Drop,
}

/// Shared by the handlers.
pub struct Shared {
    pub world: Mutex<World>,
    pub faults: Faults,
    gateway: SocketAddr,
}

impl Shared {
    pub fn world(&self) -> MutexGuard<'_, World> {
        self.world.lock().expect("world")
    }
}

/// A running stand-in. Dropping it closes its ports.
pub struct StandIn {
    shared: Arc<Shared>,
    /// For `api_url`.
    pub url: String,
    _tasks: JoinSet<()>,
}

impl StandIn {
    /// Starts one with a text channel, a forum and a triage room ([`World::TEXT`] and its neighbours).
    pub async fn start(faults: Faults) -> Self {
        let rest = TcpListener::bind(("127.0.0.1", 0)).await.expect("a port");
        let gateway = TcpListener::bind(("127.0.0.1", 0)).await.expect("a port");
        let url = format!("http://{}", rest.local_addr().expect("address"));
        let address = gateway.local_addr().expect("address");
        let shared = Arc::new(Shared { world: Mutex::new(World::new()), faults, gateway: address });
        let mut tasks = JoinSet::new();
        let router = rest::router(shared.clone());
        tasks.spawn(async move { axum::serve(rest, router).await.expect("serve") });
        tasks.spawn(gateway::listen(gateway, shared.clone()));
        Self { shared, url, _tasks: tasks }
    }

    /// What it holds.
    pub fn world(&self) -> MutexGuard<'_, World> {
        self.shared.world()
    }

    /// A person writes. Returns the message's id.
    pub fn say(&self, channel: u64, user: u64, text: &str) -> u64 {
        let mut world = self.world();
        let message = world.new_message(channel, &shapes::person(user), text);
        let id = shapes::id(&message);
        world.dispatch("MESSAGE_CREATE", &message);
        id
    }

    /// A person writes and adds a file. Returns the message's id.
    pub fn share(&self, channel: u64, user: u64, text: &str, (name, bytes): (&str, &[u8])) -> u64 {
        let mut world = self.world();
        world.files.insert(name.to_owned(), bytes.to_vec());
        let mut message = world.new_message(channel, &shapes::person(user), text);
        let id = shapes::id(&message);
        let files = json!([{ "id": "1", "filename": name, "content_type": "application/octet-stream", "size": bytes.len(),
            "url": format!("{}/files/{name}", self.url), "proxy_url": "" }]);
        message["attachments"] = files.clone();
        world.message_mut(channel, id).expect("there")["attachments"] = files;
        world.dispatch("MESSAGE_CREATE", &message);
        id
    }

    /// A person changes a message.
    pub fn edit(&self, channel: u64, message: u64, text: &str) {
        let mut world = self.world();
        let at = world.tick();
        let edited = world.message_mut(channel, message).expect("the message");
        edited["content"] = json!(text);
        edited["edited_timestamp"] = json!(shapes::timestamp(at));
        let edited = edited.clone();
        let edited = world.for_gateway(edited);
        world.dispatch("MESSAGE_UPDATE", &edited);
    }

    /// Discord adds a preview of a link: an update that nobody wrote.
    pub fn preview(&self, channel: u64, message: u64) {
        let mut world = self.world();
        let shown = world.message_mut(channel, message).expect("the message");
        shown["embeds"] = json!([{ "type": "link", "url": "https://example.com/" }]);
        let shown = shown.clone();
        let shown = world.for_gateway(shown);
        world.dispatch("MESSAGE_UPDATE", &shown);
    }

    /// A person takes a message back.
    pub fn delete(&self, channel: u64, message: u64) {
        let mut world = self.world();
        world.remove(channel, message);
        let gone =
            json!({ "id": message.to_string(), "channel_id": channel.to_string(), "guild_id": GUILD.to_string() });
        world.dispatch("MESSAGE_DELETE", &gone);
    }

    /// A person opens a forum post, or a thread on the message `on`. Returns the thread's id.
    pub fn open_thread(&self, parent: u64, on: Option<u64>, name: &str) -> u64 {
        let mut world = self.world();
        let thread = world.new_thread(parent, on, name);
        let id = shapes::id(&thread);
        world.dispatch("THREAD_CREATE", &thread);
        id
    }

    /// A thread or forum post is deleted with everything in it. Its messages are not told of one by one.
    pub fn close_thread(&self, thread: u64) {
        let mut world = self.world();
        let channel = world.channels.remove(&thread).expect("the thread");
        let gone = json!({ "id": thread.to_string(), "guild_id": GUILD.to_string(),
            "parent_id": channel.object["parent_id"], "type": channel.object["type"] });
        world.dispatch("THREAD_DELETE", &gone);
    }

    /// Tells every open socket something.
    pub fn order(&self, order: impl Fn() -> Order) {
        for session in self.world().sessions.values() {
            if let Some(socket) = &session.socket {
                let _ = socket.send(order());
            }
        }
    }

    /// IDENTIFY is answered with this close code from now on; 0 lets it in again.
    pub fn close_code(&self, code: u16) {
        self.shared.faults.close_code.store(code, Ordering::SeqCst);
    }

    /// Ends every session: what is sent before the next IDENTIFY is lost.
    pub fn forget_sessions(&self) {
        let sessions = std::mem::take(&mut self.world().sessions);
        for socket in sessions.into_values().filter_map(|session| session.socket) {
            let _ = socket.send(Order::Drop);
        }
    }
}

/// A way to a socket.
pub type Socket = mpsc::UnboundedSender<Order>;
