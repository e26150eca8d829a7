//! Faults that only a person can mend are said clearly, and nothing runs in circles.

use madoguchi::connectors::Health;

use super::{PATIENCE, Running};
use crate::support::discord::faults::Faults;

async fn health(running: &mut Running, wanted: impl Fn(&Health) -> bool) -> Health {
    let waiting = running.health.wait_for(|health| wanted(health));
    tokio::time::timeout(PATIENCE, waiting).await.expect("in time").expect("it runs").clone()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn close_codes_for_operators_stop_the_connection_and_say_what_to_do() {
    for (code, words) in [(4004, "Reset Token"), (4013, "update it"), (4014, "Message Content Intent")] {
        let mut running = Running::waiting(Faults::none()).await;
        running.stand_in.close_code(code);
        running.receive();
        let health = health(&mut running, |health| health.needs_operator).await;
        assert!(!health.connected);
        let fault = health.fault.expect("a fault");
        assert!(fault.contains(words), "{code}: {fault}");
        // It is told once the connection is closed for good, so that nothing can come after this.
        assert_eq!(running.stand_in.world().identifies, 1, "{code}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_refused_token_is_told_before_anything_connects() {
    let mut running = Running::waiting(Faults::none()).await;
    running.stand_in.world().refuses_token = true;
    running.receive();
    let health = health(&mut running, |health| health.needs_operator).await;
    assert!(health.fault.expect("a fault").contains("Reset Token"));
    let world = running.stand_in.world();
    assert_eq!((world.identifies, world.requests.len()), (0, 1));
}
