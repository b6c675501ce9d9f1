//! Fail points, set through a client of the case's.

use bson::{Bson, Document};

use super::super::arguments::Arguments;
use super::super::failure::Checked;
use super::super::operation::{Call, Yield};
use super::super::world::{World, text};

/// The legacy hello has two spellings: cases name one, and the server at hand knows the other.
fn with_alias(mut fail_point: Document) -> Document {
    let data = fail_point.get_document_mut("data");
    if let Ok(commands) = data.and_then(|data| data.get_array_mut("failCommands"))
        && commands.iter().any(|name| name.as_str() == Some("ismaster"))
    {
        commands.push(Bson::String("isMaster".to_owned()));
    }
    fail_point
}

pub async fn run(world: &World, call: &mut Call) -> Checked<Yield> {
    let arguments: &mut Arguments = &mut call.arguments;
    let fail_point = with_alias(arguments.needed_document("failPoint")?);
    let client = world.entities.client(&arguments.needed_text("client")?)?;
    arguments.finish()?;
    world.remember_fail_point(text(&fail_point, "configureFailPoint")?);
    client.connection.database("admin")?.run_command(fail_point).await?;
    Ok(Yield::Nothing)
}
