//! A desk as a user runs it: a directory made by `init`, settings that point at the test's servers, and the real program.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Output, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::process::{Child, Command};

use super::template;
use crate::support::dovecot::{MailUser, PASSWORD};
use crate::support::postfix::postfix;
use crate::support::postgres;
use crate::support::server::certificates;

/// Nothing here takes longer, also on a machine that is busy with other things.
pub const PATIENCE: Duration = Duration::from_mins(4);
const LOOK: Duration = Duration::from_millis(50);

/// A number the person who runs the tests may set.
#[expect(clippy::disallowed_methods, reason = "how long the tests run is told by the environment")]
pub fn setting(name: &str, default: u64) -> u64 {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(default)
}

/// The program under test: `MADOGUCHI_BIN`, else the one cargo built for the tests.
#[expect(clippy::disallowed_methods, reason = "the program under test may be another build")]
pub fn program() -> PathBuf {
    std::env::var("MADOGUCHI_BIN").map_or_else(|_| PathBuf::from(env!("CARGO_BIN_EXE_madoguchi")), PathBuf::from)
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Database {
    Sqlite,
    Postgres,
}

/// Looks until `probe` finds something; fails after [`PATIENCE`].
pub async fn until<T>(what: &str, probe: impl AsyncFnMut() -> Option<T>) -> T {
    within(PATIENCE, what, probe).await
}

/// [`until`] with a deadline of its own.
pub async fn within<T>(patience: Duration, what: &str, mut probe: impl AsyncFnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + patience;
    loop {
        if let Some(found) = probe().await {
            return found;
        }
        assert!(Instant::now() < deadline, "not within {patience:?}: {what}");
        tokio::time::sleep(LOOK).await;
    }
}

/// One desk. Dropping it kills its program and removes its files.
pub struct Desk {
    dir: tempfile::TempDir,
    address: String,
    pub url: String,
    /// Environment of every program of this desk.
    pub environment: Vec<(String, String)>,
    child: Option<Child>,
    port: u16,
    starts: u32,
}

/// What the ledger says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Totals {
    pub seen: u64,
    pub filed: u64,
    pub joined: u64,
    pub duplicate: u64,
    pub ignored: u64,
    pub buried: u64,
    pub pending: u64,
}

impl Drop for Desk {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let log = self.log();
            let tail: Vec<&str> = log.lines().rev().take(40).collect();
            eprintln!("the last of {} logged, newest first:\n{}", self.address, tail.join("\n"));
        }
    }
}

impl Desk {
    /// A new desk without servers.
    pub async fn new(database: Database, address: &str) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let url = match database {
            Database::Sqlite => "sqlite://data/madoguchi.db".to_owned(),
            Database::Postgres => postgres::database().await,
        };
        let mut desk = Self {
            dir,
            address: address.to_owned(),
            url: url.clone(),
            environment: Vec::new(),
            child: None,
            port: 0,
            starts: 0,
        };
        template::write(&desk.path("")).await;
        desk.edit(|text| {
            let text = text.replace("sqlite://data/madoguchi.db", &url).replace("127.0.0.1:8080", "127.0.0.1:0");
            text.replace(template::ADDRESS, address)
        });
        desk
    }

    /// A file of the desk.
    pub fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join("desk").join(name)
    }

    /// Where its programs are started.
    pub fn working_directory(&self) -> &Path {
        self.dir.path()
    }

    /// The database as the store wants it.
    pub fn database_url(&self) -> String {
        match self.url.strip_prefix("sqlite://") {
            Some(file) => format!("sqlite://{}", self.path(file).display()),
            None => self.url.clone(),
        }
    }

    /// Changes the settings file.
    pub fn edit(&mut self, change: impl FnOnce(String) -> String) {
        let file = self.path("madoguchi.toml");
        let text = fs::read_to_string(&file).unwrap();
        let changed = change(text.clone());
        assert_ne!(text, changed, "the settings have no such place");
        fs::write(file, changed).unwrap();
    }

    /// Brings back everything that ships.
    pub async fn keep_all(&self) {
        template::write_all_content(&self.path("")).await;
    }

    /// Mail comes in from `user` by IMAP on `port`.
    pub fn reads(&mut self, user: &MailUser, port: u16) {
        let imap = format!(
            "[mailboxes.imap]\nhost = \"127.0.0.1\"\nport = {port}\ntls = \"none\"\nuser = \"{}\"\npassword = '{PASSWORD}'\n\
             poll_s = 1\ntimeout_s = 5\nafter = \"seen\"\n\n# [mailboxes.smtp]\n",
            user.address
        );
        self.edit(|text| text.replace("# [mailboxes.smtp]\n", &imap));
    }

    /// Replies go to the sink on `port`.
    pub fn sends_to_sink(&mut self, port: u16) {
        let smtp = format!("[mailboxes.smtp]\nhost = \"127.0.0.1\"\nport = {port}\ntls = \"none\"\n");
        self.edit(|text| text.replace("# [mailboxes.smtp]\n", &smtp));
    }

    /// Replies go through Postfix, encrypted and logged in.
    pub fn sends_by_postfix(&mut self) {
        let smtp = format!(
            "[mailboxes.smtp]\nhost = \"localhost\"\nport = {}\ntls = \"starttls\"\nuser = \"sender@example.test\"\n\
             password = '{PASSWORD}'\nca_file = \"{}\"\n",
            postfix().submission,
            certificates().authority.display()
        );
        self.edit(|text| text.replace("# [mailboxes.smtp]\n", &smtp));
    }

    /// The program with this desk's settings. It dies with the thread that starts it.
    pub fn start(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new("setpriv");
        command.args(["--pdeathsig", "KILL"]).arg(program());
        let config = self.path("madoguchi.toml");
        if config.exists() {
            command.arg("--config").arg(config);
        }
        command.args(arguments).envs(self.environment.iter().cloned()).env("NO_COLOR", "1");
        command.current_dir(self.dir.path()).stdin(Stdio::null()).kill_on_drop(true);
        if !self.path("").exists() {
            fs::create_dir(self.path("")).unwrap();
        }
        command
    }

    /// Runs a command to its end.
    pub async fn run(&self, arguments: &[&str]) -> Output {
        self.start(arguments).output().await.unwrap()
    }

    /// Runs a command that must succeed and print one JSON document.
    pub async fn json(&self, arguments: &[&str]) -> Value {
        let output = self.run(&[arguments, &["--json", "-q"]].concat()).await;
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{arguments:?}: {said}");
        serde_json::from_slice(&output.stdout).unwrap_or_else(|fault| panic!("{arguments:?}: {fault}; {said}"))
    }

    /// Starts `serve` and waits until it listens.
    pub async fn serve(&mut self) {
        self.launch();
        until("serve listens", async || {
            assert!(self.ended().is_none(), "serve ended: {}", self.log());
            self.listens().then_some(())
        })
        .await;
    }

    /// Starts `serve` without waiting.
    pub fn launch(&mut self) {
        assert!(self.child.is_none(), "serve runs already");
        self.starts += 1;
        self.port = 0;
        let log = File::create(self.log_file()).unwrap();
        let mut command = self.start(&["serve"]);
        self.child = Some(command.stdout(Stdio::null()).stderr(log).process_group(0).spawn().unwrap());
    }

    fn log_file(&self) -> PathBuf {
        self.dir.path().join(format!("log-{}", self.starts))
    }

    /// What the last `serve` logged.
    pub fn log(&self) -> String {
        fs::read_to_string(self.log_file()).unwrap_or_default()
    }

    fn listens(&mut self) -> bool {
        let log = self.log();
        let port = log.split("listening on http://127.0.0.1:").nth(1).and_then(|rest| rest.split_whitespace().next());
        self.port = port.and_then(|port| port.parse().ok()).unwrap_or(0);
        self.port != 0
    }

    /// The process id of `serve`.
    pub fn pid(&self) -> u32 {
        self.child.as_ref().and_then(Child::id).expect("serve runs")
    }

    /// `Some` when `serve` has ended by itself.
    pub fn ended(&mut self) -> Option<()> {
        let ended = self.child.as_mut()?.try_wait().unwrap().is_some();
        if ended {
            self.child = None;
        }
        ended.then_some(())
    }

    /// kill -9.
    pub async fn kill(&mut self) {
        if let Some(mut child) = self.child.take() {
            child.kill().await.unwrap();
        }
    }

    /// Sends `serve` a signal.
    pub async fn signal(&self, name: &str) {
        let sent = Command::new("kill").args(["-s", name, &self.pid().to_string()]).status().await.unwrap();
        assert!(sent.success());
    }

    /// SIGTERM, and waits for the end.
    pub async fn stop(&mut self) {
        self.signal("TERM").await;
        let mut child = self.child.take().expect("serve runs");
        let status = tokio::time::timeout(PATIENCE, child.wait()).await.expect("serve stops when asked").unwrap();
        assert!(status.success(), "{}", self.log());
    }

    /// Status and text of a page of `serve`; status 0 when nobody answers.
    pub async fn page(&self, path: &str) -> (u16, String) {
        let head = format!("GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
        self.ask(&head, b"").await
    }

    /// What `serve` answers to `body`; each of `headers` ends with a line break.
    pub async fn post(&self, path: &str, headers: &str, body: &[u8]) -> (u16, String) {
        let length = body.len();
        let head = format!(
            "POST {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: {length}\r\n{headers}\r\n"
        );
        self.ask(&head, body).await
    }

    async fn ask(&self, head: &str, body: &[u8]) -> (u16, String) {
        let asked = async {
            let mut stream = TcpStream::connect(("127.0.0.1", self.port)).await?;
            stream.write_all(head.as_bytes()).await?;
            // A server that refuses early need not read all of it.
            let _ = stream.write_all(body).await;
            let mut answer = Vec::new();
            let _ = stream.read_to_end(&mut answer).await;
            Ok::<_, std::io::Error>(String::from_utf8_lossy(&answer).into_owned())
        };
        let answer = asked.await.unwrap_or_default();
        let status = answer.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or(0);
        (status, answer.split_once("\r\n\r\n").map_or(String::new(), |(_, body)| body.to_owned()))
    }

    /// The ledger's totals; it must balance.
    pub async fn totals(&self) -> Totals {
        let document = self.json(&["ledger"]).await;
        assert_eq!(document["balanced"], true, "{document}");
        let count = |name: &str| document["totals"][name].as_u64().unwrap();
        Totals {
            seen: count("seen"),
            filed: count("filed"),
            joined: count("joined"),
            duplicate: count("duplicate"),
            ignored: count("ignored"),
            buried: count("buried"),
            pending: count("pending"),
        }
    }

    /// Waits until `seen` messages are there and none is pending.
    pub async fn settled(&self, seen: u64) -> Totals {
        until(&format!("{seen} messages decided"), async || {
            let totals = self.totals().await;
            (totals.seen >= seen && totals.pending == 0).then_some(totals)
        })
        .await
    }

    /// Waits until nothing waits in the outbox. Returns all of it.
    pub async fn sent(&self) -> Vec<Value> {
        until("every reply is out", async || {
            let rows = self.json(&["outbox", "list"]).await.as_array().unwrap().clone();
            rows.iter().all(|row| row["state"] != "waiting").then_some(rows)
        })
        .await
    }

    /// Every ticket, oldest first.
    pub async fn tickets(&self) -> Vec<Value> {
        let mut tickets = self.json(&["ticket", "list"]).await.as_array().unwrap().clone();
        tickets.reverse();
        tickets
    }
}

/// Writes `text` to a file, making its folder.
pub fn write(path: &Path, text: &str) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
}
