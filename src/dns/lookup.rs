//! The look-ups behind `mongodb+srv://`, under their limit of time.

use std::io;
use std::time::{Duration, Instant};

use super::resolver::Resolver;
use super::seed_list::{SeedList, SrvName};
use super::txt::default_options;
use crate::error::{Error, Kind, Result};

/// Whose records are looked up, and how.
#[derive(Clone, Debug)]
pub struct SrvLookup {
    /// Whose.
    pub name: SrvName,
    /// Who is asked.
    pub resolver: Resolver,
    /// How long one look-up may take (`connectTimeoutMS`); `None` is no limit.
    pub limit: Option<Duration>,
}

impl SrvLookup {
    /// The hosts to begin with, in random order, so that of more than there may be the first
    /// ones can be taken; and the options of a TXT record, written as in a connection string.
    /// Both are asked for at once.
    pub async fn first(&self) -> Result<(SeedList, Option<String>)> {
        let (query, host) = (self.name.query(), self.name.host());
        let asked = Instant::now();
        let (srv, txt) = self.within(asked, self.resolver.records(&query, host)).await?;
        let srv = srv.map_err(|error| failed("SRV", &query, asked, error))?;
        let txt = txt.map_err(|error| failed("TXT", host, asked, error))?;
        let mut list = self.name.seeds(srv)?;
        fastrand::shuffle(&mut list.hosts);
        Ok((list, default_options(host, txt)?))
    }

    /// The hosts as they are now, in random order. Those that may not be connected to are left
    /// out, and told to logs.
    pub async fn later(&self) -> Result<SeedList> {
        let query = self.name.query();
        let asked = Instant::now();
        let srv = self.within(asked, self.resolver.srv(&query)).await?;
        let mut list = self.name.hosts(srv.map_err(|error| failed("SRV", &query, asked, error))?)?;
        for stranger in &list.strangers {
            tracing::warn!(target: "actix_mongo::topology", "{stranger}");
        }
        fastrand::shuffle(&mut list.hosts);
        Ok(list)
    }

    async fn within<T>(&self, asked: Instant, lookup: impl Future<Output = T>) -> Result<T> {
        let Some(limit) = self.limit else { return Ok(lookup.await) };
        tokio::time::timeout(limit, lookup).await.map_err(|_| {
            let sentence = format!("no answer within connectTimeoutMS ({} ms)", limit.as_millis());
            let error = io::Error::new(io::ErrorKind::TimedOut, sentence);
            failed("SRV and TXT", &self.name.query(), asked, error)
        })
    }
}

fn failed(what: &str, name: &str, asked: Instant, error: io::Error) -> Error {
    let took = asked.elapsed().as_millis();
    let sentence = format!(
        "the {what} records of {name:?} could not be looked up (DNS took {took} ms): {error}; check the host of \
         the connection string and this machine's DNS"
    );
    Error::new(Kind::ConnectionFailure, sentence).network().with_source(error)
}
