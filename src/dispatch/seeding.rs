//! Waits for the servers that DNS tells of.

use std::time::Instant;

use super::shared::{Core, closed};
use crate::error::{Error, Kind, Result};
use crate::race::{Either, race};

impl Core {
    /// Waits until DNS has told of servers. Fails if it did not, or not until `deadline`.
    ///
    /// Cancel safety: nothing is held while it waits.
    pub async fn until_seeded(&self, deadline: Instant) -> Result<()> {
        let begun = Instant::now();
        let mut changes = self.snapshots.clone();
        let mut alarm = self.alarms.wake_at(deadline);
        loop {
            let picture = changes.borrow_and_update().clone();
            if let Some(error) = picture.closed.as_ref().or(picture.seeding.as_ref()) {
                return Err(error.clone());
            }
            if !picture.topology.servers.is_empty() {
                return Ok(());
            }
            match race(Box::pin(changes.changed()), &mut alarm).await {
                Either::Left(Ok(())) => {}
                Either::Left(Err(_)) => return Err(self.snapshot().err().unwrap_or_else(closed)),
                Either::Right(_) => {
                    let took = begun.elapsed().as_millis();
                    let sentence = format!(
                        "DNS did not tell of the servers in time (it took {took} ms so far); check the host of the \
                         connection string and this machine's DNS"
                    );
                    return Err(Error::new(Kind::ConnectionFailure, sentence).network());
                }
            }
        }
    }
}
