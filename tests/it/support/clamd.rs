//! One clamd for the whole test process, with signatures of its own: EICAR and nothing else.

use std::fs;
use std::path::PathBuf;
use std::sync::OnceLock;

use super::server::{Server, directory, free_port, give_to, is_root, program};

pub struct Clamd {
    pub port: u16,
    pub socket: PathBuf,
    _server: Server,
}

/// The file every scanner calls a virus (eicar.org), in two parts so that this source is none.
pub fn eicar() -> Vec<u8> {
    [&br"X5O!P%@AP[4\PZX54(P^)7CC)7}$"[..], b"EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*"].concat()
}

/// Larger streams are refused.
pub const STREAM_LIMIT_BYTES: usize = 1 << 20;

/// The server, started when first needed.
pub fn clamd() -> &'static Clamd {
    static STARTED: OnceLock<Clamd> = OnceLock::new();
    STARTED.get_or_init(|| Clamd::start_on(free_port()))
}

impl Clamd {
    /// A server on `port` for one test, which ends with it.
    pub fn start_on(port: u16) -> Self {
        start(port)
    }
}

fn start(port: u16) -> Clamd {
    let program = program(&["/usr/sbin/clamd"], "clamav-daemon");
    let directory = directory("clamd");
    let user = if is_root() { "User clamav\n" } else { "" };
    for part in ["db", "tmp"] {
        fs::create_dir(directory.join(part)).expect("a directory");
        give_to(&directory.join(part), "clamav");
    }
    give_to(&directory, "clamav");
    let signature = hex::encode(b"EICAR-STANDARD-ANTIVIRUS-TEST-FILE");
    fs::write(directory.join("db/test.ndb"), format!("Eicar-Test-Signature:0:*:{signature}\n")).expect("write");
    let d = directory.display().to_string();
    let socket = directory.join("socket");
    let conf = directory.join("clamd.conf");
    let text = format!(
        "DatabaseDirectory {d}/db\nTCPSocket {port}\nTCPAddr 127.0.0.1\nLocalSocket {d}/socket\n\
         TemporaryDirectory {d}/tmp\nLogFile {d}/log\nForeground yes\n\
         StreamMaxLength {STREAM_LIMIT_BYTES}\n{user}"
    );
    fs::write(&conf, text).expect("write");
    let server = Server::start(&directory, &program, &["-F", "-c", conf.to_str().expect("utf-8")]);
    server.wait_for(&[port], &[&directory.join("log")]);
    Clamd { port, socket, _server: server }
}
