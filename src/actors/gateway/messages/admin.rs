//! Messages about databases, collections and indexes as such, and commands that no verb has a
//! message for.

use bson::Document;

use super::make::{argument, constructor, message, read_as, running};
use crate::collection::{self, IndexSpecification};
use crate::cursor::Cursor;
use crate::database::{self, CollectionSpecification, DatabaseSpecification};

message! {
    /// Runs a command on a database; see [`Database::run_command`](crate::Database::run_command).
    /// Its answer is the server's reply.
    impl Message for RunCommand<T = Document> {
        /// A command, whose first key is its name, on this database.
        new(database, command: document);
        "runCommand", database::RunCommand => T;
        |it, place| place.run_command(&it.command)
    }
}

message! {
    /// Runs a command that opens a cursor; see
    /// [`Database::run_cursor_command`](crate::Database::run_cursor_command).
    impl Message for RunCursorCommand<T = Document> {
        /// A command, whose first key is its name, on this database.
        new(database, command: document);
        "runCursorCommand", database::RunCursorCommand => Cursor<T>;
        |it, place| place.run_cursor_command(&it.command)
    }
}

message! {
    /// Lists databases; see [`Connection::list_databases`](crate::Connection::list_databases).
    impl Message for ListDatabases<T = DatabaseSpecification> {
        /// All of them.
        new(connection);
        "listDatabases", database::ListDatabases => Vec<T>;
        |it, place| database::ListDatabases::new(&place)
    }
}

message! {
    /// Lists the names of databases; see
    /// [`Connection::list_database_names`](crate::Connection::list_database_names).
    impl Message for ListDatabaseNames {
        /// All of them.
        new(connection);
        "listDatabases", database::ListDatabaseNames => Vec<String>;
        |it, place| database::ListDatabaseNames::new(&place)
    }
}

message! {
    /// Drops a database; see [`Database::drop`](crate::Database::drop).
    impl Message for DropDatabase {
        /// This database.
        new(database);
        "dropDatabase", database::DropDatabase => ();
        |it, place| place.drop()
    }
}

message! {
    /// Asks a server for its release; see
    /// [`Connection::server_info`](crate::Connection::server_info).
    impl Message for ServerInfo {
        /// One that the connection's read preference picks.
        new(connection);
        "buildInfo", database::BuildInfo => database::ServerInfo;
        |it, place| database::BuildInfo::new(&place)
    }
}

message! {
    /// Closes the connection's sockets, of which the next use opens new ones; see
    /// [`Connection::disconnect`](crate::Connection::disconnect).
    impl Message for Disconnect {
        /// All of them.
        new(connection);
        "disconnect", database::Disconnect => ();
        |it, place| database::Disconnect::new(&place)
    }
}

message! {
    /// Makes a collection, a view or a time series; see
    /// [`Database::create_collection`](crate::Database::create_collection).
    impl Message for CreateCollection {
        /// A collection of this name in this database.
        new(database, name: name);
        "create", database::CreateCollection => ();
        |it, place| place.create_collection(&it.name)
    }
}

message! {
    /// Lists collections; see [`Database::list_collections`](crate::Database::list_collections).
    impl Message for ListCollections<T = CollectionSpecification> {
        /// Those of this database.
        new(database);
        "listCollections", database::ListCollections => Cursor<T>;
        |it, place| place.list_collections()
    }
}

message! {
    /// Lists the names of collections; see
    /// [`Database::list_collection_names`](crate::Database::list_collection_names).
    impl Message for ListCollectionNames {
        /// Those of this database.
        new(database);
        "listCollections", database::ListCollectionNames => Vec<String>;
        |it, place| place.list_collection_names()
    }
}

message! {
    /// Drops a collection; see [`Collection::drop`](crate::Collection::drop).
    impl Message for DropCollection {
        /// This collection of this database.
        new(collection);
        "drop", collection::DropCollection => ();
        |it, place: Document| place.drop()
    }
}

message! {
    /// Gives a collection another name; see [`Collection::rename`](crate::Collection::rename).
    impl Message for Rename {
        /// This collection of this database, to be called `name`.
        new(collection, name: name);
        "renameCollection", collection::Rename => ();
        |it, place: Document| place.rename(&it.name)
    }
}

message! {
    /// Changes a collection's options, which [`with`](Self::with) sets; see
    /// [`Collection::modify`](crate::Collection::modify).
    impl Message for Modify {
        /// This collection of this database.
        new(collection);
        "collMod", collection::Modify => Document;
        |it, place: Document| place.modify()
    }
}

message! {
    /// Makes an index; see [`Collection::create_index`](crate::Collection::create_index).
    impl Message for CreateIndex {
        /// An index of these keys, or by a model, on this collection of this database.
        new(collection, model: index);
        "createIndexes", collection::CreateIndex => String;
        |it, place: Document| place.create_index(it.model.clone())
    }
}

message! {
    /// Makes indexes; see [`Collection::create_indexes`](crate::Collection::create_indexes).
    impl Message for CreateIndexes {
        /// Indexes on this collection of this database.
        new(collection, models: indexes);
        "createIndexes", collection::CreateIndexes => Vec<String>;
        |it, place: Document| place.create_indexes(std::mem::take(&mut it.models))
    }
}

message! {
    /// Drops an index; see [`Collection::drop_index`](crate::Collection::drop_index).
    impl Message for DropIndex {
        /// The index of this name, on this collection of this database.
        new(collection, name: name);
        "dropIndexes", collection::DropIndex => ();
        |it, place: Document| place.drop_index(&it.name)
    }
}

message! {
    /// Drops all indexes; see [`Collection::drop_indexes`](crate::Collection::drop_indexes).
    impl Message for DropIndexes {
        /// Those of this collection of this database.
        new(collection);
        "dropIndexes", collection::DropIndexes => ();
        |it, place: Document| place.drop_indexes()
    }
}

message! {
    /// Lists indexes; see [`Collection::list_indexes`](crate::Collection::list_indexes).
    impl Message for ListIndexes<T = IndexSpecification> {
        /// Those of this collection of this database.
        new(collection);
        "listIndexes", collection::ListIndexes => Cursor<T>;
        |it, place: Document| place.list_indexes()
    }
}

message! {
    /// Lists the names of indexes; see
    /// [`Collection::list_index_names`](crate::Collection::list_index_names).
    impl Message for ListIndexNames {
        /// Those of this collection of this database.
        new(collection);
        "listIndexes", collection::ListIndexNames => Vec<String>;
        |it, place: Document| place.list_index_names()
    }
}

message! {
    /// Has search indexes made; see
    /// [`Collection::create_search_indexes`](crate::Collection::create_search_indexes).
    impl Message for CreateSearchIndexes {
        /// Search indexes on this collection of this database.
        new(collection, models: search_indexes);
        "createSearchIndexes", collection::CreateSearchIndexes => Vec<String>;
        |it, place: Document| place.create_search_indexes(std::mem::take(&mut it.models))
    }
}

message! {
    /// Changes a search index; see
    /// [`Collection::update_search_index`](crate::Collection::update_search_index).
    impl Message for UpdateSearchIndex {
        /// The search index of this name, to have this definition.
        new(collection, name: name, definition: document);
        "updateSearchIndex", collection::UpdateSearchIndex => ();
        |it, place: Document| place.update_search_index(&it.name, &it.definition)
    }
}

message! {
    /// Drops a search index; see
    /// [`Collection::drop_search_index`](crate::Collection::drop_search_index).
    impl Message for DropSearchIndex {
        /// The search index of this name.
        new(collection, name: name);
        "dropSearchIndex", collection::DropSearchIndex => ();
        |it, place: Document| place.drop_search_index(&it.name)
    }
}

message! {
    /// Lists search indexes; see
    /// [`Collection::list_search_indexes`](crate::Collection::list_search_indexes).
    impl Message for ListSearchIndexes<T = Document> {
        /// Those of this collection of this database.
        new(collection);
        "aggregate", collection::Aggregate => Cursor<T>;
        |it, place: Document| place.list_search_indexes(None)
    }
}
