//! One operation of a case: performed, and what came of it compared.

use bson::{Bson, Document};

use super::arguments::Arguments;
use super::entities::Entity;
use super::expect_error;
use super::failure::{Checked, Failure};
use super::operations;
use super::world::{World, text};

/// What a case asks for.
pub struct Call {
    pub name: String,
    pub object: String,
    pub arguments: Arguments,
}

/// What an operation came back with.
pub enum Yield {
    /// Nothing that the format knows of.
    Nothing,
    Value(Bson),
    /// The documents of a cursor.
    Rows(Vec<Document>),
    /// Something that lives on.
    Entity(Entity),
}

/// Performs operations one after the other, up to the first that does not do as expected.
pub async fn run_all(world: &World, operations: &[Bson]) -> Checked {
    for (index, operation) in operations.iter().filter_map(Bson::as_document).enumerate() {
        let place = || format!("operation {} ({})", index + 1, operation.get_str("name").unwrap_or_default());
        run(world, operation).await.map_err(|failure| failure.at(place()))?;
    }
    Ok(())
}

/// Performs one, and compares.
pub async fn run(world: &World, operation: &Document) -> Checked {
    let arguments = operation.get_document("arguments").cloned().unwrap_or_default();
    let (name, object) = (text(operation, "name")?.to_owned(), text(operation, "object")?.to_owned());
    let session = match arguments.get_str("session") {
        Ok(name) => Some(world.entities.session(name)?),
        Err(_) => None,
    };
    let mut call = Call { name, object, arguments: Arguments::new(arguments, session) };
    let performed = operations::perform(world, &mut call).await;
    let ignored = operation.get_bool("ignoreResultAndError").unwrap_or(false);
    match (performed, operation.get_document("expectError")) {
        (Ok(_) | Err(Failure::Driver(_)), _) if ignored => Ok(()),
        (Err(Failure::Driver(error)), Ok(expected)) => {
            let compared = expect_error::check(world, &call, expected, &error);
            compared.map_err(|reason| Failure::Case(format!("{reason}\nthe error was {error:?}")))
        }
        (Err(other), _) => Err(other),
        (Ok(_), Ok(expected)) => {
            Err(Failure::Case(format!("no error came, but one was expected: {expected}")))
        }
        (Ok(result), Err(_)) => {
            if let Some(expected) = operation.get("expectResult") {
                compare(world, expected, &result)?;
            }
            match operation.get_str("saveResultAsEntity") {
                Ok(name) => save(world, name, result),
                Err(_) => Ok(()),
            }
        }
    }
}

fn compare(world: &World, expected: &Bson, result: &Yield) -> Checked {
    let matcher = world.matcher();
    let compared = match result {
        Yield::Nothing => matcher.root(expected, None),
        Yield::Value(value) => matcher.root(expected, Some(value)),
        Yield::Rows(rows) => matcher.rows(expected, rows),
        Yield::Entity(entity) => Err(format!("a {} can't be compared", entity.kind())),
    };
    compared.map_err(|reason| Failure::Case(format!("the result differs: {reason}")))
}

fn save(world: &World, name: &str, result: Yield) -> Checked {
    let entity = match result {
        Yield::Nothing => return Err(Failure::Case(format!("there is no result to save as '{name}'"))),
        Yield::Value(value) => Entity::Value(value),
        Yield::Rows(rows) => Entity::Value(Bson::from(rows)),
        Yield::Entity(entity) => entity,
    };
    world.entities.add(name, entity)
}
