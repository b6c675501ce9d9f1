//! Cursors that live from one operation to the next.

use std::sync::Arc;

use bson::Bson;
use tokio::sync::Mutex;

use super::super::entities::{CursorEntity, Entity};
use super::super::failure::{Checked, Failure};
use super::super::operation::{Call, Yield};
use super::crud_read::find;
use super::unknown;

pub async fn run(entity: Entity, call: &mut Call) -> Checked<Yield> {
    let arguments = &mut call.arguments;
    match (call.name.as_str(), entity) {
        ("createFindCursor", Entity::Collection(collection)) => {
            let cursor = CursorEntity(Some(find(&collection, arguments)?.await?));
            Ok(Yield::Entity(Entity::Cursor(Arc::new(Mutex::new(cursor)))))
        }
        (name, Entity::Cursor(cursor)) => {
            arguments.finish()?;
            on(name, &mut *cursor.lock().await).await
        }
        _ => Err(unknown(call)),
    }
}

async fn on(name: &str, entity: &mut CursorEntity) -> Checked<Yield> {
    if name == "close" {
        // Dropping it is closing it.
        entity.0 = None;
        return Ok(Yield::Nothing);
    }
    let Some(cursor) = &mut entity.0 else { return Err(Failure::Case("the cursor is closed".to_owned())) };
    match cursor.try_next().await? {
        Some(document) => Ok(Yield::Value(Bson::Document(document))),
        None if name == "iterateOnce" => Ok(Yield::Nothing),
        None => Err(Failure::Case("the cursor has no more documents".to_owned())),
    }
}
