//! What travels compressed.

use super::Builder;
use crate::wire::Compressor;

impl<D> Builder<D> {
    /// Offers servers to compress what travels, with one of these, the preferred one first
    /// (`compressors`; default: none). Each needs the crate's feature of its name.
    ///
    /// Requests to a server are compressed with the first of them that it has, and replies may
    /// come with any of them. A server that has none of them is spoken to without. Commands
    /// that carry secrets (those of authentication, and `createUser` and its like) never are
    /// compressed. Events, logs and sizes that are limited (documents, messages, bytes that
    /// wait) are those without compression.
    ///
    /// A message of some size (snappy 256 KiB, zstd 128 KiB, zlib 16 KiB) is compressed on its
    /// caller's own thread, which takes a socket for itself meanwhile; a smaller one on the
    /// thread of its socket, where replies are inflated, too. See `docs/compression.md`.
    ///
    /// One whose feature is off is the error of connecting
    /// ([`Kind::Unsupported`](crate::Kind::Unsupported)). In a connection string it is left out
    /// with a warning through `tracing`.
    ///
    /// ```no_run
    /// # fn example() -> actix_mongo::Result<()> {
    /// use actix_mongo::{Compressor, Connection};
    ///
    /// let builder = Connection::builder().compressors([Compressor::Zstd, Compressor::Snappy]);
    /// # Ok(()) }
    /// ```
    pub fn compressors(self, compressors: impl IntoIterator<Item = Compressor>) -> Self {
        let compressors: Vec<_> = compressors.into_iter().collect();
        self.set(move |options| options.compressors.clone_from(&compressors))
    }

    /// How hard zlib tries, from 0 (not at all), 1 (fastest) to 9 (smallest)
    /// (`zlibCompressionLevel`; default -1, its usual level, which is 6). It means nothing to
    /// other compressors, and nothing for replies. Outside of -1 to 9 it is the error of
    /// connecting.
    pub fn zlib_compression_level(self, level: i32) -> Self {
        self.set(move |options| options.pool.zlib_level = level)
    }
}
