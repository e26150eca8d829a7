//! From mailbox settings to live connections: receivers, senders and their access tokens.

use std::sync::Arc;

use anyhow::Context;
use secrecy::{ExposeSecret, SecretString};
use tokio::sync::{Mutex, watch};

use super::App;
use super::seal::Seal;
use crate::config::{self, ImapSettings, Login, MailboxSettings, OAuthSettings, SmtpSettings};
use crate::connectors::email::imap::{Receiver, SentFolder};
use crate::connectors::email::oauth::TokenSource;
use crate::connectors::email::settings::{self, Auth, ClamdAddress, Grant};
use crate::connectors::email::smtp::Sender;
use crate::domain::Address;
use crate::store::Store;
use crate::workers::deliver::Deliverer;
use crate::workers::outlet::Outlet;
use crate::workers::receive::MailReceiver;
use crate::workers::sent_copies::SentCopier;
use crate::workers::supervise::Supervisor;

/// Every mailbox's connections. Nothing is connected before it is used.
pub struct Connections {
    /// One a mailbox with IMAP.
    pub receivers: Vec<MailReceiver>,
    /// One a mailbox with SMTP, and those of the places that are told by HTTP.
    pub deliverers: Vec<Deliverer>,
    /// One a mailbox that keeps copies of what it sends.
    pub copiers: Vec<SentCopier>,
    tokens: Vec<Tokens>,
}

/// An OAuth sign-in: its source, and the channel its new refresh tokens come through.
pub(super) struct Tokens {
    mailbox: String,
    settings: OAuthSettings,
    source: Arc<TokenSource>,
    rotated: watch::Receiver<Option<SecretString>>,
}

impl Connections {
    /// Builds what the settings name.
    ///
    /// # Errors
    /// A stored refresh token cannot be opened.
    pub async fn open(app: &App) -> anyhow::Result<Self> {
        let mut tokens = Vec::new();
        let routes = routes(app, &mut tokens).await?;
        let deliverers = super::notices::deliverers(app, &mut tokens).await?;
        let alerts = Arc::new(app.config.alerts.clone());
        let mut all = Self { receivers: Vec::new(), deliverers, copiers: Vec::new(), tokens };
        for Route { mailbox, imap, smtp } in routes {
            let sent_folder = mailbox.imap.as_ref().and_then(|imap| imap.sent_folder.as_deref());
            let from = Address { name: app.config.desk_name.clone(), address: mailbox.address.clone() };
            if let (Some(folder), Some(imap), Some(_)) = (sent_folder, &imap, &smtp) {
                all.copiers.push(SentCopier {
                    store: app.store.clone(),
                    mailbox: mailbox.name.clone(),
                    from: from.clone(),
                    reply_to: mailbox.reply_to,
                    folder: Mutex::new(SentFolder::new(&mailbox.name, imap.clone(), folder)),
                    clock: app.clock.clone(),
                    metrics: app.metrics.clone(),
                });
            }
            if let Some(imap) = imap {
                all.receivers.push(MailReceiver {
                    mailbox: mailbox.name.clone(),
                    folder: imap.folder.clone(),
                    receiver: Receiver::new(&mailbox.name, imap),
                    alerts: alerts.clone(),
                    store: app.store.clone(),
                    clock: app.clock.clone(),
                    metrics: app.metrics.clone(),
                    owner: app.owner.clone(),
                });
            }
            if let Some(smtp) = smtp {
                all.deliverers.push(Deliverer {
                    store: app.store.clone(),
                    source: mailbox.name.clone(),
                    outlet: Outlet::Mail { from, sender: Box::new(Mutex::new(Sender::new(smtp))) },
                    keeps_copies: sent_folder.is_some(),
                    clock: app.clock.clone(),
                    metrics: app.metrics.clone(),
                    owner: format!("{}/deliver-{}", app.owner, mailbox.name),
                });
            }
        }
        Ok(all)
    }

    /// Starts everything.
    ///
    /// # Errors
    /// The key for refresh tokens cannot be read.
    pub fn start(self, app: &App, supervisor: &mut Supervisor) -> anyhow::Result<()> {
        for receiver in self.receivers {
            supervisor.run_once(receiver.run(supervisor.stop_signal()));
        }
        for deliverer in self.deliverers {
            supervisor.run(deliverer);
        }
        for copier in self.copiers {
            supervisor.run(copier);
        }
        for tokens in self.tokens {
            let seal = Seal::open(&app.config.data_dir)?;
            supervisor.run_once(keep(tokens, seal, app.store.clone(), app.clock.clone()));
        }
        Ok(())
    }
}

/// A mailbox with the connector's settings of both sides.
struct Route<'a> {
    mailbox: &'a MailboxSettings,
    imap: Option<settings::ImapSettings>,
    smtp: Option<settings::SmtpSettings>,
}

/// Every mailbox of the settings; their OAuth sign-ins are added to `tokens`.
async fn routes<'a>(app: &'a App, tokens: &mut Vec<Tokens>) -> anyhow::Result<Vec<Route<'a>>> {
    let mut routes = Vec::new();
    for mailbox in &app.config.mailboxes {
        let mut route = Route { mailbox, imap: None, smtp: None };
        if let Some(settings) = &mailbox.imap {
            route.imap = Some(imap(settings, auth(app, tokens, mailbox, &settings.login).await?));
        }
        if let Some(settings) = &mailbox.smtp {
            let auth = match &settings.login {
                Some((_, login)) => Some(auth(app, tokens, mailbox, login).await?),
                None => None,
            };
            route.smtp = Some(smtp(settings, auth, mailbox));
        }
        routes.push(route);
    }
    Ok(routes)
}

async fn auth(app: &App, all: &mut Vec<Tokens>, mailbox: &MailboxSettings, login: &Login) -> anyhow::Result<Auth> {
    let oauth = match login {
        Login::Password(password) => return Ok(Auth::Password(password.clone())),
        Login::OAuth(oauth) => oauth,
    };
    Ok(Auth::OAuth2(token_source(app, all, &mailbox.name, oauth).await?))
}

/// Where access tokens of `name` come from, a mailbox or another place one signs in to.
pub(super) async fn token_source(
    app: &App,
    all: &mut Vec<Tokens>,
    name: &str,
    oauth: &OAuthSettings,
) -> anyhow::Result<Arc<TokenSource>> {
    // IMAP and SMTP of one mailbox usually share the sign-in: a rotated refresh token must serve both.
    let same = |tokens: &&Tokens| {
        tokens.mailbox == name
            && tokens.settings.token_url == oauth.token_url
            && tokens.settings.client_id == oauth.client_id
    };
    if let Some(shared) = all.iter().find(same) {
        return Ok(shared.source.clone());
    }
    let refresh_token = match &oauth.refresh_token {
        Some(written) => Some(stored(app, name).await?.unwrap_or_else(|| written.clone())),
        None => None,
    };
    let (sender, rotated) = watch::channel(None);
    let on_rotated = Box::new(move |token: &SecretString| {
        sender.send_replace(Some(token.clone()));
    });
    let source = Arc::new(TokenSource::new(token_settings(oauth, refresh_token), on_rotated));
    all.push(Tokens { mailbox: name.to_owned(), settings: oauth.clone(), source: source.clone(), rotated });
    Ok(source)
}

/// The refresh token the provider gave last; newer than the one in the settings.
async fn stored(app: &App, mailbox: &str) -> anyhow::Result<Option<SecretString>> {
    let Some(sealed) = app.store.oauth_token(mailbox).await? else { return Ok(None) };
    let opened = Seal::open(&app.config.data_dir)?.reopen(mailbox, &sealed)?;
    let text = String::from_utf8(opened).with_context(|| format!("the stored refresh token of {mailbox}"))?;
    Ok(Some(SecretString::from(text)))
}

/// Stores every new refresh token of one sign-in until its source is gone.
async fn keep(mut tokens: Tokens, seal: Seal, store: Arc<Store>, clock: crate::clock::Clock) {
    drop(tokens.source);
    while tokens.rotated.changed().await.is_ok() {
        let Some(token) = tokens.rotated.borrow_and_update().clone() else { continue };
        let kept = match seal.close(&tokens.mailbox, token.expose_secret().as_bytes()) {
            Ok(sealed) => {
                store.put_oauth_token(&tokens.mailbox, &sealed, clock.now()).await.map_err(anyhow::Error::from)
            }
            Err(fault) => Err(fault),
        };
        if let Err(fault) = kept {
            tracing::error!(mailbox = tokens.mailbox, "the new refresh token is not stored: {fault:#}");
        }
    }
}

fn token_settings(oauth: &OAuthSettings, refresh_token: Option<SecretString>) -> settings::OAuthSettings {
    settings::OAuthSettings {
        token_url: oauth.token_url.clone(),
        client_id: oauth.client_id.clone(),
        client_secret: oauth.client_secret.clone(),
        scope: oauth.scope.clone().unwrap_or_default(),
        grant: refresh_token.map_or(Grant::ClientCredentials, Grant::RefreshToken),
        ca_file: None,
        timeout_s: 30,
    }
}

/// The connector's settings for a mailbox's IMAP side.
fn imap(from: &ImapSettings, auth: Auth) -> settings::ImapSettings {
    settings::ImapSettings {
        port: from.port,
        tls: from.tls,
        folder: from.folder.clone(),
        ca_file: from.ca_file.clone(),
        poll_s: from.poll.as_secs(),
        idle_s: from.idle.as_secs(),
        timeout_s: from.timeout.as_secs(),
        max_bytes: from.max_bytes,
        backfill: from.backfill,
        after: from.after.clone(),
        answer_mail_newer_than_h: u32::try_from(from.answer_mail_newer_than.as_secs() / 3600).unwrap_or(u32::MAX),
        ..settings::ImapSettings::new(&from.host, &from.user, auth)
    }
}

/// The connector's settings for a mailbox's SMTP side.
fn smtp(from: &SmtpSettings, auth: Option<Auth>, mailbox: &MailboxSettings) -> settings::SmtpSettings {
    let user = from.login.as_ref().map_or("", |(user, _)| user.as_str());
    settings::SmtpSettings {
        port: from.port,
        tls: from.tls,
        ca_file: from.ca_file.clone(),
        timeout_s: from.timeout.as_secs(),
        per_minute: from.per_minute,
        reply_to: mailbox.reply_to,
        hello_name: mailbox.address.rsplit_once('@').map_or("localhost", |(_, domain)| domain).to_owned(),
        ..settings::SmtpSettings::new(&from.host, user, auth)
    }
}

/// The connector's settings for the virus scanner.
pub(super) fn clamd(from: &config::ClamdSettings) -> settings::ClamdSettings {
    let address = if from.address.contains('/') {
        ClamdAddress::Unix(from.address.clone().into())
    } else {
        ClamdAddress::Tcp(from.address.clone())
    };
    settings::ClamdSettings {
        address,
        max_bytes: usize::try_from(from.max_bytes).unwrap_or(usize::MAX),
        timeout_s: from.timeout.as_secs(),
    }
}

/// Tries every connection of the settings. Each line: whose, and how it stands.
///
/// # Errors
/// A stored refresh token cannot be opened.
pub async fn probe(app: &App) -> anyhow::Result<Vec<(String, crate::connectors::email::probe::Probe)>> {
    use crate::connectors::email::probe;
    let mut found = Vec::new();
    for Route { mailbox, imap, smtp } in routes(app, &mut Vec::new()).await? {
        if let Some(imap) = imap {
            found.push((mailbox.name.clone(), probe::probe_imap(&imap).await));
        }
        if let Some(smtp) = smtp {
            found.push((mailbox.name.clone(), probe::probe_smtp(&smtp).await));
        }
    }
    if let Some(scanner) = &app.config.scanner {
        found.push(("scanner".to_owned(), probe::probe_clamd(&clamd(scanner)).await));
    }
    Ok(found)
}
