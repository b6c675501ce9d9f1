//! Verbs that insert, update and delete.

use actix_mongo::{DeleteResult, UpdateResult};
use bson::{Bson, Document, doc};

use super::super::arguments::{Arguments, apply};
use super::super::entities::Entity;
use super::super::failure::Checked;
use super::super::operation::{Call, Yield};
use super::unknown;

pub async fn run(entity: Entity, call: &mut Call) -> Checked<Yield> {
    let Entity::Collection(collection) = entity else { return Err(unknown(call)) };
    let arguments = &mut call.arguments;
    let result = match call.name.as_str() {
        "insertOne" => {
            let mut insert = collection.insert_one(arguments.needed_document("document")?);
            apply!(arguments, insert {
                "bypassDocumentValidation" => bypass_document_validation(boolean), "comment" => comment(any),
                "writeConcern" => write_concern(write_concern), "rawData" => raw_data(boolean),
            });
            arguments.finish()?;
            let result = insert.await?;
            doc! { "insertedId": &result.inserted_id, "acknowledged": result.is_acknowledged() }
        }
        "insertMany" => {
            let mut insert = collection.insert_many(arguments.needed_documents("documents")?);
            apply!(arguments, insert {
                "ordered" => ordered(boolean), "writeConcern" => write_concern(write_concern),
                "bypassDocumentValidation" => bypass_document_validation(boolean), "comment" => comment(any),
                "rawData" => raw_data(boolean),
            });
            arguments.finish()?;
            let result = insert.await?;
            let (acknowledged, ids) = (result.is_acknowledged(), result.inserted_ids.into_iter());
            let ids: Document = ids.enumerate().map(|(at, id)| (at.to_string(), id)).collect();
            doc! { "insertedCount": ids.len() as i64, "insertedIds": ids, "acknowledged": acknowledged }
        }
        "deleteOne" => {
            let mut delete = collection.delete_one(arguments.needed_document("filter")?);
            apply!(arguments, delete {
                "hint" => hint(any), "collation" => collation(document), "let" => let_vars(document),
                "comment" => comment(any), "writeConcern" => write_concern(write_concern),
                "rawData" => raw_data(boolean),
            });
            arguments.finish()?;
            of_delete(&delete.await?)
        }
        "deleteMany" => {
            let mut delete = collection.delete_many(arguments.needed_document("filter")?);
            apply!(arguments, delete {
                "hint" => hint(any), "collation" => collation(document), "let" => let_vars(document),
                "comment" => comment(any), "writeConcern" => write_concern(write_concern),
                "rawData" => raw_data(boolean),
            });
            arguments.finish()?;
            of_delete(&delete.await?)
        }
        _ => return change(&collection, call).await,
    };
    Ok(Yield::Value(Bson::Document(result)))
}

async fn change(collection: &actix_mongo::Collection, call: &mut Call) -> Checked<Yield> {
    let arguments = &mut call.arguments;
    let filter = arguments.needed_document("filter")?;
    let result = match call.name.as_str() {
        "updateOne" => {
            let change = Arguments::needed("update", arguments.any("update")?)?;
            let mut update = collection.update_one(filter, change);
            apply!(arguments, update {
                "upsert" => upsert(boolean), "arrayFilters" => array_filters(list), "sort" => sort(document),
                "hint" => hint(any), "collation" => collation(document), "let" => let_vars(document),
                "bypassDocumentValidation" => bypass_document_validation(boolean), "comment" => comment(any),
                "writeConcern" => write_concern(write_concern), "rawData" => raw_data(boolean),
            });
            arguments.finish()?;
            update.await?
        }
        "updateMany" => {
            let change = Arguments::needed("update", arguments.any("update")?)?;
            let mut update = collection.update_many(filter, change);
            apply!(arguments, update {
                "upsert" => upsert(boolean), "arrayFilters" => array_filters(list), "hint" => hint(any),
                "collation" => collation(document), "let" => let_vars(document),
                "bypassDocumentValidation" => bypass_document_validation(boolean), "comment" => comment(any),
                "writeConcern" => write_concern(write_concern), "rawData" => raw_data(boolean),
            });
            arguments.finish()?;
            update.await?
        }
        "replaceOne" => {
            let mut replace = collection.replace_one(filter, arguments.needed_document("replacement")?);
            apply!(arguments, replace {
                "upsert" => upsert(boolean), "sort" => sort(document), "hint" => hint(any),
                "collation" => collation(document), "let" => let_vars(document),
                "bypassDocumentValidation" => bypass_document_validation(boolean), "comment" => comment(any),
                "writeConcern" => write_concern(write_concern), "rawData" => raw_data(boolean),
            });
            arguments.finish()?;
            replace.await?
        }
        _ => return Err(unknown(call)),
    };
    Ok(Yield::Value(Bson::Document(of_update(result))))
}

fn of_update(result: UpdateResult) -> Document {
    let mut document = doc! {
        "matchedCount": result.matched_count as i64,
        "modifiedCount": result.modified_count as i64,
        "upsertedCount": i64::from(result.upserted_id.is_some()),
        "acknowledged": result.is_acknowledged(),
    };
    if let Some(id) = result.upserted_id {
        document.insert("upsertedId", id);
    }
    document
}

fn of_delete(result: &DeleteResult) -> Document {
    doc! { "deletedCount": result.deleted_count as i64, "acknowledged": result.is_acknowledged() }
}
