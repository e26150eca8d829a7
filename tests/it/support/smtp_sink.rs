//! A scripted SMTP server without TLS: keeps what it was given and fails where it is told to.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

/// What happens at one command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// This line instead of the good one.
    Line(&'static str),
    /// The connection ends without an answer.
    Close,
    /// No answer, ever.
    Silence,
}

/// One mail as it was given.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Taken {
    pub from: String,
    pub to: Vec<String>,
    /// Without dot-stuffing.
    pub data: String,
}

#[derive(Default)]
struct State {
    /// Command prefix (`dot` for the end of DATA) and what to do, each once.
    script: VecDeque<(&'static str, Answer)>,
    taken: Vec<Taken>,
    logins: Vec<String>,
    connections: usize,
}

/// The server; dropping it ends its connections.
pub struct SmtpSink {
    pub port: u16,
    state: Arc<Mutex<State>>,
    _tasks: JoinSet<()>,
}

impl SmtpSink {
    pub async fn start() -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a port");
        let port = listener.local_addr().expect("address").port();
        let state = Arc::new(Mutex::new(State::default()));
        let mut tasks = JoinSet::new();
        let shared = Arc::clone(&state);
        tasks.spawn(async move {
            let mut served = JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                shared.lock().expect("lock").connections += 1;
                let shared = Arc::clone(&shared);
                served.spawn(async move {
                    let _ = serve(stream, &shared).await;
                });
            }
        });
        Self { port, state, _tasks: tasks }
    }

    /// The next command that begins with `prefix` is answered so.
    pub fn once(&self, prefix: &'static str, answer: Answer) {
        self.state.lock().expect("lock").script.push_back((prefix, answer));
    }

    /// Mails taken so far, also those whose final answer was never sent.
    pub fn taken(&self) -> Vec<Taken> {
        self.state.lock().expect("lock").taken.clone()
    }

    /// AUTH commands so far.
    pub fn logins(&self) -> Vec<String> {
        self.state.lock().expect("lock").logins.clone()
    }

    /// Connections so far.
    pub fn connections(&self) -> usize {
        self.state.lock().expect("lock").connections
    }
}

fn scripted(state: &Mutex<State>, line: &str) -> Option<Answer> {
    let mut state = state.lock().expect("lock");
    let at = state.script.iter().position(|(prefix, _)| line.starts_with(prefix))?;
    state.script.remove(at).map(|(_, answer)| answer)
}

async fn serve(stream: TcpStream, state: &Mutex<State>) -> std::io::Result<()> {
    let (read, mut write) = stream.into_split();
    let mut lines = BufReader::new(read).lines();
    let mut mail = Taken::default();
    let mut command = "greeting".to_owned();
    loop {
        let good = match command.split([' ', ':']).next().unwrap_or_default() {
            "greeting" => "220 sink",
            "EHLO" => "250-sink\r\n250-AUTH OAUTHBEARER\r\n250 8BITMIME",
            "AUTH" => {
                state.lock().expect("lock").logins.push(command.clone());
                "235 2.7.0 in"
            }
            "DATA" => "354 go on",
            "dot" => {
                state.lock().expect("lock").taken.push(std::mem::take(&mut mail));
                "250 2.0.0 queued as 42"
            }
            "QUIT" => "221 bye",
            _ => "250 ok",
        };
        let answer = match scripted(state, &command) {
            Some(Answer::Line(line)) => line,
            Some(Answer::Close) => return Ok(()),
            Some(Answer::Silence) => return std::future::pending().await,
            None => good,
        };
        write.write_all(format!("{answer}\r\n").as_bytes()).await?;
        if answer.starts_with("221") || answer.starts_with("421") {
            return Ok(());
        }
        if answer.starts_with('2') {
            if let Some(from) = command.strip_prefix("MAIL FROM:") {
                mail = Taken { from: from.to_owned(), ..Taken::default() };
            } else if let Some(to) = command.strip_prefix("RCPT TO:") {
                mail.to.push(to.to_owned());
            }
        }
        if answer.starts_with("354") {
            loop {
                // A mail without its final dot was not given.
                let Some(line) = lines.next_line().await? else { return Ok(()) };
                if line == "." {
                    break;
                }
                mail.data.push_str(line.strip_prefix('.').unwrap_or(&line));
                mail.data.push_str("\r\n");
            }
            command = "dot".to_owned();
            continue;
        }
        let Some(line) = lines.next_line().await? else { return Ok(()) };
        command = line;
    }
}
