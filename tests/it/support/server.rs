//! Server programs that never outlive the test process, however it ends.

use std::fs;
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::{PermissionsExt, chown};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

/// Waits until its stdin ends, which happens at the latest when the test process dies, then ends the server's whole
/// process group and removes its directory. `$0` is the directory, the rest the server's command.
const WATCHDOG: &str = r#"
setsid "$@" >"$0/output" 2>&1 </dev/null &
server=$!
cat >/dev/null
kill -TERM "-$server" 2>/dev/null
for _ in 1 2 3 4 5 6 7 8 9 10; do kill -0 "-$server" 2>/dev/null || break; sleep 0.1; done
kill -KILL "-$server" 2>/dev/null
rm -rf "$0"
"#;

/// A running server; dropping it ends it.
pub struct Server {
    directory: PathBuf,
    watchdog: Child,
    stdin: Option<ChildStdin>,
}

impl Server {
    /// Starts `program` with `arguments`; `directory` belongs to the server and is removed with it.
    pub fn start(directory: &Path, program: &Path, arguments: &[&str]) -> Self {
        let mut watchdog = Command::new("/bin/sh")
            .arg("-c")
            .arg(WATCHDOG)
            .arg(directory)
            .arg(program)
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("sh starts");
        let stdin = watchdog.stdin.take();
        Self { directory: directory.to_owned(), watchdog, stdin }
    }

    /// Waits until the ports take connections; fails with the server's own output.
    pub fn wait_for(&self, ports: &[u16], logs: &[&Path]) {
        let deadline = Instant::now() + Duration::from_secs(20);
        for port in ports {
            while TcpStream::connect(("127.0.0.1", *port)).is_err() {
                if Instant::now() > deadline {
                    let mut said = String::new();
                    for path in logs.iter().copied().chain([self.directory.join("output").as_path()]) {
                        said.push_str(&fs::read_to_string(path).unwrap_or_default());
                    }
                    panic!("port {port} never opened; the server said:\n{said}");
                }
                std::thread::yield_now();
            }
        }
    }

    fn stop(&mut self) {
        drop(self.stdin.take());
        let _ = self.watchdog.wait();
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stop();
    }
}

/// The program at one of `paths`, or a failure that says what to install.
pub fn program(paths: &[&str], package: &str) -> PathBuf {
    let found = paths.iter().map(PathBuf::from).find(|path| path.exists());
    found.unwrap_or_else(|| panic!("{} is missing: apt-get install {package}", paths[0]))
}

/// A port nobody listens on now.
pub fn free_port() -> u16 {
    TcpListener::bind(("127.0.0.1", 0)).and_then(|listener| listener.local_addr()).expect("a loopback port").port()
}

/// A new directory every user may pass through.
pub fn directory(name: &str) -> PathBuf {
    let directory = tempfile::Builder::new().prefix(&format!("madoguchi-{name}-")).tempdir().expect("a directory");
    let path = directory.keep();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).expect("permissions");
    path
}

/// Whether the tests run as root, so that servers can be given users of their own.
pub fn is_root() -> bool {
    id("-u", None) == 0
}

/// User id (`-u`) or group id (`-g`) of `user`, or our own.
pub fn id(which: &str, user: Option<&str>) -> u32 {
    let output = Command::new("id").arg(which).args(user).output().expect("id runs");
    String::from_utf8_lossy(&output.stdout).trim().parse().unwrap_or_else(|_| panic!("no user {user:?}"))
}

/// Our own user name (`-un`) or group name (`-gn`).
pub fn name(which: &str) -> String {
    let output = Command::new("id").arg(which).output().expect("id runs");
    String::from_utf8_lossy(&output.stdout).trim().to_owned()
}

/// Gives `path` to `user`, when we may.
pub fn give_to(path: &Path, user: &str) {
    if is_root() {
        chown(path, Some(id("-u", Some(user))), Some(id("-g", Some(user)))).expect("chown");
    }
}

/// Certificates all servers of this process share.
pub struct Certificates {
    pub authority: PathBuf,
    pub certificate: PathBuf,
    pub key: PathBuf,
    pub self_signed: PathBuf,
}

/// Made once, valid for `localhost` and 127.0.0.1. The self-signed pair is trusted by nobody.
pub fn certificates() -> &'static Certificates {
    static MADE: OnceLock<(Certificates, Server)> = OnceLock::new();
    &MADE.get_or_init(make_certificates).0
}

fn make_certificates() -> (Certificates, Server) {
    let openssl = program(&["/usr/bin/openssl"], "openssl");
    let directory = directory("tls");
    let at = |name: &str| directory.join(name);
    let run = |arguments: &str| {
        let output =
            Command::new(&openssl).args(arguments.split(' ')).current_dir(&directory).output().expect("openssl");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    };
    let curve = "-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes";
    fs::write(
        at("ext"),
        "subjectAltName=DNS:localhost,IP:127.0.0.1\nbasicConstraints=CA:FALSE\nextendedKeyUsage=serverAuth\n",
    )
    .expect("write");
    run(&format!("req -x509 {curve} -days 30 -subj /CN=test-authority -keyout ca.key -out ca.pem"));
    run(&format!("req {curve} -subj /CN=localhost -keyout srv.key -out srv.csr"));
    run("x509 -req -in srv.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 30 -extfile ext -out srv.pem");
    run(&format!(
        "req -x509 {curve} -days 30 -subj /CN=localhost -addext subjectAltName=DNS:localhost -keyout self.key -out self.pem"
    ));
    let made = Certificates {
        authority: at("ca.pem"),
        certificate: at("srv.pem"),
        key: at("srv.key"),
        self_signed: at("self.pem"),
    };
    // No server of its own: only the removal of the directory is wanted.
    let janitor = Server::start(&directory, Path::new("/bin/sleep"), &["infinity"]);
    (made, janitor)
}
