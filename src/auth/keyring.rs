//! The keys of SCRAM that were derived so far. Deriving them is slow on purpose, so it is
//! done on threads of its own, once for all who wait, and the result is kept: a pool's
//! other sockets need no more than a look (auth specification, "Caching credentials in SCRAM").

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use super::credential::Identity;
use super::scram::{KeyRequest, Keys};
use crate::errands::{Errands, Failure};

/// Kept at most. A deployment has one salt for a user and mechanism; whoever answers may make
/// up as many as it likes.
const MOST: usize = 8;
/// Derived at the same time at most, for the same reason. A second one, so that one server
/// that asks for a slow one alone holds up none of the others.
const MOST_AT_ONCE: usize = 2;
/// How many more may wait for that.
const MOST_WAITING: usize = 16;

/// The keys of one credential, so password and user are the same for all of them.
#[derive(Debug)]
pub struct Keyring {
    known: Arc<Known>,
    deriving: Errands<KeyRequest, Arc<Keys>>,
}

#[derive(Debug, Default)]
struct Known(Mutex<VecDeque<(KeyRequest, Arc<Keys>)>>);

impl Default for Keyring {
    fn default() -> Self {
        let deriving = Errands::new("actix-mongo-auth", MOST_AT_ONCE, MOST_WAITING);
        Self { known: Arc::default(), deriving }
    }
}

impl Keyring {
    /// The keys, derived if nobody has asked for them before. A sentence says why they can't
    /// be had.
    ///
    /// Cancel safety: dropped while it waits, what was begun goes on, for whoever asks next;
    /// what was not is dropped with the last one who waits for it.
    pub async fn keys(&self, request: &KeyRequest, identity: &Identity) -> Result<Arc<Keys>, String> {
        if let Some(keys) = self.known.get(request) {
            return Ok(keys);
        }
        let prepared = request.hash.prepare(identity)?;
        let (known, asked) = (self.known.clone(), request.clone());
        let derive = move || {
            // Another may have come to its end between the look above and this one's begin.
            known.get(&asked).unwrap_or_else(|| {
                let keys = Arc::new(asked.derive(&prepared));
                known.put(asked, keys.clone());
                keys
            })
        };
        self.deriving.run(request.clone(), derive).await.map_err(|failure| match failure {
            Failure::Full => "the password is being hashed with too many other salts; the servers of a \
                deployment have one for a user"
                .to_owned(),
            Failure::NoThread(error) => {
                format!("no thread could be started to hash the password: {error}")
            }
            Failure::Died => "the password could not be hashed".to_owned(),
        })
    }
}

impl Known {
    fn get(&self, request: &KeyRequest) -> Option<Arc<Keys>> {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.iter().find(|(asked, _)| asked == request).map(|(_, keys)| keys.clone())
    }

    fn put(&self, request: KeyRequest, keys: Arc<Keys>) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() == MOST {
            known.pop_front();
        }
        known.push_back((request, keys));
    }
}

#[cfg(test)]
mod tests;
