//! What a client knows of its deployment.

use std::time::{Duration, Instant};

use actix_mongo::{ServerKind, State};

use super::super::entities::Entity;
use super::super::failure::{Checked, Failure};
use super::super::operation::{Call, Yield};
use super::super::world::{PATIENCE, World};
use super::unknown;

/// Between two looks at a client.
const PAUSE: Duration = Duration::from_millis(5);

pub fn run(world: &World, call: &mut Call) -> Checked<Yield> {
    let arguments = &mut call.arguments;
    match call.name.as_str() {
        "recordTopologyDescription" => {
            let client = world.entities.client(&arguments.needed_text("client")?)?;
            let name = arguments.needed_text("id")?;
            arguments.finish()?;
            world.entities.add(&name, Entity::Topology(client.connection.state().into()))?;
        }
        "assertTopologyType" => {
            let state = world.entities.topology(&arguments.needed_text("topologyDescription")?)?;
            let expected = arguments.needed_text("topologyType")?;
            arguments.finish()?;
            if state.kind.to_string() != expected {
                return Err(Failure::Case(format!("the topology is {}, not {expected}", state.kind)));
            }
        }
        "waitForPrimaryChange" => {
            let client = world.entities.client(&arguments.needed_text("client")?)?;
            let before = world.entities.topology(&arguments.needed_text("priorTopologyDescription")?)?;
            let patience = arguments.milliseconds("timeoutMS")?.unwrap_or(PATIENCE);
            arguments.finish()?;
            let (before, deadline) = (primary(&before), Instant::now() + patience);
            loop {
                let now = primary(&client.connection.state());
                if now.is_some() && now != before {
                    break;
                }
                if Instant::now() > deadline {
                    return Err(Failure::Case(format!("the primary is still {before:?}")));
                }
                std::thread::sleep(PAUSE);
            }
        }
        _ => return Err(unknown(call)),
    }
    Ok(Yield::Nothing)
}

fn primary(state: &State) -> Option<String> {
    let primary = state.servers.iter().find(|server| server.kind == ServerKind::RsPrimary);
    primary.map(|server| server.address.to_string())
}
