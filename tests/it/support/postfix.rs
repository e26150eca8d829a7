//! One Postfix for the whole test process: submission with STARTTLS and login, delivery into Dovecot.

use std::fs;
use std::process::Command;
use std::sync::OnceLock;

use madoguchi::connectors::email::settings::{Auth, SmtpSettings, TlsMode};

use super::dovecot::{PASSWORD, dovecot};
use super::server::{Server, certificates, directory, free_port, give_to, is_root, program};

pub struct Postfix {
    pub submission: u16,
    pub smtps: u16,
    _server: Server,
}

/// The server, started when first needed.
pub fn postfix() -> &'static Postfix {
    static STARTED: OnceLock<Postfix> = OnceLock::new();
    STARTED.get_or_init(Postfix::start)
}

impl Postfix {
    fn start() -> Self {
        let program = program(&["/usr/sbin/postfix"], "postfix");
        assert!(is_root(), "Postfix starts as root only: run the tests as root (CI does)");
        let directory = directory("postfix");
        for part in ["etc", "queue", "data"] {
            fs::create_dir(directory.join(part)).expect("a directory");
        }
        give_to(&directory.join("data"), "postfix");
        let (submission, smtps) = (free_port(), free_port());
        let etc = directory.join("etc");
        let d = directory.display().to_string();
        fs::write(etc.join("main.cf"), main_cf(&d)).expect("write");
        fs::write(etc.join("master.cf"), master_cf(submission, smtps)).expect("write");
        let etc = etc.to_str().expect("utf-8").to_owned();
        let checked = Command::new(&program).args(["-c", &etc, "check"]).output().expect("postfix check");
        assert!(checked.status.success(), "{}", String::from_utf8_lossy(&checked.stderr));
        let master = super::server::program(&["/usr/lib/postfix/sbin/master"], "postfix");
        let server = Server::start(&directory, &master, &["-c", &etc, "-s"]);
        server.wait_for(&[submission, smtps], &[&directory.join("maillog")]);
        Self { submission, smtps, _server: server }
    }

    /// Settings to send through the submission port.
    pub fn settings(&self) -> SmtpSettings {
        let auth = Auth::Password(PASSWORD.to_owned().into());
        let mut settings = SmtpSettings::new("localhost", "sender@example.test", Some(auth));
        settings.port = self.submission;
        settings.tls = TlsMode::StartTls;
        settings.ca_file = Some(certificates().authority.clone());
        settings.timeout_s = 10;
        settings.login_spacing_s = 1;
        settings
    }
}

fn main_cf(d: &str) -> String {
    let tls = certificates();
    let (lmtp, auth) = (dovecot().lmtp, dovecot().auth);
    format!(
        "compatibility_level = 3.6
config_directory = {d}/etc
queue_directory = {d}/queue
data_directory = {d}/data
command_directory = /usr/sbin
daemon_directory = /usr/lib/postfix/sbin
mail_owner = postfix
setgid_group = postdrop
maillog_file = {d}/maillog
maillog_file_prefixes = {d}
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
myhostname = mx.example.test
mydestination =
mynetworks =
local_recipient_maps =
alias_maps =
virtual_mailbox_domains = example.test
virtual_transport = lmtp:inet:127.0.0.1:{lmtp}
default_transport = error:5.1.2 no route
recipient_delimiter = +
smtpd_tls_cert_file = {cert}
smtpd_tls_key_file = {key}
smtpd_tls_security_level = encrypt
smtpd_tls_auth_only = yes
smtpd_sasl_auth_enable = yes
smtpd_sasl_type = dovecot
smtpd_sasl_path = inet:127.0.0.1:{auth}
smtpd_relay_restrictions = permit_sasl_authenticated, reject
disable_dns_lookups = yes
smtpd_peername_lookup = no
",
        cert = tls.certificate.display(),
        key = tls.key.display(),
    )
}

fn master_cf(submission: u16, smtps: u16) -> String {
    format!(
        "127.0.0.1:{submission} inet n - n - - smtpd
127.0.0.1:{smtps} inet n - n - - smtpd
  -o smtpd_tls_wrappermode=yes
pickup unix n - n 60 1 pickup
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
tlsmgr unix - - n 1000? 1 tlsmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
proxymap unix - - n - - proxymap
lmtp unix - - n - - lmtp
error unix - - n - - error
retry unix - - n - - error
anvil unix - - n - 1 anvil
scache unix - - n - 1 scache
postlog unix-dgram n - n - 1 postlogd
"
    )
}
