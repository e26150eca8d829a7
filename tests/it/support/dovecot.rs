//! One Dovecot for the whole test process: IMAP, IMAPS, LMTP and the login of Postfix. Each test has users of its own.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

use madoguchi::connectors::email::settings::{Auth, ImapSettings, TlsMode};

use super::server::{Server, certificates, directory, free_port, give_to, id, is_root, name, program};

/// Every user's password.
pub const PASSWORD: &str = "se\"c\\ret";

pub struct Dovecot {
    pub imap: u16,
    pub imaps: u16,
    pub lmtp: u16,
    pub auth: u16,
    directory: PathBuf,
    mail_user: String,
    _server: Server,
}

/// The server, started when first needed.
pub fn dovecot() -> &'static Dovecot {
    static STARTED: OnceLock<Dovecot> = OnceLock::new();
    STARTED.get_or_init(|| Dovecot::start("xoauth2"))
}

/// A second server, which shows tokens by OAUTHBEARER only.
pub fn dovecot_with_oauthbearer() -> &'static Dovecot {
    static STARTED: OnceLock<Dovecot> = OnceLock::new();
    STARTED.get_or_init(|| Dovecot::start("oauthbearer"))
}

impl Dovecot {
    fn start(bearer: &str) -> Self {
        let program = program(&["/usr/sbin/dovecot"], "dovecot-imapd");
        self::program_library("/usr/lib/dovecot/lmtp", "dovecot-lmtpd");
        let directory = directory("dovecot");
        let root = is_root();
        let mail_user = if root { "nobody".to_owned() } else { name("-un") };
        let mail = directory.join("mail");
        for path in [&mail, &directory.join("base"), &directory.join("state")] {
            fs::create_dir(path).expect("a directory");
        }
        give_to(&mail, &mail_user);
        let (imap, imaps, lmtp, auth) = (free_port(), free_port(), free_port(), free_port());
        let introspection = super::oauth::introspection_url();
        fs::write(directory.join("oauth2.conf.ext"), oauth2_conf(&introspection)).expect("write");
        let ports = Ports { imap, imaps, lmtp, auth };
        let conf = directory.join("dovecot.conf");
        fs::write(&conf, conf_text(&directory, &mail_user, root, &ports).replace("xoauth2", bearer)).expect("write");
        let server = Server::start(&directory, &program, &["-F", "-c", conf.to_str().expect("utf-8")]);
        server.wait_for(&[imap, imaps, lmtp, auth], &[&directory.join("log")]);
        Self { imap, imaps, lmtp, auth, directory, mail_user, _server: server }
    }

    /// A user nobody else has, with an empty mailbox.
    pub fn user(&self, name: &str) -> MailUser {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let number = COUNT.fetch_add(1, Ordering::SeqCst);
        let address = format!("{name}{number}@example.test");
        let home = self.directory.join("mail").join(&address);
        let maildir = home.join("Maildir");
        for path in [&home, &maildir, &maildir.join("tmp"), &maildir.join("new"), &maildir.join("cur")] {
            fs::create_dir(path).expect("a directory");
            give_to(path, &self.mail_user);
        }
        MailUser { address, maildir, owner: self.mail_user.clone(), delivered: AtomicU32::new(0) }
    }
}

fn program_library(path: &str, package: &str) {
    program(&[path], package);
}

/// One mailbox, by its files.
pub struct MailUser {
    pub address: String,
    maildir: PathBuf,
    owner: String,
    delivered: AtomicU32,
}

impl MailUser {
    /// Puts a mail into the mailbox, as a delivery agent does.
    pub fn deliver(&self, raw: &[u8]) {
        let number = self.delivered.fetch_add(1, Ordering::SeqCst);
        // Dovecot numbers new mails in the order of their names.
        let name = format!("{}.M{number:06}P1.test", 1_700_000_000 + number);
        let temporary = self.maildir.join("tmp").join(&name);
        fs::write(&temporary, raw).expect("write");
        give_to(&temporary, &self.owner);
        fs::rename(&temporary, self.maildir.join("new").join(&name)).expect("rename");
    }

    /// `count` mails with subjects `first` and up.
    pub fn deliver_many(&self, first: usize, count: usize) {
        for number in first..first + count {
            self.deliver(mail(&format!("mail {number}"), "hello").as_bytes());
        }
    }

    /// A person opens every mail in another program: all are seen and no longer recent.
    pub fn read_by_a_person(&self) {
        for entry in fs::read_dir(self.maildir.join("new")).expect("new") {
            let path = entry.expect("entry").path();
            let name = path.file_name().expect("name").to_string_lossy().into_owned();
            fs::rename(&path, self.maildir.join("cur").join(format!("{name}:2,S"))).expect("rename");
        }
    }

    /// Removes the mails whose bytes hold `text`, behind the server's back.
    pub fn remove(&self, text: &str) -> usize {
        let mut removed = 0;
        for path in self.files() {
            if fs::read_to_string(&path).is_ok_and(|mail| mail.contains(text)) {
                fs::remove_file(&path).expect("remove");
                removed += 1;
            }
        }
        removed
    }

    /// The folder gets another UIDVALIDITY, the mails stay.
    pub fn bump_uid_validity(&self) {
        self.set_uid_validity(2_000_000_007);
    }

    /// The folder gets this UIDVALIDITY, the mails stay.
    pub fn set_uid_validity(&self, validity: u32) {
        for entry in fs::read_dir(&self.maildir).expect("maildir") {
            let path = entry.expect("entry").path();
            let name = path.file_name().expect("name").to_string_lossy().into_owned();
            if name.starts_with("dovecot") {
                // The server may have replaced it in this moment.
                let _ = fs::remove_file(&path);
            }
        }
        // A UIDVALIDITY made from the time could be the same within one second.
        let next = self.maildir.join("dovecot-uidlist");
        fs::write(&next, format!("3 V{validity} N1 G0123456789abcdef0123456789abcdef\n")).expect("write");
        give_to(&next, &self.owner);
    }

    /// Flags of each mail as its file name ends: `S`, empty …
    pub fn flags(&self) -> Vec<String> {
        let flags =
            |path: PathBuf| path.to_string_lossy().split_once(":2,").map_or(String::new(), |(_, f)| f.to_owned());
        self.files().into_iter().map(flags).collect()
    }

    /// How many mails the folder `name` (not INBOX) holds.
    pub fn count_in(&self, name: &str) -> usize {
        let folder = self.maildir.join(format!(".{name}"));
        ["new", "cur"].iter().filter_map(|part| fs::read_dir(folder.join(part)).ok()).map(Iterator::count).sum()
    }

    /// File name and text of each mail in the folder `name` (not INBOX), with the line ends of mail, which the server leaves out.
    pub fn mails_in(&self, name: &str) -> Vec<(String, String)> {
        let folder = self.maildir.join(format!(".{name}"));
        let parts = ["new", "cur"].iter().filter_map(|part| fs::read_dir(folder.join(part)).ok());
        let paths = parts.flat_map(|entries| entries.map(|entry| entry.expect("entry").path()));
        paths
            .map(|path| {
                let text = String::from_utf8_lossy(&fs::read(&path).expect("a mail"))
                    .replace("\r\n", "\n")
                    .replace('\n', "\r\n");
                (path.to_string_lossy().into_owned(), text)
            })
            .collect()
    }

    /// The mails in the inbox, whole, in no particular order.
    pub fn mails(&self) -> Vec<String> {
        self.files()
            .iter()
            .filter_map(|path| fs::read(path).ok())
            .map(|raw| String::from_utf8_lossy(&raw).into_owned())
            .collect()
    }

    /// How many mails the inbox holds.
    pub fn count(&self) -> usize {
        self.files().len()
    }

    fn files(&self) -> Vec<PathBuf> {
        let parts = ["new", "cur"].iter().filter_map(|part| fs::read_dir(self.maildir.join(part)).ok());
        parts.flat_map(|entries| entries.map(|entry| entry.expect("entry").path())).collect()
    }

    /// Settings to read the inbox on `port`, without TLS, with short times.
    pub fn settings(&self, port: u16) -> ImapSettings {
        let mut settings = ImapSettings::new("127.0.0.1", &self.address, Auth::Password(PASSWORD.to_owned().into()));
        settings.port = port;
        settings.tls = TlsMode::None;
        settings.poll_s = 1;
        settings.timeout_s = 5;
        settings.retry_base_ms = 20;
        settings.login_spacing_s = 1;
        settings
    }
}

/// A plain mail.
pub fn mail(subject: &str, text: &str) -> String {
    let id = subject.replace(' ', "-");
    format!(
        "From: Taro <taro@example.com>\r\nTo: support@example.test\r\nSubject: {subject}\r\n\
         Message-ID: <{id}@example.com>\r\nDate: Thu, 1 Oct 2026 09:30:00 +0900\r\n\r\n{text}\r\n"
    )
}

struct Ports {
    imap: u16,
    imaps: u16,
    lmtp: u16,
    auth: u16,
}

fn oauth2_conf(introspection: &str) -> String {
    format!(
        "introspection_mode = get\nintrospection_url = {introspection}\nusername_attribute = username\n\
         active_attribute = active\nactive_value = true\n"
    )
}

fn conf_text(directory: &Path, mail_user: &str, root: bool, ports: &Ports) -> String {
    let (user, login, group) = if root {
        ("dovecot".to_owned(), "dovenull".to_owned(), "dovecot".to_owned())
    } else {
        (name("-un"), name("-un"), name("-gn"))
    };
    let (uid, gid) = (id("-u", Some(mail_user)), id("-g", Some(mail_user)));
    let tls = certificates();
    let values = [
        ("d", directory.display().to_string()),
        ("user", user),
        ("login", login),
        ("group", group),
        ("uid", uid.to_string()),
        ("gid", gid.to_string()),
        ("cert", tls.certificate.display().to_string()),
        ("key", tls.key.display().to_string()),
        ("PASSWORD", PASSWORD.to_owned()),
        ("imap", ports.imap.to_string()),
        ("imaps", ports.imaps.to_string()),
        ("lmtp", ports.lmtp.to_string()),
        ("auth", ports.auth.to_string()),
    ];
    values
        .iter()
        .fold(include_str!("dovecot.conf").to_owned(), |text, (name, value)| text.replace(&format!("@{name}@"), value))
}
