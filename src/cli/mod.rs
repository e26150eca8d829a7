//! The command line: one file a command. `--json` prints one document to stdout and nothing else; logs and progress go to stderr.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

mod access;
mod ask;
mod attachment;
mod audit;
mod boxes;
mod check;
mod complaint;
mod copies;
mod demo;
mod doctor;
mod eval;
mod explain;
mod files;
mod ingest;
mod init;
mod kb;
mod learn;
mod ledger;
mod noted;
mod out;
mod parse;
mod pipeline;
mod privacy;
mod privacy_export;
mod problem;
mod rehearsal;
mod replay;
mod report;
mod report_text;
mod rules;
mod rules_words;
mod serve;
mod settings;
mod since;
mod sla;
mod talk;
mod ticket;
mod ticket_change;
mod ticket_clock;
mod ticket_process;

/// Madoguchi (窓口): one window for requests by mail and chat, in Japanese and English.
#[derive(Parser)]
#[command(
    name = "madoguchi",
    version,
    arg_required_else_help = true,
    after_help = "\
Examples:
  madoguchi demo                               try it with sample mail and chat
  madoguchi init desk --address help@example.jp  a set of files to start from
  madoguchi --config desk/madoguchi.toml serve   run the desk
  madoguchi ask \"VPNにつながりません\"            what would be decided, without storing anything"
)]
struct Arguments {
    #[command(flatten)]
    global: Global,
    #[command(subcommand)]
    command: Command,
}

/// What every command takes.
#[derive(Parser, Clone, Debug)]
struct Global {
    /// Settings file [default: ./madoguchi.toml, then `$MADOGUCHI_CONFIG`]
    #[arg(long, global = true, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Lays a setting over the file, for instance console.listen=127.0.0.1:9000; may be given several times
    #[arg(long = "set", global = true, value_name = "SECTION.KEY=VALUE")]
    set: Vec<String>,
    /// One JSON document to stdout, nothing else
    #[arg(long, global = true)]
    json: bool,
    /// More in the log
    #[arg(short, long, global = true)]
    verbose: bool,
    /// Only errors in the log, no progress bars
    #[arg(short, long, global = true)]
    quiet: bool,
}

#[derive(Subcommand)]
enum Command {
    /// Write settings, request types and articles to start from
    #[command(after_help = "Example: madoguchi init desk --address help@example.jp")]
    Init(init::Init),
    /// Check settings, request types and articles; prints every fault as `file:line: message`
    Check,
    /// Try the whole desk on a sample mailbox and chat
    #[command(after_help = "Examples:\n  madoguchi demo\n  madoguchi demo --once --json")]
    Demo(demo::Demo),
    /// Run the desk: mail in and out, decisions, health and metrics. SIGTERM stops it, SIGHUP reloads content and service levels
    Serve,
    /// Try every connection and say what is wrong and how to mend it
    Doctor,
    /// What would be decided about one message; stores and sends nothing
    #[command(
        after_help = "Examples:\n  madoguchi ask \"パスワードを忘れました\"\n  madoguchi ask \"restart web01\" --subject \"request\" --explain"
    )]
    Ask(ask::Ask),
    /// What intake reads out of mail files, one JSON object a file
    #[command(after_help = "Example: madoguchi parse mail/*.eml")]
    Parse(parse::Parse),
    /// Push mail files through the same pipeline as live mail: .eml files, directories, Maildir, mbox or JSONL
    #[command(after_help = "Examples:\n  madoguchi ingest old-mail/ --mailbox support\n  madoguchi ingest export.mbox")]
    Ingest(ingest::Ingest),
    /// Look at tickets and work on them
    #[command(
        after_help = "Examples:\n  madoguchi ticket list --status new\n  madoguchi ticket reply T-1042 \"再起動しました。\" --agent sato\n  madoguchi ticket attachment T-1042 1 --out report.pdf"
    )]
    Ticket(ticket::Command),
    /// Working time: when a target falls due, which days are closed
    #[command(
        after_help = "Examples:\n  madoguchi sla due --calendar business --start 2026-11-24T18:00:00+09:00 --in 4h\n  madoguchi sla holidays --year 2027"
    )]
    Sla(sla::Command),
    /// The list of problems: matters behind several tickets, with owner and workaround
    #[command(
        after_help = "Examples:\n  madoguchi problem list\n  madoguchi problem workaround incident/web01 \"restart the web server\"\n  madoguchi problem draft incident/web01 --out known-error.md"
    )]
    Problem(problem::Command),
    /// The register of complaints
    #[command(
        after_help = "Examples:\n  madoguchi complaint list --period 2026-10\n  madoguchi complaint action T-1042 \"called and apologised\" --agent sato"
    )]
    Complaint(complaint::Command),
    /// Every message seen and its fate; the sum must balance
    #[command(after_help = "Example: madoguchi ledger --rows --json")]
    Ledger(ledger::Ledger),
    /// Outgoing messages: waiting, failed, sent
    #[command(after_help = "Examples:\n  madoguchi outbox list\n  madoguchi outbox retry 17")]
    Outbox(boxes::Outbox),
    /// Received messages: waiting and buried
    #[command(after_help = "Examples:\n  madoguchi inbox list\n  madoguchi inbox retry --all")]
    Inbox(boxes::Inbox),
    /// The knowledge base: files and store, what is missing, drafts, what needs care
    #[command(
        after_help = "Examples:\n  madoguchi kb gaps --since 30d\n  madoguchi kb draft G-1042 --write\n  madoguchi kb health\n  madoguchi kb status"
    )]
    Kb(kb::Kb),
    /// Measure the models on data files: accuracy, abstaining, speed
    #[command(after_help = "Example: madoguchi eval intents --train train.jsonl --test test.jsonl")]
    Eval(eval::Eval),
    /// Learn from what people said: new thresholds and a newly taught classifier, unless something important gets worse
    #[command(after_help = "Examples:\n  madoguchi learn --dry-run\n  madoguchi learn")]
    Learn(learn::Learn),
    /// Decide past messages again with changed settings, request types or articles, and show what would differ
    #[command(
        after_help = "Examples:\n  madoguchi replay --since 30d --answer-precision 0.9\n  madoguchi replay --since 2026-10-01 --knowledge-base new-articles"
    )]
    Replay(replay::Replay),
    /// Every rule: how often it held, and how much of what it set people corrected
    #[command(after_help = "Examples:\n  madoguchi rules --days 90\n  madoguchi rules --json")]
    Rules(rules::RulesCommand),
    /// The desk's month or year: service levels, volumes, work, incidents, complaints, satisfaction, automation
    #[command(
        after_help = "Examples:\n  madoguchi report --period 2026-10\n  madoguchi report --period 2026 --format html --lang en --out 2026.html"
    )]
    Report(report::Command),
    /// What is kept about a requester: hand it over, or erase it
    #[command(
        after_help = "Examples:\n  madoguchi privacy export sato@client.example --to sato/\n  madoguchi privacy erase sato@client.example --dry-run"
    )]
    Privacy(privacy::Command),
    /// Who changed what, when, and from where
    #[command(after_help = "Example: madoguchi audit list --since 2026-10-01 --who sato")]
    Audit(audit::Command),
    /// Who may use the desk
    #[command(after_help = "Examples:\n  madoguchi user add sato --role lead\n  madoguchi user disable sato")]
    User(access::Users),
    /// Tokens of programs that use the desk
    #[command(
        after_help = "Examples:\n  madoguchi token create dashboard --role viewer --days 90\n  madoguchi token revoke 3"
    )]
    Token(access::Tokens),
    /// Copy everything the desk remembers into one file
    #[command(after_help = "Example: madoguchi backup --to madoguchi-2026-11-22.tar.gz")]
    Backup(copies::Backup),
    /// Bring a backup into an empty database
    #[command(after_help = "Example: madoguchi restore madoguchi-2026-11-22.tar.gz")]
    Restore(copies::Restore),
}

/// Reads the command line and runs the command. 0: done, 1: a fault was found or the work failed, 2: wrong usage.
#[must_use]
pub fn run() -> ExitCode {
    let arguments = Arguments::parse();
    let global = arguments.global;
    let done = match arguments.command {
        Command::Init(command) => init::run(&command, &global),
        Command::Check => check::run(&global),
        Command::Demo(command) => demo::run(&command, &global),
        Command::Serve => serve::run(&global),
        Command::Doctor => doctor::run(&global),
        Command::Ask(command) => ask::run(&command, &global),
        Command::Parse(command) => Ok(parse::run(&command)),
        Command::Ingest(command) => ingest::run(&command, &global),
        Command::Ticket(command) => ticket::run(command, &global),
        Command::Sla(command) => sla::run(&command, &global),
        Command::Problem(command) => problem::run(&command, &global),
        Command::Complaint(command) => complaint::run(&command, &global),
        Command::Ledger(command) => ledger::run(&command, &global),
        Command::Outbox(command) => boxes::run_outbox(&command, &global),
        Command::Inbox(command) => boxes::run_inbox(&command, &global),
        Command::Kb(command) => kb::run(&command, &global),
        Command::Eval(command) => eval::run(&command, &global),
        Command::Learn(command) => learn::run(&command, &global),
        Command::Replay(command) => replay::run(&command, &global),
        Command::Rules(command) => rules::run(&command, &global),
        Command::Report(command) => report::run(&command, &global),
        Command::Privacy(command) => privacy::run(&command, &global),
        Command::Audit(command) => audit::run(&command, &global),
        Command::User(command) => access::run_user(&command, &global),
        Command::Token(command) => access::run_token(&command, &global),
        Command::Backup(command) => copies::backup(&command, &global),
        Command::Restore(command) => copies::restore(&command, &global),
    };
    match done {
        Ok(code) => code,
        Err(fault) => {
            out::error(&fault);
            ExitCode::FAILURE
        }
    }
}
