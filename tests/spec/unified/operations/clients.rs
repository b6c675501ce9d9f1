//! Clients as a whole, and entities made on the way.

use std::time::Duration;

use actix_mongo::DriverInfo;

use super::super::arguments::Arguments;
use super::super::entities::Entity;
use super::super::failure::Checked;
use super::super::operation::{Call, Yield};
use super::super::world::World;
use super::unknown;

pub async fn run(world: &World, entity: Option<Entity>, call: &mut Call) -> Checked<Yield> {
    let arguments = &mut call.arguments;
    match (call.name.as_str(), entity) {
        ("close", Some(Entity::Client(client))) => {
            arguments.finish()?;
            client.connection.close(Duration::ZERO).await;
        }
        ("appendMetadata", Some(Entity::Client(client))) => {
            let mut given = Arguments::new(arguments.needed_document("driverInfoOptions")?, None);
            arguments.finish()?;
            let mut library = DriverInfo::new(given.needed_text("name")?);
            if let Some(version) = given.text("version")? {
                library = library.version(version);
            }
            if let Some(platform) = given.text("platform")? {
                library = library.platform(platform);
            }
            given.finish()?;
            client.connection.append_metadata(library)?;
        }
        ("createEntities", None) => {
            let list = arguments.needed_list("entities")?;
            arguments.finish()?;
            world.create(&list)?;
        }
        _ => return Err(unknown(call)),
    }
    Ok(Yield::Nothing)
}
