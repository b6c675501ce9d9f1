//! Cursors that live from one operation to the next.

use std::sync::Arc;

use actix_mongo::operations::RunCursorCommand;
use actix_mongo::{CursorType, Database, TimeoutMode};
use bson::Bson;
use tokio::sync::Mutex;

use super::super::arguments::{Arguments, apply};
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
        ("runCursorCommand", Entity::Database(database)) => {
            Ok(Yield::Rows(command(&database, arguments)?.await?.collect_all().await?))
        }
        ("createCommandCursor", Entity::Database(database)) => {
            let cursor = CursorEntity(Some(command(&database, arguments)?.await?));
            Ok(Yield::Entity(Entity::Cursor(Arc::new(Mutex::new(cursor)))))
        }
        (name, Entity::Cursor(cursor)) => {
            arguments.finish()?;
            on(name, &mut *cursor.lock().await).await
        }
        _ => Err(unknown(call)),
    }
}

/// A command that opens a cursor, not sent yet.
fn command(database: &Database, arguments: &mut Arguments) -> Checked<RunCursorCommand> {
    // For languages that forget the order of keys.
    arguments.needed_text("commandName")?;
    let mut run = database.run_cursor_command(arguments.needed_document("command")?);
    apply!(arguments, run {
        "readPreference" => read_preference(read_preference), "batchSize" => batch_size(size),
        "maxTimeMS" => max_time(milliseconds), "comment" => comment(any),
    });
    if let Some(kind) = arguments.text("cursorType")? {
        run = run.cursor_type(match kind.as_str() {
            "nonTailable" => CursorType::NonTailable,
            "tailable" => CursorType::Tailable,
            "tailableAwait" => CursorType::TailableAwait,
            _ => return Err(Failure::Case(format!("there is no cursorType '{kind}'"))),
        });
    }
    if let Some(mode) = arguments.text("timeoutMode")? {
        run = run.timeout_mode(match mode.as_str() {
            "iteration" => TimeoutMode::Iteration,
            "cursorLifetime" => TimeoutMode::CursorLifetime,
            _ => return Err(Failure::Case(format!("there is no timeoutMode '{mode}'"))),
        });
    }
    arguments.finish()?;
    Ok(run)
}

async fn on(name: &str, entity: &mut CursorEntity) -> Checked<Yield> {
    if name == "close" {
        // Dropping it is closing it.
        entity.0 = None;
        return Ok(Yield::Nothing);
    }
    let Some(cursor) = &mut entity.0 else { return Err(Failure::Case("the cursor is closed".to_owned())) };
    let next = match name {
        "iterateOnce" => cursor.next_if_any().await?,
        _ => Some(cursor.try_next().await?.ok_or("the cursor has no more documents")?),
    };
    Ok(next.map_or(Yield::Nothing, |document| Yield::Value(Bson::Document(document))))
}
