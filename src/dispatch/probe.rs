//! Asks servers whether they answer, beside all pools.

use std::time::Instant;

use tokio::sync::mpsc;

use super::shared::Core;
use crate::actors::supervisor::Ask;
use crate::error::{Error, Kind, Result};
use crate::topology::{Criteria, ServerAddress, selection};

impl Core {
    /// Waits for servers that suit, and for the answer of one of them, until then.
    ///
    /// Cancel safety: nothing is held while it waits; a question that nobody waits for any
    /// more is dropped at its time.
    pub async fn probe(&self, target: &Criteria, until: Instant) -> Result<()> {
        let snapshot = self.select(target, 0, &[], until, false, None).await?.snapshot;
        let heartbeat = self.options.heartbeat_frequency;
        let suitable = selection::suitable(&snapshot.topology, target, &[], heartbeat)?;
        let servers: Vec<ServerAddress> = suitable.into_iter().map(|server| server.address.clone()).collect();
        let late = || {
            let names: Vec<String> = servers.iter().map(ToString::to_string).collect();
            Error::new(Kind::Timeout, format!("in the time given, no answer came from {}", names.join(", ")))
        };
        let (answer, mut answers) = mpsc::channel(servers.len().max(1));
        self.supervisor.do_send(Ask { servers: servers.clone(), until, answer });
        let first_good = async {
            let mut last = None;
            // Over when each of them has said no, or is gone.
            while let Some(answer) = answers.recv().await {
                match answer {
                    Ok(()) => return Ok(()),
                    Err(error) => last = Some(error),
                }
            }
            Err(last)
        };
        match self.within(until, first_good, late).await? {
            Ok(()) => Ok(()),
            // Nobody said anything: a monitor has just ended, with its server or with all.
            Err(None) => Err(self.snapshot().err().unwrap_or_else(late)),
            Err(Some(error)) => Err(error),
        }
    }
}
