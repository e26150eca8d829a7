//! Which settings a running desk takes on, and which wait for its next start.

use crate::config::Config;

/// `fresh` with the connections of `running`: what is open stays open, and rules never name a mailbox nobody sends from.
#[must_use]
pub fn with_connections_of(fresh: Config, running: &Config) -> Config {
    Config {
        data_dir: running.data_dir.clone(),
        database_url: running.database_url.clone(),
        listen: running.listen,
        public_url: running.public_url.clone(),
        mailboxes: running.mailboxes.clone(),
        slack: running.slack.clone(),
        discord: running.discord.clone(),
        scanner: running.scanner.clone(),
        log_level: running.log_level.clone(),
        log_json: running.log_json,
        ..fresh
    }
}

/// Whether settings changed that are not taken on. Secrets are not looked at: they are never shown.
#[must_use]
pub fn connections_differ(running: &Config, fresh: &Config) -> bool {
    let shown = |config: &Config| {
        let Config { data_dir, listen, public_url, mailboxes, slack, discord, scanner, .. } = config;
        format!("{:?}", (data_dir, listen, public_url, mailboxes, slack, discord, scanner))
    };
    shown(running) != shown(fresh)
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    fn parse(text: &str) -> Config {
        Config::parse(Path::new("desk/madoguchi.toml"), text, &[]).unwrap()
    }

    #[test]
    fn rules_are_taken_on_and_connections_stay() {
        let mailbox = "[[mailboxes]]\nname = \"support\"\naddress = \"support@desk.example\"\n";
        let running = parse(mailbox);
        let ruled = parse(&format!("{mailbox}[[agents]]\nname = \"sato\"\n[desk]\nname = \"X\"\n"));
        assert!(!connections_differ(&running, &ruled));
        let taken = with_connections_of(ruled, &running);
        assert_eq!((taken.service.routing.agents.len(), taken.desk_name.as_str()), (1, "X"));
        let moved = parse(&mailbox.replace("support@", "help@"));
        assert!(connections_differ(&running, &moved));
        assert_eq!(with_connections_of(moved, &running).mailboxes[0].address, "support@desk.example");
    }
}
