//! Commands that no verb has a method for.

use bson::Bson;

use super::super::arguments::apply;
use super::super::entities::Entity;
use super::super::failure::Checked;
use super::super::operation::{Call, Yield};
use super::unknown;

pub async fn run(entity: Entity, call: &mut Call) -> Checked<Yield> {
    let arguments = &mut call.arguments;
    match (call.name.as_str(), entity) {
        ("runCommand", Entity::Database(database)) => {
            // For languages that forget the order of keys.
            arguments.needed_text("commandName")?;
            let mut run = database.run_command(arguments.needed_document("command")?);
            apply!(arguments, run { "readPreference" => read_preference(read_preference) });
            arguments.finish()?;
            Ok(Yield::Value(Bson::Document(run.await?)))
        }
        _ => Err(unknown(call)),
    }
}
