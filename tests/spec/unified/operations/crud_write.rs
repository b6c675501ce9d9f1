//! Verbs that insert, update and delete.

use actix_mongo::UpdateResult;
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
            });
            arguments.finish()?;
            doc! { "insertedId": insert.await?.inserted_id }
        }
        "insertMany" => {
            let mut insert = collection.insert_many(arguments.needed_documents("documents")?);
            apply!(arguments, insert {
                "ordered" => ordered(boolean),
                "bypassDocumentValidation" => bypass_document_validation(boolean), "comment" => comment(any),
            });
            arguments.finish()?;
            let ids = insert.await?.inserted_ids;
            let count = ids.len() as i64;
            let ids: Document = ids.into_iter().enumerate().map(|(at, id)| (at.to_string(), id)).collect();
            doc! { "insertedIds": ids, "insertedCount": count }
        }
        "updateOne" => {
            let filter = arguments.needed_document("filter")?;
            let update = Arguments::needed("update", arguments.any("update")?)?;
            let mut update = collection.update_one(filter, update);
            apply!(arguments, update {
                "upsert" => upsert(boolean), "arrayFilters" => array_filters(list), "sort" => sort(document),
                "hint" => hint(any), "collation" => collation(document), "let" => let_vars(document),
                "bypassDocumentValidation" => bypass_document_validation(boolean), "comment" => comment(any),
            });
            arguments.finish()?;
            of_update(update.await?)
        }
        "deleteOne" => {
            let mut delete = collection.delete_one(arguments.needed_document("filter")?);
            apply!(arguments, delete {
                "hint" => hint(any), "collation" => collation(document), "let" => let_vars(document),
                "comment" => comment(any),
            });
            arguments.finish()?;
            doc! { "deletedCount": delete.await?.deleted_count as i64 }
        }
        _ => return Err(unknown(call)),
    };
    Ok(Yield::Value(Bson::Document(result)))
}

fn of_update(result: UpdateResult) -> Document {
    let mut document = doc! {
        "matchedCount": result.matched_count as i64,
        "modifiedCount": result.modified_count as i64,
        "upsertedCount": i64::from(result.upserted_id.is_some()),
    };
    if let Some(id) = result.upserted_id {
        document.insert("upsertedId", id);
    }
    document
}
