//! An IMAP server that answers FETCH with what no server should send.

use std::sync::{Arc, Mutex};

use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

/// What a FETCH brings while the server is evil. `hello` is the mail's text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// A tagged NO and no data.
    No,
    /// A tagged BAD.
    Bad,
    /// Data, then BYE and the end.
    Bye,
    /// The end in the middle of a literal.
    Cut,
    /// NIL where the body belongs, and mails nobody asked for.
    Nil,
    /// OK, and nothing else.
    Nothing,
    /// Brackets 20,000 deep.
    Deep,
    /// A literal of 4 GB.
    HugeLiteral,
    /// A literal whose size no number holds.
    HugeNumber,
    /// A literal longer than announced.
    Short,
    /// The same mail twice.
    Twice,
    /// Unknown responses around a good one.
    Unknown,
    /// Unknown attributes in a good response.
    UnknownAttribute,
    /// Bytes outside ASCII in status texts, also right after a response code.
    Latin,
    /// Keep-alives for ever.
    Endless,
    /// A line without an end.
    NoLine,
    /// Line feeds without carriage returns.
    BareLf,
    /// UIDs nobody asked for, and one no number holds.
    WrongUid,
    /// Expunges and other news around a good response.
    Vanished,
    /// INTERNALDATE NIL.
    NoDate,
    /// Nothing at all.
    Silent,
}

struct State {
    mode: Mode,
    /// FETCH commands left to answer badly.
    evil_left: usize,
    fetches: usize,
    logins: usize,
    /// What it says it can do beside `IMAP4rev1`; with `REFUSES` it refuses to name mails by an id.
    can: &'static str,
    uid_validity: u32,
}

/// The server; dropping it ends its connections.
pub struct EvilImap {
    pub port: u16,
    state: Arc<Mutex<State>>,
    _tasks: JoinSet<()>,
}

/// The one mail it holds, UID 1.
pub const MAIL: &str = "Subject: hello\r\n\r\nhello\r\n";

impl EvilImap {
    /// A server that answers the first `times` FETCH commands as `mode` says and the later ones well.
    pub async fn start(mode: Mode, times: usize) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a port");
        let port = listener.local_addr().expect("address").port();
        let state =
            Arc::new(Mutex::new(State { mode, evil_left: times, fetches: 0, logins: 0, can: "", uid_validity: 1 }));
        let mut tasks = JoinSet::new();
        let shared = Arc::clone(&state);
        tasks.spawn(async move {
            let mut served = JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                let shared = Arc::clone(&shared);
                served.spawn(async move {
                    let _ = serve(stream, &shared).await;
                });
            }
        });
        Self { port, state, _tasks: tasks }
    }

    /// From now on it says that it can do this too.
    pub fn can(&self, capability: &'static str) {
        self.state.lock().expect("lock").can = capability;
    }

    /// The folder gets another UIDVALIDITY.
    pub fn renumber(&self, uid_validity: u32) {
        self.state.lock().expect("lock").uid_validity = uid_validity;
    }

    /// FETCH commands so far.
    pub fn fetches(&self) -> usize {
        self.state.lock().expect("lock").fetches
    }

    /// Logins so far.
    pub fn logins(&self) -> usize {
        self.state.lock().expect("lock").logins
    }
}

async fn serve(stream: TcpStream, state: &Mutex<State>) -> std::io::Result<()> {
    let (read, mut write) = stream.into_split();
    let mut lines = BufReader::new(read).lines();
    write.write_all(b"* OK hi\r\n").await?;
    while let Some(line) = lines.next_line().await? {
        let (tag, command) = line.split_once(' ').unwrap_or((&line, ""));
        let answer = if command.starts_with("LOGIN") {
            state.lock().expect("lock").logins += 1;
            format!("{tag} OK in\r\n")
        } else if command.starts_with("CAPABILITY") {
            let can = state.lock().expect("lock").can;
            format!("* CAPABILITY IMAP4rev1 {can}\r\n{tag} OK done\r\n").replace(" \r", "\r")
        } else if command.starts_with("SELECT") {
            let uid_validity = state.lock().expect("lock").uid_validity;
            format!(
                "* 1 EXISTS\r\n* OK [UIDVALIDITY {uid_validity}] x\r\n* OK [UIDNEXT 2] x\r\n{tag} OK [READ-WRITE] s\r\n"
            )
        } else if command.starts_with("UID SEARCH") {
            format!("* SEARCH 1\r\n{tag} OK done\r\n")
        } else if command.starts_with("UID FETCH") {
            let evil = {
                let mut state = state.lock().expect("lock");
                state.fetches += 1;
                let evil = (state.evil_left > 0).then_some(state.mode);
                state.evil_left = state.evil_left.saturating_sub(1);
                evil
            };
            match evil {
                Some(mode) => {
                    if misbehave(mode, tag, &mut write).await? {
                        return Ok(());
                    }
                    continue;
                }
                None if state.lock().expect("lock").can.contains("REFUSES") && command.contains("EMAILID") => {
                    format!("{tag} BAD unknown item\r\n")
                }
                None => format!("{}{tag} OK done\r\n", identified(command)),
            }
        } else {
            format!("{tag} OK done\r\n")
        };
        write.write_all(answer.as_bytes()).await?;
    }
    Ok(())
}

fn good() -> String {
    let size = MAIL.len();
    format!(
        "* 1 FETCH (UID 1 FLAGS () RFC822.SIZE {size} INTERNALDATE \" 1-Oct-2026 09:30:00 +0900\" BODY[] {{{size}}}\r\n{MAIL})\r\n"
    )
}

/// The good answer, with the id that is asked for.
fn identified(command: &str) -> String {
    let id = if command.contains("EMAILID") {
        "FLAGS () EMAILID (M6d952b5c6f82bfd8)"
    } else if command.contains("X-GM-MSGID") {
        "FLAGS () X-GM-MSGID 1278455344230334865"
    } else {
        "FLAGS ()"
    };
    good().replace("FLAGS ()", id)
}

/// Answers one FETCH; says whether the connection is over.
async fn misbehave<W: AsyncWriteExt + Unpin>(mode: Mode, tag: &str, write: &mut W) -> std::io::Result<bool> {
    let good = good();
    let answer = match mode {
        Mode::No => format!("{tag} NO Some messages could not be FETCHed (Failure)\r\n").into_bytes(),
        Mode::Bad => format!("{tag} BAD Command Argument Error. 11\r\n").into_bytes(),
        Mode::Bye => b"* 1 FETCH (UID 1)\r\n* BYE Session expired, please login again.\r\n".to_vec(),
        Mode::Cut => b"* 1 FETCH (UID 1 BODY[] {5000}\r\nhello".to_vec(),
        Mode::Nil => {
            format!("* 1 FETCH (UID 1 BODY[] NIL)\r\n* 1 FETCH (UID 1 FLAGS ())\r\n* 2 FETCH (UID 2 BODY[] \"\")\r\n{tag} OK\r\n").into_bytes()
        }
        Mode::Nothing => format!("{tag} OK done\r\n").into_bytes(),
        Mode::Deep => {
            let (open, close) = ("(".repeat(20_000), ")".repeat(20_000));
            format!("* 1 FETCH (UID 1 BODYSTRUCTURE {open}\"TEXT\"{close} BODY[] {{5}}\r\nhello)\r\n{tag} OK\r\n").into_bytes()
        }
        Mode::HugeLiteral => b"* 1 FETCH (UID 1 BODY[] {4000000000}\r\nxxxxxxxx".to_vec(),
        Mode::HugeNumber => b"* 1 FETCH (UID 1 BODY[] {99999999999999999999}\r\n".to_vec(),
        Mode::Short => format!("* 1 FETCH (UID 1 BODY[] {{3}}\r\nhello)\r\n{tag} OK\r\n").into_bytes(),
        Mode::Twice => format!("{good}{good}{tag} OK\r\n").into_bytes(),
        Mode::Unknown => format!("* XFOO \"bar\" (1 2)\r\n* OK [UNKNOWNCODE x y] hi\r\n\r\n{good}* XBAR {{3}}\r\na\r\n\r\n{tag} OK\r\n").into_bytes(),
        Mode::UnknownAttribute => good.replace("FLAGS ()", "FLAGS () X-NEW-ATTR \"x\"").into_bytes().into_iter().chain(format!("{tag} OK\r\n").into_bytes()).collect(),
        Mode::Latin => {
            let mut bytes = b"* OK [ALERT]\xe3\x81\x93\xff raw 8bit\r\n".to_vec();
            bytes.extend_from_slice(good.as_bytes());
            bytes.extend_from_slice(format!("{tag} OK ").as_bytes());
            bytes.extend_from_slice(b"\xff\r\n");
            bytes
        }
        Mode::Endless | Mode::NoLine => {
            let part: &[u8] = if mode == Mode::Endless { b"* OK still here\r\n" } else { b"aaaaaaaaaaaaaaaa" };
            let block = part.repeat(4_096);
            loop {
                write.write_all(&block).await?;
            }
        }
        Mode::BareLf => format!("* 1 FETCH (UID 1 BODY[] {{5}}\nhello)\n{tag} OK\n").into_bytes(),
        Mode::WrongUid => {
            format!("* 1 FETCH (UID 4294967295 BODY[] {{5}}\r\nhello)\r\n* 1 FETCH (UID 4294967296 BODY[] {{5}}\r\nhello)\r\n{tag} OK\r\n").into_bytes()
        }
        Mode::Vanished => format!("* VANISHED (EARLIER) 1:5\r\n* 3 EXPUNGE\r\n* 2 EXISTS\r\n* 0 RECENT\r\n{good}{tag} OK\r\n").into_bytes(),
        Mode::NoDate => format!("* 1 FETCH (UID 1 INTERNALDATE NIL BODY[] {{5}}\r\nhello)\r\n{tag} OK\r\n").into_bytes(),
        Mode::Silent => return std::future::pending().await,
    };
    write.write_all(&answer).await?;
    Ok(matches!(mode, Mode::Bye | Mode::Cut | Mode::HugeLiteral))
}
