//! All operations that cases can ask for: one table, one file for each family.

mod clients;
mod commands;
mod crud_read;
mod crud_write;
mod cursors;
mod events;
mod fail_points;
mod server_state;

use super::failure::{Checked, Failure};
use super::operation::{Call, Yield};
use super::world::World;

/// Who performs an operation.
#[derive(Clone, Copy)]
enum Family {
    Clients,
    Commands,
    CrudRead,
    CrudWrite,
    Cursors,
    Events,
    FailPoints,
    ServerState,
    /// The driver does not have it yet; what it is part of.
    NotBuilt(&'static str),
}

use Family::NotBuilt;

/// By the kind of the object that an operation is asked of. What is not here does not exist.
const TABLE: &[(&str, &[&str], Family)] = &[
    ("client", &["close"], Family::Clients),
    ("client", &["listDatabases", "listDatabaseNames", "listDatabaseObjects"], NotBuilt("listing databases")),
    ("client", &["dropDatabase"], NotBuilt("dropping a database")),
    ("client", &["clientBulkWrite"], NotBuilt("bulk writes of the client")),
    ("client", &["createChangeStream"], NotBuilt("change streams")),
    ("client", &["appendMetadata"], NotBuilt("metadata that is added later")),
    ("database", &["aggregate"], Family::CrudRead),
    ("database", &["runCommand"], Family::Commands),
    ("database", &["runCursorCommand", "createCommandCursor"], NotBuilt("cursors of commands")),
    (
        "database",
        &[
            "createCollection",
            "dropCollection",
            "modifyCollection",
            "listCollections",
            "listCollectionNames",
            "listCollectionObjects",
        ],
        NotBuilt("managing collections"),
    ),
    ("database", &["createChangeStream"], NotBuilt("change streams")),
    ("collection", &["find", "findOne", "aggregate"], Family::CrudRead),
    ("collection", &["insertOne", "insertMany", "updateOne", "deleteOne"], Family::CrudWrite),
    ("collection", &["updateMany", "replaceOne", "deleteMany"], NotBuilt("more verbs that write")),
    (
        "collection",
        &["findOneAndUpdate", "findOneAndReplace", "findOneAndDelete"],
        NotBuilt("verbs that find and change"),
    ),
    ("collection", &["countDocuments", "estimatedDocumentCount", "distinct"], NotBuilt("verbs that count")),
    // Removed from the specifications before this driver was written.
    ("collection", &["count", "mapReduce"], NotBuilt("helpers of the past")),
    ("collection", &["bulkWrite"], NotBuilt("bulk writes")),
    (
        "collection",
        &["createIndex", "dropIndex", "dropIndexes", "listIndexes", "listIndexNames"],
        NotBuilt("managing indexes"),
    ),
    (
        "collection",
        &[
            "createSearchIndex",
            "createSearchIndexes",
            "dropSearchIndex",
            "listSearchIndexes",
            "updateSearchIndex",
        ],
        NotBuilt("managing search indexes"),
    ),
    ("collection", &["rename"], NotBuilt("renaming a collection")),
    ("collection", &["createFindCursor"], Family::Cursors),
    ("collection", &["createChangeStream"], NotBuilt("change streams")),
    ("cursor", &["iterateUntilDocumentOrError", "iterateOnce", "close"], Family::Cursors),
    ("testRunner", &["failPoint"], Family::FailPoints),
    ("testRunner", &["targetedFailPoint"], NotBuilt("sessions that are pinned")),
    ("testRunner", &["createEntities"], Family::Clients),
    (
        "testRunner",
        &["waitForEvent", "assertEventCount", "assertNumberConnectionsCheckedOut"],
        Family::Events,
    ),
    (
        "testRunner",
        &[
            "assertCollectionExists",
            "assertCollectionNotExists",
            "assertIndexExists",
            "assertIndexNotExists",
            "wait",
        ],
        Family::ServerState,
    ),
    (
        "testRunner",
        &[
            "assertSameLsidOnLastTwoCommands",
            "assertDifferentLsidOnLastTwoCommands",
            "assertSessionDirty",
            "assertSessionNotDirty",
            "assertSessionTransactionState",
            "assertSessionPinned",
            "assertSessionUnpinned",
        ],
        NotBuilt("explicit sessions"),
    ),
    (
        "testRunner",
        &["recordTopologyDescription", "assertTopologyType", "waitForPrimaryChange"],
        NotBuilt("descriptions of the topology"),
    ),
    ("testRunner", &["runOnThread", "waitForThread"], NotBuilt("threads of a case")),
];

/// Performs it. An argument that nobody took is an error, before anything is sent.
pub async fn perform(world: &World<'_>, call: &mut Call) -> Checked<Yield> {
    let entity = match call.object.as_str() {
        "testRunner" => None,
        name => Some(world.entities.get(name)?),
    };
    let kind = entity.as_ref().map_or("testRunner", |entity| entity.kind());
    let row = TABLE.iter().find(|(of, names, _)| *of == kind && names.contains(&call.name.as_str()));
    let Some((.., family)) = row else {
        return Err(Failure::Case(format!("there is no operation {} of a {kind}", call.name)));
    };
    match (family, entity) {
        (NotBuilt(what), _) => Err(Failure::NotBuilt((*what).to_owned())),
        (Family::Clients, entity) => clients::run(world, entity, call).await,
        (Family::Events, _) => events::run(world, call),
        (Family::FailPoints, _) => fail_points::run(world, call).await,
        (Family::ServerState, _) => server_state::run(world, call).await,
        (Family::Commands, Some(entity)) => commands::run(entity, call).await,
        (Family::CrudRead, Some(entity)) => crud_read::run(entity, call).await,
        (Family::CrudWrite, Some(entity)) => crud_write::run(entity, call).await,
        (Family::Cursors, Some(entity)) => cursors::run(entity, call).await,
        (_, None) => Err(Failure::Case(format!("{} has no object", call.name))),
    }
}

/// For families whose rows in the table and whose code have come apart.
fn unknown(call: &Call) -> Failure {
    Failure::Case(format!("the runner has no code for {}", call.name))
}
