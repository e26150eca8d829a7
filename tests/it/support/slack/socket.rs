//! Socket Mode: accepts connections with a ticket, says hello, sends envelopes, takes acknowledgements.

use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use serde_json::Value;
use tokio::net::TcpStream;
use tokio::sync::mpsc;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::handshake::server::{ErrorResponse, Request, Response};

use super::{Workspace, runtime, shapes};

/// What a connection is told to do.
pub(super) enum Order {
    Say(String),
    /// The connection ends without a word, after this long.
    Cut(Duration),
    /// It says that it will end, and ends after this long.
    Warn(&'static str, Duration),
}

/// An open connection.
pub(super) struct Connection {
    pub(super) orders: mpsc::UnboundedSender<Order>,
    /// It was warned: no new events for it.
    pub(super) leaving: bool,
}

pub(super) async fn accept(workspace: Workspace, listener: std::net::TcpListener) {
    let listener = tokio::net::TcpListener::from_std(listener).expect("listener");
    while let Ok((stream, _)) = listener.accept().await {
        stream.set_nodelay(true).expect("nodelay");
        runtime().spawn(serve(workspace.clone(), stream));
    }
}

async fn serve(workspace: Workspace, stream: TcpStream) {
    let known = workspace.clone();
    #[expect(clippy::result_large_err, reason = "the type is that of tungstenite's callback")]
    let check = move |request: &Request, response: Response| -> Result<Response, ErrorResponse> {
        let query = request.uri().query().unwrap_or_default();
        let ticket = query.split('&').find_map(|pair| pair.strip_prefix("ticket=")).unwrap_or_default();
        if known.world().socket_tickets.remove(ticket) {
            return Ok(response);
        }
        let mut refusal = ErrorResponse::new(Some("the ticket is used up".to_owned()));
        *refusal.status_mut() = tokio_tungstenite::tungstenite::http::StatusCode::FORBIDDEN;
        Err(refusal)
    };
    let Ok(mut socket) = tokio_tungstenite::accept_hdr_async(stream, check).await else { return };
    let (orders, mut told) = mpsc::unbounded_channel();
    let (id, hello) = {
        let mut world = workspace.world();
        let stillborn = world.faults.stillborn;
        if world.dice.falls(stillborn) {
            return;
        }
        let id = world.number();
        let hello = shapes::hello(world.connections.len() + 1);
        // Before its hello: whoever has heard it misses nothing from then on.
        world.connections.insert(id, Connection { orders, leaving: false });
        (id, hello)
    };
    if socket.send(Message::text(hello.to_string())).await.is_ok() {
        talk(&workspace, &mut socket, &mut told).await;
    }
    workspace.world().connections.remove(&id);
}

/// Sends what it is told and takes acknowledgements, until the connection ends.
async fn talk(
    workspace: &Workspace,
    socket: &mut WebSocketStream<TcpStream>,
    told: &mut mpsc::UnboundedReceiver<Order>,
) {
    let mut end: Option<tokio::time::Instant> = None;
    loop {
        let ended = async {
            match end {
                Some(at) => tokio::time::sleep_until(at).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            () = ended => break,
            order = told.recv() => match order {
                Some(Order::Say(text)) => {
                    if socket.send(Message::text(text)).await.is_err() {
                        break;
                    }
                }
                Some(Order::Cut(after)) if after.is_zero() => break,
                Some(Order::Cut(after)) => end = Some(tokio::time::Instant::now() + after),
                Some(Order::Warn(reason, after)) => {
                    end = Some(tokio::time::Instant::now() + after);
                    if socket.send(Message::text(shapes::disconnect(reason).to_string())).await.is_err() {
                        break;
                    }
                }
                None => break,
            },
            came = socket.next() => match came {
                Some(Ok(Message::Text(text))) => {
                    if let Ok(ack) = serde_json::from_str::<Value>(&text) {
                        workspace.world().acknowledged(&ack);
                    }
                }
                Some(Ok(Message::Close(_)) | Err(_)) | None => break,
                Some(Ok(_)) => {}
            },
        }
    }
}
