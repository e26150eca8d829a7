//! Stand-ins for places that are told, over real HTTP and with the faults real ones have. What they accept and answer follows the
//! vendors' pages named in each file.

pub mod backlog;
pub mod pagerduty;
pub mod webhook;

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard};

use axum::Router;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};

/// What happens to a request.
#[derive(Clone, Copy, Debug)]
pub enum Fault {
    /// Refused with this status.
    Status(u16),
    /// 429 with `Retry-After`, in seconds.
    Busy(u64),
    /// 429 with `X-RateLimit-Reset`, in epoch seconds.
    Limited(i64),
    /// The work is done and the answer never comes.
    LostAnswer,
    /// The connection is cut before anything is done.
    Cut,
    /// Nothing is done and nothing comes back.
    Hang,
}

/// Faults of the requests to come, in order; after them all is well.
#[derive(Clone, Default)]
pub struct Faults(Arc<Mutex<VecDeque<Fault>>>);

/// What a request may go on with.
pub enum Go {
    On,
    /// Do the work, then never answer.
    OnSilently,
    Answer(Response),
}

impl Faults {
    /// The next requests meet these.
    pub fn plan(&self, faults: &[Fault]) {
        self.lock().extend(faults);
    }

    /// Faults that have not happened yet.
    pub fn left(&self) -> usize {
        self.lock().len()
    }

    fn lock(&self) -> MutexGuard<'_, VecDeque<Fault>> {
        self.0.lock().expect("lock")
    }

    /// What happens to this request.
    pub async fn meet(&self) -> Go {
        let fault = self.lock().pop_front();
        let status = |code: u16| StatusCode::from_u16(code).expect("status");
        match fault {
            None => Go::On,
            Some(Fault::LostAnswer) => Go::OnSilently,
            Some(Fault::Status(code)) => Go::Answer((status(code), "scripted").into_response()),
            Some(Fault::Busy(seconds)) => {
                Go::Answer((status(429), [("retry-after", seconds.to_string())]).into_response())
            }
            Some(Fault::Limited(at)) => {
                let headers = [("x-ratelimit-limit", "150".to_owned()), ("x-ratelimit-reset", at.to_string())];
                Go::Answer((status(429), headers).into_response())
            }
            // The server drops the connection of a task that ends without an answer.
            Some(Fault::Cut) => std::panic::resume_unwind(Box::new("cut")),
            Some(Fault::Hang) => std::future::pending().await,
        }
    }
}

/// Serves on a free port for as long as the runtime of the test lives.
pub async fn serve(router: Router) -> u16 {
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await.expect("a port");
    let port = listener.local_addr().expect("address").port();
    #[expect(clippy::disallowed_methods, reason = "a stand-in is no worker of the desk")]
    tokio::spawn(async move { axum::serve(listener, router).await.expect("serve") });
    port
}

/// Does the work, and answers unless the answer is to be lost.
pub async fn answered(go: Go, work: impl FnOnce() -> Response) -> Response {
    match go {
        Go::On => work(),
        Go::Answer(answer) => answer,
        Go::OnSilently => {
            drop(work());
            std::future::pending().await
        }
    }
}
