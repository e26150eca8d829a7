//! `serve`: mail in, decisions, mail out, health and metrics, until SIGTERM or Ctrl-C. SIGHUP reloads settings and
//! content; connections stay as they were opened.

use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use tokio::signal::unix::{Signal, SignalKind, signal};

use super::{Global, noted, settings};
use crate::app::{self, App, Chats, Connections, HANDLERS};
use crate::config::Config;
use crate::console;
use crate::domain::AuditEntry;
use crate::workers::supervise::Supervisor;

/// How long running steps may take to end.
const GRACE: Duration = Duration::from_secs(20);

pub(super) fn run(global: &Global) -> anyhow::Result<ExitCode> {
    settings::with_app(global, async |app| {
        let mut signals = Signals::listen()?;
        let mut supervisor = Supervisor::new();
        start(&app, &mut supervisor).await?;
        tracing::info!(
            catalog = app.live.get().catalog.version,
            mailboxes = app.config.mailboxes.len(),
            "the desk is open"
        );
        note_rules(&app).await;
        wait(&app, &global.set, &mut signals).await?;
        tracing::info!("closing: running steps are finished first");
        supervisor.drain(GRACE).await;
        app.store.close().await;
        Ok(ExitCode::SUCCESS)
    })
}

/// Starts every worker and the console.
pub(super) async fn start(app: &Arc<App>, supervisor: &mut Supervisor) -> anyhow::Result<()> {
    let chats = Chats::open(app)?;
    if let Some(address) = app.config.listen {
        let listener = console::bind(address)
            .await
            .with_context(|| format!("cannot listen on {address}; set console.listen to another address or to off"))?;
        let address = listener.local_addr()?;
        tracing::info!("listening on http://{address}");
        supervisor.run_once(console::serve(listener, app.sources(&chats), supervisor.stop_signal()));
    }
    for number in 0..HANDLERS {
        supervisor.run(app.handler(number));
    }
    supervisor.run(app.ticker());
    if let Some(rescanner) = app.rescanner() {
        supervisor.run(rescanner);
    }
    supervisor.run(app.sweeper());
    if let Some(keeper) = app.keeper() {
        supervisor.run(keeper);
    }
    supervisor.run(app.learner());
    chats.start(app, supervisor);
    Connections::open(app).await?.start(app, supervisor)?;
    Ok(())
}

/// What the process is told from outside. Listened to before anything starts: a signal nobody listens to ends the process at once.
pub(super) struct Signals {
    terminate: Signal,
    interrupt: Signal,
    hang_up: Signal,
}

impl Signals {
    pub(super) fn listen() -> std::io::Result<Self> {
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
            hang_up: signal(SignalKind::hangup())?,
        })
    }
}

/// Waits for SIGTERM or Ctrl-C; SIGHUP reloads settings and content.
pub(super) async fn wait(app: &Arc<App>, set: &[String], signals: &mut Signals) -> anyhow::Result<()> {
    loop {
        tokio::select! {
            _ = signals.terminate.recv() => return Ok(()),
            _ = signals.interrupt.recv() => return Ok(()),
            _ = signals.hang_up.recv() => match reload(app, set).await {
                Ok(version) => {
                    tracing::info!(catalog = version, "settings and content reloaded");
                    note_rules(app).await;
                }
                Err(fault) => tracing::error!("settings and content not reloaded, what was in force stays: {fault:#}"),
            },
        }
    }
}

/// Puts changed settings and content in force; with a single fault nothing changes. Open tickets follow by the ticker.
async fn reload(app: &Arc<App>, set: &[String]) -> anyhow::Result<String> {
    let fresh = Config::load(&app.config.file, set).map_err(|faults| anyhow::anyhow!("{}", app::listing(&faults)))?;
    if app::connections_differ(&app.config, &fresh) {
        tracing::warn!("mailboxes, chat services, scanner, database and console take effect after a restart");
    }
    let config = app::with_connections_of(fresh, &app.config);
    let learned = app::learned(&app.store, &config).await?;
    let rules = app::rules_with(&config, &learned).map_err(|faults| anyhow::anyhow!("{}", app::listing(&faults)))?;
    let version = rules.catalog.version.clone();
    app.live.replace(rules);
    Ok(version)
}

/// Notes in the audit log that other settings or content are in force than before.
async fn note_rules(app: &App) {
    let entry = AuditEntry {
        at: app.clock.now(),
        actor: noted::who(),
        origin: "serve".to_owned(),
        action: "rules".to_owned(),
        subject: "catalog".to_owned(),
        before: String::new(),
        after: app.live.get().catalog.version.clone(),
    };
    if let Err(fault) = app.store.audit_if_changed(&entry).await {
        tracing::error!("the audit log does not say which rules are in force: {fault}");
    }
}
