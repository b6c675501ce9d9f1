//! Indexes of a collection.

use actix_mongo::IndexModel;
use bson::{Bson, Document};

use super::super::arguments::{apply, set};
use super::super::entities::Entity;
use super::super::failure::Checked;
use super::super::operation::{Call, Yield};
use super::unknown;

pub async fn run(entity: Entity, call: &mut Call) -> Checked<Yield> {
    let Entity::Collection(collection) = entity else { return Err(unknown(call)) };
    let arguments = &mut call.arguments;
    match call.name.as_str() {
        "createIndex" => {
            let mut model = IndexModel::new(arguments.needed_document("keys")?);
            set!(arguments, model {
                "name" => name(text), "unique" => unique(boolean), "sparse" => sparse(boolean),
                "hidden" => hidden(boolean), "expireAfterSeconds" => expire_after(seconds),
                "partialFilterExpression" => partial_filter_expression(document),
                "collation" => collation(document), "wildcardProjection" => wildcard_projection(document),
            });
            let mut create = collection.create_index(model);
            apply!(arguments, create {
                "commitQuorum" => commit_quorum(any), "comment" => comment(any),
                "maxTimeMS" => max_time(milliseconds), "rawData" => raw_data(boolean),
                "writeConcern" => write_concern(write_concern),
            });
            arguments.finish()?;
            Ok(Yield::Value(Bson::String(create.await?)))
        }
        "dropIndex" => {
            let mut drop = collection.drop_index(&arguments.needed_text("name")?);
            apply!(arguments, drop {
                "comment" => comment(any), "maxTimeMS" => max_time(milliseconds),
                "rawData" => raw_data(boolean), "writeConcern" => write_concern(write_concern),
            });
            arguments.finish()?;
            drop.await?;
            Ok(Yield::Nothing)
        }
        "dropIndexes" => {
            let mut drop = collection.drop_indexes();
            apply!(arguments, drop {
                "comment" => comment(any), "maxTimeMS" => max_time(milliseconds),
                "rawData" => raw_data(boolean), "writeConcern" => write_concern(write_concern),
            });
            arguments.finish()?;
            drop.await?;
            Ok(Yield::Nothing)
        }
        "listIndexes" => {
            let mut list = collection.list_indexes().of::<Document>();
            apply!(arguments, list {
                "batchSize" => batch_size(size), "comment" => comment(any), "rawData" => raw_data(boolean),
            });
            arguments.finish()?;
            Ok(Yield::Rows(list.await?.collect_all().await?))
        }
        "listIndexNames" => {
            let mut list = collection.list_index_names();
            apply!(arguments, list { "comment" => comment(any) });
            arguments.finish()?;
            Ok(Yield::Value(list.await?.into_iter().map(Bson::String).collect()))
        }
        _ => Err(unknown(call)),
    }
}
