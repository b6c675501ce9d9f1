//! Databases as a whole, by the connection: which there are, and the end of one. And what the
//! server says of itself. The calls themselves live with the database's.

use super::Connection;
use crate::database::{BuildInfo, DatabaseName, DropDatabase, ListDatabaseNames, ListDatabases};

impl<D> Connection<D> {
    /// All databases with what they hold. Asks the primary, whatever the handle prefers.
    ///
    /// ```no_run
    /// # use actix_mongo::bson::doc;
    /// # async fn example(connection: actix_mongo::Connection) -> actix_mongo::Result<()> {
    /// let large = doc! { "sizeOnDisk": { "$gt": 1 << 30 } };
    /// for database in connection.list_databases().filter(large).await? {
    ///     println!("{}: {} bytes", database.name, database.size_on_disk);
    /// }
    /// # Ok(()) }
    /// ```
    pub fn list_databases(&self) -> ListDatabases {
        ListDatabases::new(&self.handle)
    }

    /// The names of all databases. Asks the primary, whatever the handle prefers.
    pub fn list_database_names(&self) -> ListDatabaseNames {
        ListDatabaseNames::new(&self.handle)
    }

    /// The same as [`list_database_names`](Self::list_database_names), by its older name.
    pub fn database_names(&self) -> ListDatabaseNames {
        self.list_database_names()
    }

    /// Drops a database with all that is in it: by its name, or by a handle, of which the name
    /// alone counts. The session, timeout and write concern are those of this connection's
    /// handle, unless the call itself has others. One that does not exist is dropped as well.
    ///
    /// The call fails with [`Kind::InvalidName`](crate::Kind::InvalidName), and sends nothing, if
    /// no database can have this name; and with what the server answers, such as
    /// [`Kind::Command`](crate::Kind::Command) for those that can't be dropped (`admin`, `config`
    /// and `local` on most). It is never sent twice.
    ///
    /// ```no_run
    /// # async fn example(connection: actix_mongo::Connection) -> actix_mongo::Result<()> {
    /// connection.drop_database("hotel").await?;
    /// let old = connection.database("hotel_of_last_year")?;
    /// connection.drop_database(&old).await?;
    /// # Ok(()) }
    /// ```
    pub fn drop_database(&self, database: impl DatabaseName) -> DropDatabase {
        DropDatabase::named(&self.handle, database)
    }

    /// Which release the server is, and what it was built with (the command `buildInfo`). Asks
    /// one that the handle's read preference picks; what all servers together can be asked is in
    /// the properties, such as [`max_wire_version`](Self::max_wire_version), which ask nobody.
    ///
    /// Repeated as a read is, after errors that may pass. A reply without a version is
    /// [`Kind::Decode`](crate::Kind::Decode).
    ///
    /// ```no_run
    /// # async fn example(connection: actix_mongo::Connection) -> actix_mongo::Result<()> {
    /// let server = connection.server_info().await?;
    /// if server.version_array.as_slice() < &[8, 0][..] {
    ///     println!("{} is too old", server.version);
    /// }
    /// # Ok(()) }
    /// ```
    pub fn server_info(&self) -> BuildInfo {
        BuildInfo::new(&self.handle)
    }
}
