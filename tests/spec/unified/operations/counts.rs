//! Counting documents, and the values of a field.

use bson::Bson;

use super::super::arguments::apply;
use super::super::entities::Entity;
use super::super::failure::Checked;
use super::super::operation::{Call, Yield};
use super::unknown;

#[expect(deprecated, reason = "a helper of the past is a case as well")]
pub async fn run(entity: Entity, call: &mut Call) -> Checked<Yield> {
    let Entity::Collection(collection) = entity else { return Err(unknown(call)) };
    let arguments = &mut call.arguments;
    let count = match call.name.as_str() {
        "countDocuments" => {
            let mut count = collection.count_documents(arguments.needed_document("filter")?);
            apply!(arguments, count {
                "skip" => skip(natural), "limit" => limit(natural), "hint" => hint(any),
                "collation" => collation(document), "comment" => comment(any),
                "maxTimeMS" => max_time(milliseconds), "rawData" => raw_data(boolean),
                "readConcern" => read_concern(read_concern),
                "readPreference" => read_preference(read_preference),
            });
            arguments.finish()?;
            count.await?
        }
        "count" => {
            let mut count = collection.count(arguments.needed_document("filter")?);
            apply!(arguments, count {
                "skip" => skip(natural), "limit" => limit(natural), "hint" => hint(any),
                "collation" => collation(document), "comment" => comment(any),
                "maxTimeMS" => max_time(milliseconds), "rawData" => raw_data(boolean),
                "readConcern" => read_concern(read_concern),
                "readPreference" => read_preference(read_preference),
            });
            arguments.finish()?;
            count.await?
        }
        "estimatedDocumentCount" => {
            let mut count = collection.estimated_document_count();
            apply!(arguments, count {
                "comment" => comment(any), "maxTimeMS" => max_time(milliseconds),
                "rawData" => raw_data(boolean), "readConcern" => read_concern(read_concern),
                "readPreference" => read_preference(read_preference),
            });
            arguments.finish()?;
            count.await?
        }
        "distinct" => {
            let field = arguments.needed_text("fieldName")?;
            let mut distinct = collection.distinct(&field, arguments.needed_document("filter")?);
            apply!(arguments, distinct {
                "hint" => hint(any), "collation" => collation(document), "comment" => comment(any),
                "maxTimeMS" => max_time(milliseconds), "rawData" => raw_data(boolean),
                "readConcern" => read_concern(read_concern),
                "readPreference" => read_preference(read_preference),
            });
            arguments.finish()?;
            return Ok(Yield::Value(Bson::Array(distinct.await?)));
        }
        _ => return Err(unknown(call)),
    };
    Ok(Yield::Value(Bson::Int64(i64::try_from(count).unwrap_or(i64::MAX))))
}
