//! Databases of a client.

use bson::{Bson, Document};

use super::super::arguments::apply;
use super::super::entities::Entity;
use super::super::failure::Checked;
use super::super::operation::{Call, Yield};
use super::unknown;

pub async fn run(entity: Entity, call: &mut Call) -> Checked<Yield> {
    let Entity::Client(client) = entity else { return Err(unknown(call)) };
    let arguments = &mut call.arguments;
    match call.name.as_str() {
        "listDatabases" | "listDatabaseObjects" => {
            let mut list = client.connection.list_databases().of::<Document>();
            apply!(arguments, list {
                "filter" => filter(document), "nameOnly" => name_only(boolean),
                "authorizedDatabases" => authorized_databases(boolean), "comment" => comment(any),
            });
            arguments.finish()?;
            Ok(Yield::Rows(list.await?))
        }
        "listDatabaseNames" => {
            let mut list = client.connection.list_database_names();
            apply!(arguments, list {
                "filter" => filter(document), "comment" => comment(any),
                "authorizedDatabases" => authorized_databases(boolean),
            });
            arguments.finish()?;
            Ok(Yield::Value(list.await?.into_iter().map(Bson::String).collect()))
        }
        "dropDatabase" => {
            let mut drop = client.connection.database(&arguments.needed_text("database")?)?.drop();
            apply!(arguments, drop { "comment" => comment(any), "writeConcern" => write_concern(write_concern) });
            arguments.finish()?;
            drop.await?;
            Ok(Yield::Nothing)
        }
        _ => Err(unknown(call)),
    }
}
