//! Collections of a database.

use actix_mongo::{Database, ValidationAction, ValidationLevel};
use bson::{Bson, Document};

use super::super::arguments::{Arguments, apply};
use super::super::entities::Entity;
use super::super::failure::{Checked, Failure};
use super::super::operation::{Call, Yield};
use super::unknown;

pub async fn run(entity: Entity, call: &mut Call) -> Checked<Yield> {
    let database = match entity {
        Entity::Database(database) => database,
        Entity::Collection(collection) if call.name == "rename" => {
            let arguments = &mut call.arguments;
            let mut rename = collection.rename(&arguments.needed_text("to")?);
            apply!(arguments, rename { "dropTarget" => drop_target(boolean), "comment" => comment(any) });
            arguments.finish()?;
            rename.await?;
            return Ok(Yield::Nothing);
        }
        _ => return Err(unknown(call)),
    };
    let arguments = &mut call.arguments;
    match call.name.as_str() {
        "createCollection" => create(&database, arguments).await,
        "modifyCollection" => modify(&database, arguments).await,
        "dropCollection" => {
            let mut drop = database.collection(&arguments.needed_text("collection")?)?.drop();
            apply!(arguments, drop { "comment" => comment(any), "writeConcern" => write_concern(write_concern) });
            arguments.finish()?;
            drop.await?;
            Ok(Yield::Nothing)
        }
        "listCollections" | "listCollectionObjects" => {
            let mut list = database.list_collections().of::<Document>();
            apply!(arguments, list {
                "filter" => filter(document), "nameOnly" => name_only(boolean), "batchSize" => batch_size(size),
                "authorizedCollections" => authorized_collections(boolean), "comment" => comment(any),
                "rawData" => raw_data(boolean),
            });
            arguments.finish()?;
            Ok(Yield::Rows(list.await?.collect_all().await?))
        }
        "listCollectionNames" => {
            let mut list = database.list_collection_names();
            apply!(arguments, list {
                "filter" => filter(document), "comment" => comment(any),
                "authorizedCollections" => authorized_collections(boolean),
            });
            arguments.finish()?;
            Ok(Yield::Value(list.await?.into_iter().map(Bson::String).collect()))
        }
        _ => Err(unknown(call)),
    }
}

async fn create(database: &Database, arguments: &mut Arguments) -> Checked<Yield> {
    let name = arguments.needed_text("collection")?;
    let mut create = database.create_collection(&name);
    apply!(arguments, create {
        "capped" => capped(boolean), "size" => size(long), "max" => max(long), "viewOn" => view_on(text),
        "pipeline" => pipeline(list), "validator" => validator(document), "collation" => collation(document),
        "timeseries" => timeseries(document), "expireAfterSeconds" => expire_after(seconds),
        "clusteredIndex" => clustered_index(document), "storageEngine" => storage_engine(document),
        "indexOptionDefaults" => index_option_defaults(document),
        "encryptedFields" => encrypted_fields(document), "comment" => comment(any),
        "writeConcern" => write_concern(write_concern),
    });
    if let Some(level) = validation_level(arguments)? {
        create = create.validation_level(level);
    }
    if let Some(action) = validation_action(arguments)? {
        create = create.validation_action(action);
    }
    if let Some(images) = pre_and_post_images(arguments)? {
        create = create.change_stream_pre_and_post_images(images);
    }
    arguments.finish()?;
    create.await?;
    Ok(Yield::Entity(Entity::Collection(database.collection(&name)?)))
}

async fn modify(database: &Database, arguments: &mut Arguments) -> Checked<Yield> {
    let mut modify = database.collection(&arguments.needed_text("collection")?)?.modify();
    apply!(arguments, modify {
        "index" => index(document), "validator" => validator(document), "viewOn" => view_on(text),
        "pipeline" => pipeline(list), "timeseries" => timeseries(document),
        "expireAfterSeconds" => expire_after(seconds), "cappedSize" => capped_size(long),
        "cappedMax" => capped_max(long), "comment" => comment(any),
        "writeConcern" => write_concern(write_concern),
    });
    if let Some(level) = validation_level(arguments)? {
        modify = modify.validation_level(level);
    }
    if let Some(action) = validation_action(arguments)? {
        modify = modify.validation_action(action);
    }
    if let Some(images) = pre_and_post_images(arguments)? {
        modify = modify.change_stream_pre_and_post_images(images);
    }
    arguments.finish()?;
    Ok(Yield::Value(Bson::Document(modify.await?)))
}

fn validation_level(arguments: &mut Arguments) -> Checked<Option<ValidationLevel>> {
    Ok(Some(match arguments.text("validationLevel")?.as_deref() {
        None => return Ok(None),
        Some("off") => ValidationLevel::Off,
        Some("strict") => ValidationLevel::Strict,
        Some("moderate") => ValidationLevel::Moderate,
        Some(other) => return Err(Failure::Case(format!("there is no validationLevel '{other}'"))),
    }))
}

fn validation_action(arguments: &mut Arguments) -> Checked<Option<ValidationAction>> {
    Ok(Some(match arguments.text("validationAction")?.as_deref() {
        None => return Ok(None),
        Some("error") => ValidationAction::Error,
        Some("warn") => ValidationAction::Warn,
        Some("errorAndLog") => ValidationAction::ErrorAndLog,
        Some(other) => return Err(Failure::Case(format!("there is no validationAction '{other}'"))),
    }))
}

fn pre_and_post_images(arguments: &mut Arguments) -> Checked<Option<bool>> {
    let Some(images) = arguments.document("changeStreamPreAndPostImages")? else { return Ok(None) };
    let mut images = Arguments::new(images, None);
    let enabled = images.boolean("enabled")?;
    images.finish()?;
    Ok(enabled)
}
