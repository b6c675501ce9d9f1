//! Connections of workers.

use super::Builder;

impl Builder {
    /// Says that each worker of an actix-web server, or each arbiter, makes a connection of its
    /// own on purpose. Default false: then the second such connection to the same servers within
    /// 30 seconds, while the first is alive, is told of by one warning to `tracing` (target
    /// `actix_mongo::runtime`). Each has sockets, monitors and threads of its own, and
    /// [`HttpServer::new`](https://docs.rs/actix-web/4/actix_web/struct.HttpServer.html#method.new)
    /// calls its closure once per worker; so what is made there is often made by mistake.
    ///
    /// Connections that [arbiters are lent to](Self::lend_arbiters), or that are made on other
    /// threads, are never counted.
    pub fn one_per_worker(self, on_purpose: bool) -> Self {
        self.set(move |options| options.one_per_worker = on_purpose)
    }
}
