//! Fail points, set through a client of the case's.

use super::super::arguments::Arguments;
use super::super::failure::Checked;
use super::super::operation::{Call, Yield};
use super::super::world::{World, text};

pub async fn run(world: &World<'_>, call: &mut Call) -> Checked<Yield> {
    let arguments: &mut Arguments = &mut call.arguments;
    let fail_point = arguments.needed_document("failPoint")?;
    let client = world.entities.client(&arguments.needed_text("client")?)?;
    arguments.finish()?;
    world.remember_fail_point(text(&fail_point, "configureFailPoint")?);
    client.connection.database("admin")?.run_command(fail_point).await?;
    Ok(Yield::Nothing)
}
