//! Explicit sessions, and what is known of the sessions that commands ran in.

use actix_mongo::ClientSession;
use bson::{Bson, Document};

use super::super::entities::Entity;
use super::super::failure::{Checked, Failure};
use super::super::operation::{Call, Yield};
use super::super::world::{PATIENCE, World};
use super::unknown;

pub async fn run(world: &World, entity: Option<Entity>, call: &mut Call) -> Checked<Yield> {
    let arguments = &mut call.arguments;
    match (call.name.as_str(), entity) {
        ("endSession", Some(Entity::Session(session))) => {
            arguments.finish()?;
            session.end();
            Ok(Yield::Nothing)
        }
        ("getSnapshotTime", Some(Entity::Session(session))) => {
            arguments.finish()?;
            let time = session.snapshot_time().map(Bson::Timestamp);
            time.map(Yield::Value).ok_or_else(|| "the session has no snapshot time".into())
        }
        ("assertSessionDirty" | "assertSessionNotDirty", None) => {
            let session = needed(arguments.session())?;
            arguments.finish()?;
            match session.is_dirty() == (call.name == "assertSessionDirty") {
                true => Ok(Yield::Nothing),
                false => Err(Failure::Case(format!("dirty is {}", session.is_dirty()))),
            }
        }
        ("assertSameLsidOnLastTwoCommands" | "assertDifferentLsidOnLastTwoCommands", None) => {
            let client = world.entities.client(&arguments.needed_text("client")?)?;
            arguments.finish()?;
            client.connection.flush_events(PATIENCE).await.map_err(|error| error.to_string())?;
            let started = client.visible(&client.recorder().events());
            let started = started.iter().filter(|event| event.name == "commandStartedEvent");
            let ids: Vec<_> = started.rev().take(2).map(|event| lsid(&event.fields)).collect();
            let [Some(one), Some(other)] = &ids[..] else {
                return Err("the last two commands have no sessions".into());
            };
            match (one == other) == (call.name == "assertSameLsidOnLastTwoCommands") {
                true => Ok(Yield::Nothing),
                false => Err(Failure::Case(format!("the sessions are {one} and {other}"))),
            }
        }
        _ => Err(unknown(call)),
    }
}

fn needed(session: Option<ClientSession>) -> Checked<ClientSession> {
    session.ok_or_else(|| "the argument 'session' is missing".into())
}

fn lsid(fields: &Document) -> Option<Document> {
    fields.get_document("command").ok()?.get_document("lsid").ok().cloned()
}
