//! `doctor`: every finding says how to mend it.

use std::collections::BTreeMap;

use madoguchi::connectors::discord::probe;
use serde_json::json;

use super::settings;
use crate::support::discord::faults::Faults;
use crate::support::discord::world::{INVITED, World};
use crate::support::discord::{GUILD, StandIn};

async fn findings(stand_in: &StandIn) -> BTreeMap<String, Result<String, String>> {
    probe(&settings(&stand_in.url)).await.into_iter().map(|finding| (finding.what, finding.outcome)).collect()
}

#[tokio::test]
async fn a_bot_that_was_invited_by_the_link_has_everything() {
    let stand_in = StandIn::start(Faults::none()).await;
    let found = findings(&stand_in).await;
    assert_eq!(found.len(), 6, "{found:?}");
    assert!(found.values().all(Result::is_ok), "{found:?}");
    assert!(found.contains_key(&format!("triage room {}", World::TRIAGE)));
    assert_eq!(madoguchi::connectors::discord::INVITE_PERMISSIONS, INVITED);
}

#[tokio::test]
async fn what_is_missing_is_named_with_its_cure() {
    let stand_in = StandIn::start(Faults::none()).await;
    {
        let mut world = stand_in.world();
        world.flags = 0;
        world.channels.remove(&World::FORUM);
        let triage = &mut world.channels.get_mut(&World::TRIAGE).unwrap().object;
        triage["permission_overwrites"] = json!([{ "id": GUILD.to_string(), "type": 0, "allow": "0", "deny": "2048" }]);
        world.identifies = 990;
    }
    let found = findings(&stand_in).await;
    let fault = |what: &str| found[what].clone().expect_err(what);
    assert!(fault("intent message content").contains("Message Content Intent"));
    assert!(fault("gateway").contains("only 10 of 1000"));
    assert!(
        fault(&format!("room {}", World::FORUM)).contains("Invite it: https://discord.com/oauth2/authorize?client_id=")
    );
    assert!(fault(&format!("triage room {}", World::TRIAGE)).contains("not allowed to Send Messages"));
    assert!(found[&format!("room {}", World::TEXT)].is_ok());

    stand_in.world().refuses_token = true;
    let found = findings(&stand_in).await;
    assert_eq!(found.len(), 1);
    assert!(found["token"].clone().unwrap_err().contains("Reset Token"));
}
