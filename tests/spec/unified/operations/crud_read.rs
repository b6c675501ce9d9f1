//! Reading documents.

use actix_mongo::Collection;
use actix_mongo::operations::Find;
use bson::Bson;

use super::super::arguments::{Arguments, apply};
use super::super::entities::Entity;
use super::super::failure::Checked;
use super::super::operation::{Call, Yield};
use super::unknown;

pub async fn run(entity: Entity, call: &mut Call) -> Checked<Yield> {
    let arguments = &mut call.arguments;
    match (call.name.as_str(), entity) {
        ("find", Entity::Collection(collection)) => {
            Ok(Yield::Rows(find(&collection, arguments)?.await?.collect_all().await?))
        }
        ("findOne", Entity::Collection(collection)) => {
            let mut find = collection.find_one(arguments.needed_document("filter")?);
            apply!(arguments, find {
                "projection" => projection(document), "sort" => sort(document), "skip" => skip(long),
                "hint" => hint(any), "min" => min(document), "max" => max(document),
                "collation" => collation(document), "let" => let_vars(document), "comment" => comment(any),
                "maxTimeMS" => max_time(milliseconds), "rawData" => raw_data(boolean),
                "readConcern" => read_concern(read_concern),
                "readPreference" => read_preference(read_preference),
            });
            arguments.finish()?;
            Ok(Yield::Value(find.await?.map_or(Bson::Null, Bson::Document)))
        }
        ("aggregate", entity @ (Entity::Collection(_) | Entity::Database(_))) => {
            let pipeline = arguments.needed_list("pipeline")?;
            let mut aggregate = match &entity {
                Entity::Collection(collection) => collection.aggregate(pipeline),
                Entity::Database(database) => database.aggregate(pipeline),
                _ => return Err(unknown(call)),
            };
            apply!(arguments, aggregate {
                "allowDiskUse" => allow_disk_use(boolean), "batchSize" => batch_size(size),
                "hint" => hint(any), "collation" => collation(document), "let" => let_vars(document),
                "bypassDocumentValidation" => bypass_document_validation(boolean), "comment" => comment(any),
                "maxTimeMS" => max_time(milliseconds), "rawData" => raw_data(boolean),
                "readConcern" => read_concern(read_concern),
                "readPreference" => read_preference(read_preference),
                "writeConcern" => write_concern(write_concern),
            });
            arguments.finish()?;
            Ok(Yield::Rows(aggregate.await?.collect_all().await?))
        }
        _ => Err(unknown(call)),
    }
}

/// A query that is not sent yet.
pub fn find(collection: &Collection, arguments: &mut Arguments) -> Checked<Find> {
    let mut find = collection.find(arguments.needed_document("filter")?);
    apply!(arguments, find {
        "projection" => projection(document), "sort" => sort(document), "skip" => skip(long),
        "limit" => limit(long), "batchSize" => batch_size(size), "hint" => hint(any),
        "min" => min(document), "max" => max(document), "collation" => collation(document),
        "let" => let_vars(document), "allowDiskUse" => allow_disk_use(boolean),
        "noCursorTimeout" => no_cursor_timeout(boolean), "comment" => comment(any),
        "allowPartialResults" => allow_partial_results(boolean), "returnKey" => return_key(boolean),
        "showRecordId" => show_record_id(boolean), "maxTimeMS" => max_time(milliseconds),
        "rawData" => raw_data(boolean), "readConcern" => read_concern(read_concern),
        "readPreference" => read_preference(read_preference),
    });
    arguments.finish()?;
    Ok(find)
}
