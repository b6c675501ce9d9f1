//! All operations that cases can ask for: one table, one file for each family.

pub mod bulk_writes;
mod clients;
mod collections;
mod commands;
mod counts;
mod crud_read;
mod crud_write;
mod cursors;
mod databases;
mod events;
mod fail_points;
mod find_and_modify;
mod indexes;
mod search_indexes;
mod server_state;
mod sessions;
mod threads;
mod topology;

use super::failure::{Checked, Failure};
use super::operation::{Call, Yield};
use super::world::World;

/// Who performs an operation.
#[derive(Clone, Copy)]
enum Family {
    BulkWrites,
    Clients,
    Collections,
    Commands,
    Counts,
    CrudRead,
    CrudWrite,
    Cursors,
    Databases,
    Events,
    FailPoints,
    FindAndModify,
    Indexes,
    SearchIndexes,
    ServerState,
    Sessions,
    Threads,
    Topology,
    /// The driver does not have it; what it is part of.
    NotBuilt(&'static str),
    /// It follows with this feature.
    Later(&'static str),
}

use Family::{Later, NotBuilt};

/// By the kind of the object that an operation is asked of. What is not here does not exist.
const TABLE: &[(&str, &[&str], Family)] = &[
    ("client", &["close"], Family::Clients),
    ("client", &["listDatabases", "listDatabaseNames", "listDatabaseObjects"], Family::Databases),
    ("client", &["dropDatabase"], Family::Databases),
    ("client", &["clientBulkWrite"], Family::BulkWrites),
    ("client", &["createChangeStream"], Later("change streams")),
    ("client", &["appendMetadata"], Family::Clients),
    ("database", &["aggregate"], Family::CrudRead),
    ("database", &["runCommand"], Family::Commands),
    ("database", &["runCursorCommand", "createCommandCursor"], Family::Cursors),
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
        Family::Collections,
    ),
    ("database", &["createChangeStream"], Later("change streams")),
    ("collection", &["find", "findOne", "aggregate"], Family::CrudRead),
    (
        "collection",
        &["insertOne", "insertMany", "updateOne", "updateMany", "replaceOne", "deleteOne", "deleteMany"],
        Family::CrudWrite,
    ),
    ("collection", &["findOneAndUpdate", "findOneAndReplace", "findOneAndDelete"], Family::FindAndModify),
    ("collection", &["countDocuments", "estimatedDocumentCount", "count", "distinct"], Family::Counts),
    // Removed from the specifications before this driver was written.
    ("collection", &["mapReduce"], NotBuilt("mapReduce")),
    ("collection", &["bulkWrite"], Family::BulkWrites),
    (
        "collection",
        &["createIndex", "dropIndex", "dropIndexes", "listIndexes", "listIndexNames"],
        Family::Indexes,
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
        Family::SearchIndexes,
    ),
    ("collection", &["rename"], Family::Collections),
    ("collection", &["createFindCursor"], Family::Cursors),
    ("collection", &["createChangeStream"], Later("change streams")),
    ("session", &["endSession", "getSnapshotTime"], Family::Sessions),
    (
        "session",
        &["startTransaction", "commitTransaction", "abortTransaction", "withTransaction"],
        Later("transactions"),
    ),
    (
        "testRunner",
        &["assertSessionTransactionState", "assertSessionPinned", "assertSessionUnpinned"],
        Later("transactions"),
    ),
    ("cursor", &["iterateUntilDocumentOrError", "iterateOnce", "close"], Family::Cursors),
    ("testRunner", &["failPoint"], Family::FailPoints),
    ("testRunner", &["targetedFailPoint"], Later("transactions")),
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
        ],
        Family::Sessions,
    ),
    (
        "testRunner",
        &["recordTopologyDescription", "assertTopologyType", "waitForPrimaryChange"],
        Family::Topology,
    ),
    ("testRunner", &["runOnThread", "waitForThread"], Family::Threads),
];

/// Performs it. An argument that nobody took is an error, before anything is sent.
pub async fn perform(world: &World, call: &mut Call) -> Checked<Yield> {
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
        (Later(feature), _) => Err(Failure::Later(feature)),
        (Family::Clients, entity) => clients::run(world, entity, call).await,
        (Family::Events, _) => events::run(world, call),
        (Family::Sessions, entity) => sessions::run(world, entity, call).await,
        (Family::Threads, _) => threads::run(world, call),
        (Family::Topology, _) => topology::run(world, call),
        (Family::FailPoints, _) => fail_points::run(world, call).await,
        (Family::ServerState, _) => server_state::run(world, call).await,
        (Family::Commands, Some(entity)) => commands::run(entity, call).await,
        (Family::BulkWrites, Some(entity)) => bulk_writes::run(entity, call).await,
        (Family::Databases, Some(entity)) => databases::run(entity, call).await,
        (Family::Collections, Some(entity)) => collections::run(entity, call).await,
        (Family::Indexes, Some(entity)) => indexes::run(entity, call).await,
        (Family::SearchIndexes, Some(entity)) => search_indexes::run(entity, call).await,
        (Family::Counts, Some(entity)) => counts::run(entity, call).await,
        (Family::FindAndModify, Some(entity)) => find_and_modify::run(entity, call).await,
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
