//! The keys of SCRAM that were derived so far. Deriving them is slow on purpose, so it is
//! done on a thread of its own, once for all who wait, and the result is kept: a pool's
//! other sockets need no more than a look (auth specification, "Caching credentials in SCRAM").

use std::collections::VecDeque;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;

use tokio::sync::watch;
use zeroize::Zeroizing;

use super::credential::Identity;
use super::scram::{KeyRequest, Keys};

/// Kept at most. A deployment has one salt for a user and mechanism; whoever answers may make
/// up as many as it likes.
const MOST: usize = 8;

/// The keys of one credential, so password and user are the same for all of them.
#[derive(Debug, Default)]
pub struct Keyring {
    known: Mutex<VecDeque<Known>>,
}

#[derive(Debug)]
struct Known {
    request: KeyRequest,
    /// `None` while they are being derived.
    keys: watch::Receiver<Option<Arc<Keys>>>,
}

impl Keyring {
    /// The keys, derived if nobody has asked for them before. A sentence says why they can't
    /// be had.
    ///
    /// Cancel safety: dropped while it waits, what was begun goes on, for whoever asks next.
    pub async fn keys(&self, request: &KeyRequest, identity: &Identity) -> Result<Arc<Keys>, String> {
        let mut coming = self.coming(request, identity)?;
        let keys = coming.wait_for(Option::is_some).await.map(|keys| keys.clone());
        match keys {
            Ok(Some(keys)) => Ok(keys),
            // The thread has panicked.
            Ok(None) | Err(_) => {
                self.lock().retain(|known| known.request != *request);
                Err("the password could not be hashed".to_owned())
            }
        }
    }

    fn coming(
        &self,
        request: &KeyRequest,
        identity: &Identity,
    ) -> Result<watch::Receiver<Option<Arc<Keys>>>, String> {
        let mut known = self.lock();
        if let Some(found) = known.iter().find(|known| known.request == *request) {
            return Ok(found.keys.clone());
        }
        let prepared = request.hash.prepare(identity)?;
        let (sender, keys) = watch::channel(None);
        derive(request.clone(), prepared, sender)
            .map_err(|error| format!("no thread could be started to hash the password: {error}"))?;
        if known.len() == MOST {
            known.pop_front();
        }
        known.push_back(Known { request: request.clone(), keys: keys.clone() });
        Ok(keys)
    }

    fn lock(&self) -> MutexGuard<'_, VecDeque<Known>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// On a thread that nobody joins: it ends within seconds, however slow the server wants it.
fn derive(
    request: KeyRequest,
    prepared: Zeroizing<String>,
    keys: watch::Sender<Option<Arc<Keys>>>,
) -> io::Result<()> {
    let work = move || {
        keys.send_replace(Some(Arc::new(request.derive(&prepared))));
    };
    thread::Builder::new().name("actix-mongo-auth".to_owned()).spawn(work).map(drop)
}

#[cfg(test)]
mod tests;
