//! Operations of a case that run beside the others.

use super::super::failure::Checked;
use super::super::operation::{Call, Yield};
use super::super::world::World;
use super::unknown;

pub fn run(world: &World, call: &mut Call) -> Checked<Yield> {
    let arguments = &mut call.arguments;
    let thread = world.entities.thread(&arguments.needed_text("thread")?)?;
    match call.name.as_str() {
        "runOnThread" => {
            let operation = arguments.needed_document("operation")?;
            arguments.finish()?;
            thread.run(operation)?;
        }
        "waitForThread" => {
            arguments.finish()?;
            thread.wait()?;
        }
        _ => return Err(unknown(call)),
    }
    Ok(Yield::Nothing)
}
