//! `doctor` on the Slack connection.

use madoguchi::connectors::Finding;
use madoguchi::connectors::slack::probe;

use super::*;
use crate::support::slack::{Kind, SCOPES};

fn faults(findings: &[Finding]) -> Vec<(String, String)> {
    findings.iter().filter_map(|found| Some((found.what.clone(), found.outcome.clone().err()?))).collect()
}

#[tokio::test]
async fn every_fault_is_named_with_what_to_do() {
    let workspace = Workspace::start();
    {
        let mut world = workspace.world();
        for room in ["C1", "COUT", "CARCH", "CT"] {
            world.room(room, Kind::Private);
        }
        world.rooms.get_mut("COUT").unwrap().joined = false;
        world.rooms.get_mut("CARCH").unwrap().archived = true;
    }
    let well = SlackSettings { rooms: vec!["C1".to_owned()], triage: Some("CT".to_owned()), ..settings(&workspace) };
    let findings = probe(&well).await;
    assert_eq!(faults(&findings), Vec::new());
    assert_eq!(findings.len(), 5, "{findings:?}");

    let rooms = SlackSettings {
        rooms: ["COUT", "CARCH", "CX"].map(str::to_owned).to_vec(),
        triage: Some("general".to_owned()),
        ..settings(&workspace)
    };
    workspace.world().may_connect = false;
    workspace.world().scopes.remove("files:read");
    let found = faults(&probe(&rooms).await);
    for (what, advice) in [
        ("scope files:read", "install the app again"),
        ("way in", "connections:write"),
        ("room COUT", "/invite"),
        ("room CARCH", "archived"),
        ("room CX", "no such room"),
        ("triage room general", "its id"),
    ] {
        assert!(found.iter().any(|(name, reason)| name == what && reason.contains(advice)), "{what}: {found:?}");
    }
    assert_eq!(found.len(), 6);

    workspace.world().refuse_with = Some("invalid_auth");
    let found = faults(&probe(&rooms).await);
    assert!(found.len() == 1 && found[0].1.contains("copy it again"), "{found:?}");
    let nobody = SlackSettings { api_url: "http://127.0.0.1:1/api".to_owned(), ..settings(&workspace) };
    let found = faults(&probe(&nobody).await);
    assert!(found.len() == 1 && found[0].1.contains("api_url"), "{found:?}");
}

#[test]
fn the_manifest_names_the_scopes_and_events_that_are_used() {
    let text = std::fs::read_to_string("docs/slack.md").unwrap();
    let manifest = text.split("```yaml").nth(1).and_then(|rest| rest.split("```").next()).expect("a manifest");
    let list = |name: &str| -> Vec<String> {
        let after = manifest.split(&format!("{name}:\n")).nth(1).unwrap_or_default();
        let items = after.lines().map_while(|line| line.trim().strip_prefix("- "));
        items.map(str::to_owned).collect()
    };
    assert_eq!(list("bot"), SCOPES, "scopes");
    let events = [
        "app_home_opened",
        "app_mention",
        "message.channels",
        "message.groups",
        "message.im",
        "message.mpim",
        "reaction_added",
    ];
    assert_eq!(list("bot_events"), events);
    for word in ["/ask", "/ticket", "/link", "create_ticket", "socket_mode_enabled: true"] {
        assert!(manifest.contains(word), "{word}");
    }
}
