//! Bulk writes, of a collection and of a client.

use actix_mongo::{BulkWriteResult, OperationResult, WriteModel};
use bson::{Bson, Document, doc};

use super::super::arguments::{Arguments, apply, set};
use super::super::entities::Entity;
use super::super::failure::{Checked, Failure};
use super::super::operation::{Call, Yield};
use super::unknown;

pub async fn run(entity: Entity, call: &mut Call) -> Checked<Yield> {
    let arguments = &mut call.arguments;
    let mut bulk = match (call.name.as_str(), entity) {
        ("bulkWrite", Entity::Collection(collection)) => {
            let models = arguments.needed_documents("requests")?.into_iter();
            let models = models.map(|of| Ok(model(of)?.1)).collect::<Checked<Vec<_>>>()?;
            collection.bulk_write(models)
        }
        ("clientBulkWrite", Entity::Client(client)) => {
            let models = arguments.needed_documents("models")?.into_iter().map(|of| {
                let (namespace, model) = model(of)?;
                Ok((Arguments::needed("namespace", namespace)?, model))
            });
            client.connection.bulk_write(models.collect::<Checked<Vec<_>>>()?)
        }
        _ => return Err(unknown(call)),
    };
    apply!(arguments, bulk {
        "ordered" => ordered(boolean), "verboseResults" => verbose_results(boolean),
        "bypassDocumentValidation" => bypass_document_validation(boolean), "let" => let_vars(document),
        "comment" => comment(any), "writeConcern" => write_concern(write_concern),
        "rawData" => raw_data(boolean),
    });
    arguments.finish()?;
    Ok(Yield::Value(Bson::Document(of_result(&bulk.await?))))
}

/// One write, and the namespace that it names, if it does.
fn model(of: Document) -> Checked<(Option<String>, WriteModel)> {
    let Some((kind, Bson::Document(given))) = of.into_iter().next() else {
        return Err("not a write model".into());
    };
    let mut given = Arguments::new(given, None);
    let namespace = given.text("namespace")?;
    let mut model = if kind == "insertOne" {
        WriteModel::insert_one(given.needed_document("document")?)
    } else {
        let filter = given.needed_document("filter")?;
        match kind.as_str() {
            "updateOne" => WriteModel::update_one(filter, change(&mut given)?),
            "updateMany" => WriteModel::update_many(filter, change(&mut given)?),
            "replaceOne" => WriteModel::replace_one(filter, given.needed_document("replacement")?),
            "deleteOne" => WriteModel::delete_one(filter),
            "deleteMany" => WriteModel::delete_many(filter),
            _ => return Err(Failure::Case(format!("there is no write model {kind}"))),
        }
    };
    set!(given, model {
        "upsert" => upsert(boolean), "arrayFilters" => array_filters(list), "sort" => sort(document),
        "hint" => hint(any), "collation" => collation(document),
    });
    given.finish()?;
    Ok((namespace, model))
}

fn change(given: &mut Arguments) -> Checked<Bson> {
    Arguments::needed("update", given.any("update")?)
}

/// A result in the format's words, those of both kinds of bulk writes.
pub fn of_result(result: &BulkWriteResult) -> Document {
    if !result.is_acknowledged() {
        return doc! { "acknowledged": false };
    }
    let ids = |ids: &std::collections::BTreeMap<usize, Bson>| -> Document {
        ids.iter().map(|(index, id)| (index.to_string(), id.clone())).collect()
    };
    let mut document = doc! {
        "acknowledged": true,
        "insertedCount": result.inserted_count as i64,
        "matchedCount": result.matched_count as i64,
        "modifiedCount": result.modified_count as i64,
        "deletedCount": result.deleted_count as i64,
        "upsertedCount": result.upserted_count as i64,
        "insertedIds": ids(&result.inserted_ids),
        "upsertedIds": ids(&result.upserted_ids),
    };
    if let Some(results) = &result.verbose_results {
        let (mut inserts, mut updates, mut deletes) = (doc! {}, doc! {}, doc! {});
        for (index, result) in results {
            let of = one(result);
            match result {
                OperationResult::Insert { .. } => inserts.insert(index.to_string(), of),
                OperationResult::Update { .. } => updates.insert(index.to_string(), of),
                _ => deletes.insert(index.to_string(), of),
            };
        }
        document
            .extend(doc! { "insertResults": inserts, "updateResults": updates, "deleteResults": deletes });
    }
    document
}

fn one(result: &OperationResult) -> Document {
    match result {
        OperationResult::Insert { inserted_id, .. } => doc! { "insertedId": inserted_id },
        OperationResult::Update { matched_count, modified_count, upserted_id, .. } => {
            let mut document =
                doc! { "matchedCount": *matched_count as i64, "modifiedCount": *modified_count as i64 };
            document.extend(upserted_id.clone().map(|id| ("upsertedId".to_owned(), id)));
            document
        }
        OperationResult::Delete { deleted_count, .. } => doc! { "deletedCount": *deleted_count as i64 },
        // The enum may grow; a case that means another kind then fails by this.
        other => doc! { "unknown": format!("{other:?}") },
    }
}
