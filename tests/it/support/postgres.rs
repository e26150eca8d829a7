//! A PostgreSQL server of our own, started once for the test process, with a fresh database for each test.
//!
//! A shell holds the server and waits for the end of its input: when this process ends, in whatever way, its end of the pipe
//! closes, and the shell stops the server and removes its files. A machine without PostgreSQL fails the tests.

use std::io::{BufRead, BufReader};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

use sqlx::{AssertSqlSafe, Connection, PgConnection};

// Data is thrown away after the tests, so nothing is gained by waiting for the disk.
const SCRIPT: &str = r#"
trap '' INT TERM HUP
dir=$1
bin=$2
{
  "$bin/initdb" -D "$dir/data" -U desk -A trust -E UTF8 --locale=C --no-sync &&
  "$bin/pg_ctl" -D "$dir/data" -w -t 60 -l "$dir/log" \
    -o "-k $dir -c listen_addresses='' -c fsync=off -c synchronous_commit=off -c full_page_writes=off -c max_connections=400" start
} >"$dir/setup" 2>&1 && echo ready || { cat "$dir/setup" "$dir/log" >&2; echo failed; }
exec >/dev/null 2>&1
cat
"$bin/pg_ctl" -D "$dir/data" -m immediate stop
rm -rf "$dir"
"#;

struct Server {
    dir: PathBuf,
    // Its input must stay open as long as this process lives.
    _shell: Child,
}

static SERVER: OnceLock<Server> = OnceLock::new();
static DATABASES: AtomicU32 = AtomicU32::new(0);

/// The URL of a new, empty database.
pub async fn database() -> String {
    let server = SERVER.get_or_init(start);
    let name = format!("desk{}", DATABASES.fetch_add(1, Ordering::Relaxed));
    let mut connection = PgConnection::connect(&url(&server.dir, "postgres")).await.unwrap();
    sqlx::query(AssertSqlSafe(format!("CREATE DATABASE {name}"))).execute(&mut connection).await.unwrap();
    connection.close().await.unwrap();
    url(&server.dir, &name)
}

fn url(dir: &Path, name: &str) -> String {
    format!("postgres://desk@localhost/{name}?host={}", dir.display())
}

fn start() -> Server {
    let bin = binaries();
    let dir = tempfile::Builder::new().prefix("desk-pg").tempdir().unwrap().keep();
    let mut shell = Command::new("/bin/sh");
    shell.args(["-c", SCRIPT, "sh"]).arg(&dir).arg(&bin).current_dir("/");
    shell.stdin(Stdio::piped()).stdout(Stdio::piped()).env("LC_ALL", "C").process_group(0);
    if is_root() {
        // initdb refuses to run as root.
        let (uid, gid) = postgres_user();
        std::os::unix::fs::chown(&dir, Some(uid), Some(gid)).unwrap();
        shell.uid(uid).gid(gid);
    }
    let mut shell = shell.spawn().unwrap();
    let mut answer = String::new();
    BufReader::new(shell.stdout.take().unwrap()).read_line(&mut answer).unwrap();
    assert_eq!(answer.trim(), "ready", "PostgreSQL did not start; its messages are above");
    Server { dir, _shell: shell }
}

/// The newest server that is installed.
fn binaries() -> PathBuf {
    let versions = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten();
    let mut found: Vec<(u32, PathBuf)> = versions
        .filter_map(|entry| {
            let entry = entry.unwrap();
            let bin = entry.path().join("bin");
            Some((entry.file_name().to_str()?.parse().ok()?, bin.join("initdb").exists().then_some(bin)?))
        })
        .collect();
    found.sort();
    found.pop().expect("no PostgreSQL under /usr/lib/postgresql: install the Debian package postgresql").1
}

fn is_root() -> bool {
    use std::os::unix::fs::MetadataExt;
    std::fs::metadata("/proc/self").unwrap().uid() == 0
}

fn postgres_user() -> (u32, u32) {
    let users = std::fs::read_to_string("/etc/passwd").unwrap();
    let user = users.lines().find(|line| line.starts_with("postgres:")).expect("there is no user `postgres`");
    let fields: Vec<&str> = user.split(':').collect();
    (fields[2].parse().unwrap(), fields[3].parse().unwrap())
}
