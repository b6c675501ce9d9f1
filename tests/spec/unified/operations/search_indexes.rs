//! Search indexes of a collection.

use actix_mongo::SearchIndexModel;
use bson::{Bson, Document};

use super::super::arguments::{Arguments, apply, set};
use super::super::entities::Entity;
use super::super::failure::Checked;
use super::super::operation::{Call, Yield};
use super::unknown;

pub async fn run(entity: Entity, call: &mut Call) -> Checked<Yield> {
    let Entity::Collection(collection) = entity else { return Err(unknown(call)) };
    let arguments = &mut call.arguments;
    match call.name.as_str() {
        "createSearchIndex" => {
            let mut create = collection.create_search_index(model(arguments.needed_document("model")?)?);
            apply!(arguments, create {});
            arguments.finish()?;
            Ok(Yield::Value(Bson::String(create.await?)))
        }
        "createSearchIndexes" => {
            let models = arguments.needed_documents("models")?.into_iter().map(model);
            let mut create = collection.create_search_indexes(models.collect::<Checked<Vec<_>>>()?);
            apply!(arguments, create {});
            arguments.finish()?;
            Ok(Yield::Value(create.await?.into_iter().map(Bson::String).collect()))
        }
        "updateSearchIndex" => {
            let (name, definition) =
                (arguments.needed_text("name")?, arguments.needed_document("definition")?);
            let mut update = collection.update_search_index(&name, definition);
            apply!(arguments, update {});
            arguments.finish()?;
            update.await?;
            Ok(Yield::Nothing)
        }
        "dropSearchIndex" => {
            let mut drop = collection.drop_search_index(&arguments.needed_text("name")?);
            apply!(arguments, drop {});
            arguments.finish()?;
            drop.await?;
            Ok(Yield::Nothing)
        }
        "listSearchIndexes" => {
            let name = arguments.text("name")?;
            let mut list = collection.list_search_indexes(name.as_deref());
            let mut more =
                Arguments::new(arguments.document("aggregationOptions")?.unwrap_or_default(), None);
            set!(more, list { "batchSize" => batch_size(size) });
            more.finish()?;
            apply!(arguments, list {});
            arguments.finish()?;
            Ok(Yield::Rows(list.await?.collect_all().await?))
        }
        _ => Err(unknown(call)),
    }
}

fn model(of: Document) -> Checked<SearchIndexModel> {
    let mut given = Arguments::new(of, None);
    let mut model = SearchIndexModel::new(given.needed_document("definition")?);
    set!(given, model { "name" => name(text), "type" => kind(text) });
    given.finish()?;
    Ok(model)
}
