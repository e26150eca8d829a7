//! A TCP proxy that misbehaves when told to. Rules are set by calling methods and hold for all its connections.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

/// What to do when a rule fires. The bytes up to and with the match still pass.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// Both sides see a reset.
    Reset,
    /// Both sides see an orderly end.
    Close,
    /// Nothing more passes, nothing ends.
    Blackhole,
    /// Bytes nobody sent come in between.
    Garbage,
}

/// Which way the bytes go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    ToServer,
    ToClient,
}

struct Rule {
    way: Way,
    text: Vec<u8>,
    fault: Fault,
}

#[derive(Default)]
struct Plan {
    rules: Vec<Rule>,
    connections: usize,
    fired: usize,
}

/// The proxy; dropping it ends its connections.
pub struct FaultProxy {
    pub port: u16,
    plan: Arc<Mutex<Plan>>,
    _tasks: JoinSet<()>,
}

impl FaultProxy {
    /// Stands in front of `127.0.0.1:port`.
    pub async fn start(port: u16) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a port");
        let own = listener.local_addr().expect("address").port();
        let plan = Arc::new(Mutex::new(Plan::default()));
        let mut tasks = JoinSet::new();
        let shared = Arc::clone(&plan);
        tasks.spawn(async move {
            let mut pumps = JoinSet::new();
            let upstream = SocketAddr::from(([127, 0, 0, 1], port));
            while let Ok((client, _)) = listener.accept().await {
                shared.lock().expect("lock").connections += 1;
                let shared = Arc::clone(&shared);
                pumps.spawn(async move {
                    if let Ok(server) = TcpStream::connect(upstream).await {
                        carry(client, server, &shared).await;
                    }
                });
            }
        });
        Self { port: own, plan, _tasks: tasks }
    }

    /// Once, when `text` has passed that way, `fault` happens.
    pub fn once(&self, way: Way, text: &str, fault: Fault) {
        self.plan.lock().expect("lock").rules.push(Rule { way, text: text.as_bytes().to_vec(), fault });
    }

    /// What has not fired yet never will.
    pub fn clear(&self) {
        self.plan.lock().expect("lock").rules.clear();
    }

    /// Connections taken so far.
    pub fn connections(&self) -> usize {
        self.plan.lock().expect("lock").connections
    }

    /// Rules that fired so far.
    pub fn fired(&self) -> usize {
        self.plan.lock().expect("lock").fired
    }
}

async fn carry(client: TcpStream, server: TcpStream, plan: &Mutex<Plan>) {
    let (client_read, client_write) = client.into_split();
    let (server_read, server_write) = server.into_split();
    let up = pump(client_read, server_write, Way::ToServer, plan);
    let down = pump(server_read, client_write, Way::ToClient, plan);
    // Dropping the halves closes both sides.
    tokio::select! {
        () = up => {}
        () = down => {}
    }
}

/// Carries bytes one way until a fault or the end.
async fn pump(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, way: Way, plan: &Mutex<Plan>) {
    let mut tail: Vec<u8> = Vec::new();
    let mut chunk = vec![0u8; 64 << 10];
    loop {
        let Ok(count) = from.read(&mut chunk).await else { return };
        if count == 0 {
            return;
        }
        let before = tail.len();
        tail.extend_from_slice(&chunk[..count]);
        let hit = {
            let mut plan = plan.lock().expect("lock");
            let hit = plan.rules.iter().position(|rule| rule.way == way && find(&tail, &rule.text).is_some());
            hit.map(|at| {
                plan.fired += 1;
                let rule = plan.rules.remove(at);
                let end = find(&tail, &rule.text).map_or(tail.len(), |start| start + rule.text.len());
                (rule.fault, end.saturating_sub(before))
            })
        };
        let Some((fault, cut_at)) = hit else {
            if to.write_all(&chunk[..count]).await.is_err() {
                return;
            }
            tail.drain(..tail.len().saturating_sub(256));
            continue;
        };
        tail.clear();
        let _ = to.write_all(&chunk[..cut_at]).await;
        match fault {
            Fault::Close => return,
            Fault::Reset => {
                reset(from.as_ref());
                reset(to.as_ref());
                return;
            }
            Fault::Blackhole => std::future::pending::<()>().await,
            Fault::Garbage => {
                let _ = to.write_all(b"\x00\xff(((\"garbage{7}\r\n\r\n)").await;
                let _ = to.write_all(&chunk[cut_at..count]).await;
            }
        }
    }
}

/// Closing then sends a reset instead of an orderly end.
fn reset(stream: &TcpStream) {
    let _ = stream.set_zero_linger();
}

fn find(text: &[u8], wanted: &[u8]) -> Option<usize> {
    text.windows(wanted.len()).position(|window| window == wanted)
}
