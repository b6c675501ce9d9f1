//! What the server holds, asked past the driver; and waiting.

use bson::{Bson, Document, doc};

use super::super::arguments::Arguments;
use super::super::failure::{Checked, Failure};
use super::super::operation::{Call, Yield};
use super::super::world::World;
use super::unknown;

pub async fn run(world: &World, call: &mut Call) -> Checked<Yield> {
    let arguments = &mut call.arguments;
    if call.name == "wait" {
        let time = Arguments::needed("ms", arguments.milliseconds("ms")?)?;
        arguments.finish()?;
        std::thread::sleep(time);
        return Ok(Yield::Nothing);
    }
    let database = arguments.needed_text("databaseName")?;
    let collection = arguments.needed_text("collectionName")?;
    let index = arguments.text("indexName")?;
    arguments.finish()?;
    let collections = doc! { "listCollections": 1, "filter": { "name": &collection } };
    let exists = match (call.name.as_str(), index) {
        ("assertCollectionExists" | "assertCollectionNotExists", None) => {
            !batch(&world.server.run(&database, collections).map_err(Failure::Surroundings)?).is_empty()
        }
        ("assertIndexExists" | "assertIndexNotExists", Some(index)) => {
            // A collection that does not exist has no indexes.
            let reply = world.server.ask(&database, doc! { "listIndexes": &collection });
            let reply = reply.map_err(Failure::Surroundings)?;
            batch(&reply)
                .iter()
                .filter_map(Bson::as_document)
                .any(|it| it.get_str("name").is_ok_and(|name| name == index))
        }
        _ => return Err(unknown(call)),
    };
    match exists != call.name.contains("Not") {
        true => Ok(Yield::Nothing),
        false => Err(Failure::Case(format!("{} fails: exists is {exists}", call.name))),
    }
}

fn batch(reply: &Document) -> &[Bson] {
    let batch = reply.get_document("cursor").and_then(|cursor| cursor.get_array("firstBatch"));
    batch.map(Vec::as_slice).unwrap_or_default()
}
