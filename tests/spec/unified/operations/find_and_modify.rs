//! Verbs that change a document and give it back.

use actix_mongo::ReturnDocument;
use bson::{Bson, Document};

use super::super::arguments::{Arguments, apply};
use super::super::entities::Entity;
use super::super::failure::{Checked, Failure};
use super::super::operation::{Call, Yield};
use super::unknown;

pub async fn run(entity: Entity, call: &mut Call) -> Checked<Yield> {
    let Entity::Collection(collection) = entity else { return Err(unknown(call)) };
    let arguments = &mut call.arguments;
    let filter = arguments.needed_document("filter")?;
    let found: Option<Document> = match call.name.as_str() {
        "findOneAndDelete" => {
            let mut delete = collection.find_one_and_delete(filter);
            apply!(arguments, delete {
                "projection" => projection(document), "sort" => sort(document), "hint" => hint(any),
                "collation" => collation(document), "let" => let_vars(document), "comment" => comment(any),
                "maxTimeMS" => max_time(milliseconds), "writeConcern" => write_concern(write_concern),
                "rawData" => raw_data(boolean),
            });
            arguments.finish()?;
            delete.await?
        }
        "findOneAndReplace" => {
            let replacement = arguments.needed_document("replacement")?;
            let mut replace = collection.find_one_and_replace(filter, replacement);
            if let Some(which) = return_document(arguments)? {
                replace = replace.return_document(which);
            }
            apply!(arguments, replace {
                "upsert" => upsert(boolean), "projection" => projection(document), "sort" => sort(document),
                "hint" => hint(any), "collation" => collation(document), "let" => let_vars(document),
                "bypassDocumentValidation" => bypass_document_validation(boolean), "comment" => comment(any),
                "maxTimeMS" => max_time(milliseconds), "writeConcern" => write_concern(write_concern),
                "rawData" => raw_data(boolean),
            });
            arguments.finish()?;
            replace.await?
        }
        "findOneAndUpdate" => {
            let change = Arguments::needed("update", arguments.any("update")?)?;
            let mut update = collection.find_one_and_update(filter, change);
            if let Some(which) = return_document(arguments)? {
                update = update.return_document(which);
            }
            apply!(arguments, update {
                "upsert" => upsert(boolean), "arrayFilters" => array_filters(list),
                "projection" => projection(document), "sort" => sort(document), "hint" => hint(any),
                "collation" => collation(document), "let" => let_vars(document),
                "bypassDocumentValidation" => bypass_document_validation(boolean), "comment" => comment(any),
                "maxTimeMS" => max_time(milliseconds), "writeConcern" => write_concern(write_concern),
                "rawData" => raw_data(boolean),
            });
            arguments.finish()?;
            update.await?
        }
        _ => return Err(unknown(call)),
    };
    Ok(Yield::Value(found.map_or(Bson::Null, Bson::Document)))
}

fn return_document(arguments: &mut Arguments) -> Checked<Option<ReturnDocument>> {
    match arguments.text("returnDocument")? {
        None => Ok(None),
        Some(which) if which.eq_ignore_ascii_case("before") => Ok(Some(ReturnDocument::Before)),
        Some(which) if which.eq_ignore_ascii_case("after") => Ok(Some(ReturnDocument::After)),
        Some(other) => Err(Failure::Case(format!("there is no returnDocument '{other}'"))),
    }
}
