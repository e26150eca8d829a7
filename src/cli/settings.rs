//! Finds and loads the settings, starts the runtime: what most commands begin with.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::app::{self, App};
use crate::config::{Config, env};
use crate::domain::{Catalog, Fault, Language, Learned};
use crate::telemetry::{self, LogFiles};
use secrecy::ExposeSecret;

use super::Global;

/// The settings of `--config`, `./madoguchi.toml` or `$MADOGUCHI_CONFIG`, in this order.
pub(super) fn load(global: &Global) -> Result<Config, Vec<Fault>> {
    Config::load(&file(global), &global.set)
}

fn file(global: &Global) -> PathBuf {
    let default = Path::new("madoguchi.toml");
    match (&global.config, env("MADOGUCHI_CONFIG")) {
        (Some(file), _) => file.clone(),
        (None, Some(named)) if !default.exists() => PathBuf::from(named),
        (None, _) => default.to_path_buf(),
    }
}

/// The settings, with logging started.
///
/// # Errors
/// Every fault, one a line.
pub(super) fn start(global: &Global) -> anyhow::Result<Config> {
    let config = load(global).map_err(|faults| anyhow::anyhow!("{}", app::listing(&faults)))?;
    let level = match (global.quiet, global.verbose) {
        (true, _) => "error",
        (false, true) => "debug",
        (false, false) => config.log_level.as_str(),
    };
    let format = if config.log_json { telemetry::Format::Json } else { telemetry::Format::Text };
    let files = config.log_dir.as_deref().map(|dir| LogFiles { dir, days: config.retention.log_days });
    telemetry::start(level, format, files).map_err(anyhow::Error::msg)?;
    Ok(config)
}

/// Runs `work` on a runtime of its own.
///
/// # Errors
/// What `work` failed with.
pub(super) fn block_on<T>(work: impl Future<Output = anyhow::Result<T>>) -> anyhow::Result<T> {
    // One at least goes on when the other is kept busy.
    let threads = std::thread::available_parallelism().map_or(2, std::num::NonZero::get).max(2);
    let mut builder = tokio::runtime::Builder::new_multi_thread();
    let runtime = builder.worker_threads(threads).enable_all().thread_stack_size(4 << 20).build()?;
    let done = runtime.block_on(work);
    runtime.shutdown_timeout(std::time::Duration::from_secs(5));
    done
}

/// Opens the desk of the settings and runs `work` on it.
///
/// # Errors
/// The desk cannot be opened, or `work` failed.
pub(super) fn with_app<T>(global: &Global, work: impl AsyncFnOnce(Arc<App>) -> anyhow::Result<T>) -> anyhow::Result<T> {
    let config = start(global)?;
    block_on(async move {
        let app = Arc::new(App::open(config).await?);
        let done = work(app.clone()).await;
        app.store.close().await;
        done
    })
}

/// What the desk has learnt. A desk without a database has learnt nothing; one whose database cannot be read is told so on
/// stderr.
///
/// # Errors
/// The runtime cannot be started.
pub(super) fn learned(config: &Config) -> anyhow::Result<Learned> {
    let url = config.database_url.expose_secret();
    if url.strip_prefix("sqlite://").is_some_and(|file| !Path::new(file).exists()) {
        return Ok(Learned::default());
    }
    block_on(async {
        let read = async {
            let store = app::open_store(config).await?;
            let learned = app::learned(&store, config).await;
            store.close().await;
            anyhow::Ok(learned?)
        };
        Ok(read.await.unwrap_or_else(|fault| {
            super::out::note(format!("the database cannot be read, so the shipped thresholds are shown: {fault:#}"));
            Learned::default()
        }))
    })
}

/// How many Japanese and English articles there are.
pub(super) fn articles_by_language(catalog: &Catalog) -> (usize, usize) {
    let ja = catalog.articles.iter().filter(|article| article.language == Language::Ja).count();
    (ja, catalog.articles.len() - ja)
}

/// Opens only the database of the settings and runs `work` on it: enough for commands that decide nothing.
///
/// # Errors
/// The database cannot be opened, or `work` failed.
pub(super) fn with_store<T>(
    global: &Global,
    work: impl AsyncFnOnce(&crate::store::Store, &Config) -> anyhow::Result<T>,
) -> anyhow::Result<T> {
    let config = start(global)?;
    block_on(async move {
        let store = app::open_store(&config).await?;
        let done = work(&store, &config).await;
        store.close().await;
        done
    })
}
