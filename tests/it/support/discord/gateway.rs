//! The gateway: HELLO, IDENTIFY, heartbeats, RESUME, and everything that may go wrong with a connection.

use std::io::Write;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use flate2::Compression;
use flate2::write::ZlibEncoder;
use serde_json::{Value, json};
use serenity::futures::{SinkExt, StreamExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::CloseFrame;

use super::world::Session;
use super::{GUILD, Order, Shared, TOKEN, shapes};

/// Milliseconds between heartbeats: short, so that a silent socket is noticed within a test.
const HEARTBEAT_MS: u64 = 1000;
/// How long a dispatch waits for one to change places with.
const SWAP: Duration = Duration::from_millis(5);

pub async fn listen(listener: TcpListener, shared: Arc<Shared>) {
    let mut sockets = JoinSet::new();
    while let Ok((stream, _)) = listener.accept().await {
        let shared = shared.clone();
        sockets.spawn(async move {
            if let Ok(socket) = tokio_tungstenite::accept_async(stream).await {
                let _ = Connection::new(socket, shared).run().await;
            }
        });
        while sockets.try_join_next().is_some() {}
    }
}

struct Connection {
    socket: WebSocketStream<TcpStream>,
    shared: Arc<Shared>,
    orders: mpsc::UnboundedReceiver<Order>,
    sender: mpsc::UnboundedSender<Order>,
    compress: bool,
    silent: bool,
}

/// The connection is at its end.
struct Over;

impl<E: std::error::Error> From<E> for Over {
    fn from(_: E) -> Self {
        Self
    }
}

impl Connection {
    fn new(socket: WebSocketStream<TcpStream>, shared: Arc<Shared>) -> Self {
        let (sender, orders) = mpsc::unbounded_channel();
        Self { socket, shared, orders, sender, compress: false, silent: false }
    }

    async fn run(mut self) -> Result<(), Over> {
        let interval = match self.shared.faults.heartbeat_ms.load(Ordering::SeqCst) {
            0 => HEARTBEAT_MS,
            other => other,
        };
        self.send(&json!({ "op": 10, "d": { "heartbeat_interval": interval } })).await?;
        loop {
            tokio::select! {
                received = self.socket.next() => match received {
                    Some(Ok(Message::Text(text))) => self.take(&serde_json::from_str(text.as_str())?).await?,
                    Some(Ok(Message::Close(_)) | Err(_)) | None => return Ok(()),
                    Some(Ok(_)) => {}
                },
                order = self.orders.recv() => match order {
                    Some(order) => self.obey(order).await?,
                    None => return Ok(()),
                },
            }
        }
    }

    async fn take(&mut self, payload: &Value) -> Result<(), Over> {
        match payload["op"].as_u64() {
            Some(1) if !self.silent => self.send(&json!({ "op": 11 })).await,
            Some(2) => self.identify(&payload["d"]).await,
            Some(6) => self.resume(&payload["d"]).await,
            Some(1 | 3) => Ok(()),
            _ => self.close(4001).await,
        }
    }

    async fn identify(&mut self, d: &Value) -> Result<(), Over> {
        let code = self.shared.faults.close_code.load(Ordering::SeqCst);
        let session = {
            let mut world = self.shared.world();
            world.identifies += 1;
            world.identified.push(d.clone());
            format!("session-{}", world.identifies)
        };
        let token = d["token"].as_str().unwrap_or_default().trim_start_matches("Bot ");
        if token != TOKEN {
            return self.close(4004).await;
        }
        if code > 0 {
            return self.close(code).await;
        }
        self.compress = d["compress"].as_bool().unwrap_or(false);
        self.silent = self.shared.faults.spends(&self.shared.faults.silent_sockets);
        let mut world = self.shared.world();
        let gateway = format!("ws://{}", self.shared.gateway);
        let of_guild = |object: &&Value| object["guild_id"] == json!(GUILD.to_string()) && object["type"] != json!(11);
        let channels: Vec<Value> = world.channels.values().map(|c| &c.object).filter(of_guild).cloned().collect();
        let guild = shapes::guild_create(world.everyone, &channels, &world.threads(false));
        let ready = shapes::ready(&session, &gateway);
        let mut new = Session { seq: 0, log: Vec::new(), socket: Some(self.sender.clone()) };
        for (name, d) in [("READY", ready), ("GUILD_CREATE", guild)] {
            new.seq += 1;
            let payload = json!({ "op": 0, "t": name, "s": new.seq, "d": d });
            new.log.push((new.seq, payload.clone()));
            let _ = self.sender.send(Order::Dispatch(payload));
        }
        world.sessions.insert(session, new);
        Ok(())
    }

    async fn resume(&mut self, d: &Value) -> Result<(), Over> {
        let id = d["session_id"].as_str().unwrap_or_default().to_owned();
        let seq = d["seq"].as_u64().unwrap_or_default();
        let invalid = self.shared.faults.spends(&self.shared.faults.invalid_sessions);
        let known = {
            let mut world = self.shared.world();
            world.resumes += 1;
            if invalid {
                world.sessions.remove(&id);
            }
            match world.sessions.get_mut(&id) {
                Some(session) => {
                    session.socket = Some(self.sender.clone());
                    for (_, payload) in session.log.iter().filter(|(number, _)| *number > seq) {
                        let _ = self.sender.send(Order::Dispatch(payload.clone()));
                    }
                    session.seq += 1;
                    let resumed = json!({ "op": 0, "t": "RESUMED", "s": session.seq, "d": {} });
                    session.log.push((session.seq, resumed.clone()));
                    let _ = self.sender.send(Order::Send(resumed));
                    true
                }
                None => false,
            }
        };
        if known { Ok(()) } else { self.send(&json!({ "op": 9, "d": false })).await }
    }

    async fn obey(&mut self, order: Order) -> Result<(), Over> {
        match order {
            Order::Send(payload) => self.send(&payload).await,
            Order::Close(code) => self.close(code).await,
            Order::CloseWithoutCode => {
                let _ = self.socket.close(None).await;
                while let Some(Ok(_)) = self.socket.next().await {}
                Err(Over)
            }
            Order::Drop => Err(Over),
            Order::Dispatch(payload) => {
                self.dispatch(payload).await?;
                let faults = &self.shared.faults;
                if faults.strikes(faults.drop) {
                    return Err(Over);
                }
                if faults.strikes(faults.reconnect) {
                    return self.send(&json!({ "op": 7, "d": null })).await;
                }
                Ok(())
            }
        }
    }

    /// Writes a dispatch, perhaps twice, perhaps after the next one.
    async fn dispatch(&mut self, mut payload: Value) -> Result<(), Over> {
        let shared = self.shared.clone();
        let faults = &shared.faults;
        let is_session = matches!(payload["t"].as_str(), Some("READY" | "GUILD_CREATE"));
        if payload["t"] == json!("MESSAGE_CREATE") && faults.strikes(faults.odd_shape) {
            payload["d"]["embeds"] = json!("of a shape nobody knows");
        }
        if !is_session && faults.strikes(faults.swap) {
            match tokio::time::timeout(SWAP, self.orders.recv()).await {
                Ok(Some(Order::Dispatch(next))) => {
                    // In one piece: half of a swapped pair would be lost for RESUME, which counts the last number seen.
                    self.socket.feed(self.message(&next)?).await?;
                }
                Ok(Some(other)) => {
                    self.send(&payload).await?;
                    return Box::pin(self.obey(other)).await;
                }
                Ok(None) | Err(_) => {}
            }
        }
        self.send(&payload).await?;
        if !is_session && faults.strikes(faults.duplicate) {
            self.send(&payload).await?;
        }
        Ok(())
    }

    async fn send(&mut self, payload: &Value) -> Result<(), Over> {
        let message = self.message(payload)?;
        Ok(self.socket.send(message).await?)
    }

    fn message(&self, payload: &Value) -> Result<Message, Over> {
        let text = payload.to_string();
        Ok(if self.compress && self.shared.faults.strikes(self.shared.faults.compress) {
            let mut encoder = ZlibEncoder::new(Vec::new(), Compression::fast());
            encoder.write_all(text.as_bytes())?;
            Message::binary(encoder.finish()?)
        } else {
            Message::text(text)
        })
    }

    async fn close(&mut self, code: u16) -> Result<(), Over> {
        self.shared.world().closed.push(code);
        let frame = CloseFrame { code: code.into(), reason: "".into() };
        let _ = self.socket.close(Some(frame)).await;
        // The answer to the close frame ends the connection.
        while let Some(Ok(_)) = self.socket.next().await {}
        Err(Over)
    }
}
