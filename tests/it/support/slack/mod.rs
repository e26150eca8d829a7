//! A workspace of Slack on loopback: the Web API over HTTP, Socket Mode over WebSocket, files. Written from the vendor's pages
//! under `docs.slack.dev` (Events API, Socket Mode, Web API, the reference of methods, events, objects and Block Kit).
//!
//! It plays people who write, press and fill in; it keeps rooms, posts and views for tests to read; and it fails at random, by a
//! seed, in the ways Slack fails.

mod deliver;
mod faults;
mod history;
mod people;
mod post;
mod shapes;
mod socket;
mod web;
mod world;

use std::sync::{Arc, Mutex, MutexGuard, OnceLock};
use std::time::Duration;

use tokio::runtime::Runtime;

pub use faults::{Dice, Faults};
pub use post::pings_of;
pub use world::{APP_TOKEN, BOT, BOT_TOKEN, Kind, SCOPES, World};

/// A workspace that runs as long as the test process.
#[derive(Clone)]
pub struct Workspace {
    world: Arc<Mutex<World>>,
    port: u16,
}

fn runtime() -> &'static Runtime {
    static RUNTIME: OnceLock<Runtime> = OnceLock::new();
    RUNTIME.get_or_init(|| {
        tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().expect("a runtime")
    })
}

fn listener() -> (std::net::TcpListener, u16) {
    let listener = std::net::TcpListener::bind(("127.0.0.1", 0)).expect("a port");
    listener.set_nonblocking(true).expect("nonblocking");
    let port = listener.local_addr().expect("address").port();
    (listener, port)
}

impl Workspace {
    /// A workspace without faults: the app, and nobody else.
    pub fn start() -> Self {
        Self::start_with(1, Faults::default())
    }

    /// A workspace whose faults come by `seed`.
    pub fn start_with(seed: u64, faults: Faults) -> Self {
        let (http, port) = listener();
        let (sockets, socket_port) = listener();
        let world = Arc::new(Mutex::new(World::new(seed, faults, [port, socket_port])));
        let workspace = Self { world, port };
        let served = workspace.clone();
        runtime().spawn(async move {
            let listener = tokio::net::TcpListener::from_std(http).expect("listener");
            axum::serve(listener, web::router(served)).await.expect("serve");
        });
        runtime().spawn(socket::accept(workspace.clone(), sockets));
        runtime().spawn(deliver::repeat(workspace.clone()));
        workspace
    }

    /// What `slack.api_url` is to be, for the connector and for a `serve` that is started outside.
    pub fn api_url(&self) -> String {
        format!("http://127.0.0.1:{}/api", self.port)
    }

    /// Everything there is, to read or to change.
    pub fn world(&self) -> MutexGuard<'_, World> {
        self.world.lock().expect("lock")
    }

    /// Waits until `is_so`, at most `limit`. Says whether it came about.
    pub async fn wait_until(&self, limit: Duration, is_so: impl Fn(&World) -> bool) -> bool {
        let until = tokio::time::Instant::now() + limit;
        loop {
            if is_so(&self.world()) {
                return true;
            }
            if tokio::time::Instant::now() > until {
                return false;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }
}
