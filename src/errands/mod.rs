//! Work that blocks and can't be broken off, on a few threads: once for all who want the same,
//! never more than so many at a time, the others in turn. `auth` derives keys this way, `dns`
//! asks the system. The threads end when there is nothing to do; nobody ever joins one.

mod list;
#[cfg(test)]
mod tests;

use std::fmt;
use std::hash::Hash;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;

use tokio::sync::watch;

use self::list::{Full, List, Ticket};

/// See the module.
pub struct Errands<K: Clone + Eq + Hash, V> {
    thread_name: &'static str,
    list: Shared<K, V>,
}

type Shared<K, V> = Arc<Mutex<List<K, Job<V>, Coming<V>>>>;

/// `None` while it is under way.
type Coming<V> = watch::Receiver<Option<V>>;

struct Job<V> {
    work: Box<dyn FnOnce() -> V + Send>,
    told: watch::Sender<Option<V>>,
}

/// Why there is no outcome.
#[derive(Debug)]
pub enum Failure {
    /// Too many others wait.
    Full,
    /// The system gives no thread.
    NoThread(io::Error),
    /// The work panicked.
    Died,
}

impl<K, V> Errands<K, V>
where
    K: Clone + Eq + Hash + Send + 'static,
    V: Clone + Send + Sync + 'static,
{
    /// On so many threads of this name at most; so many more errands may wait for them.
    pub fn new(thread_name: &'static str, most_threads: usize, most_waiting: usize) -> Self {
        Self { thread_name, list: Arc::new(Mutex::new(List::new(most_threads, most_waiting))) }
    }

    /// The outcome of this work, or of the same (by its key) that another has begun.
    ///
    /// Cancel safety: dropped while it waits, what was begun goes on, for whoever asks next;
    /// what was not is dropped with the last one who wants it.
    pub async fn run(&self, key: K, work: impl FnOnce() -> V + Send + 'static) -> Result<V, Failure> {
        let (_place, mut coming) = self.begin(&key, work)?;
        let outcome = coming.wait_for(Option::is_some).await.map(|outcome| outcome.clone());
        outcome.ok().flatten().ok_or(Failure::Died)
    }

    fn begin(
        &self,
        key: &K,
        work: impl FnOnce() -> V + Send + 'static,
    ) -> Result<(Place<K, V>, Coming<V>), Failure> {
        let place = |ticket| Place { list: self.list.clone(), ticket };
        let mut list = lock(&self.list);
        if let Some((ticket, coming)) = list.join(key) {
            return Ok((place(ticket), coming));
        }
        let (told, coming) = watch::channel(None);
        let job = Job { work: Box::new(work), told };
        let (ticket, begun) = list.add(key, job, coming.clone()).map_err(|Full| Failure::Full)?;
        if let Some(job) = begun {
            let (shared, own) = (self.list.clone(), ticket.clone());
            let thread = thread::Builder::new().name(self.thread_name.to_owned());
            if let Err(error) = thread.spawn(move || serve(&shared, own, job)) {
                list.not_begun(&ticket);
                return Err(Failure::NoThread(error));
            }
        }
        Ok((place(ticket), coming))
    }

    /// How many are under way, and how many wait.
    #[cfg(test)]
    pub fn counts(&self) -> (usize, usize) {
        lock(&self.list).counts()
    }
}

/// A worker: this one, and then what waits.
fn serve<K: Clone + Eq + Hash, V: Clone>(list: &Shared<K, V>, mut ticket: Ticket<K>, mut job: Job<V>) {
    loop {
        let Job { work, told } = job;
        if let Ok(outcome) = catch_unwind(AssertUnwindSafe(work)) {
            told.send_replace(Some(outcome));
        }
        let next = lock(list).next(&ticket);
        // After a panic those who wait learn of it now, when asking again begins anew.
        drop(told);
        match next {
            Some(next) => (ticket, job) = next,
            None => return,
        }
    }
}

/// One who waits.
struct Place<K: Clone + Eq + Hash, V> {
    list: Shared<K, V>,
    ticket: Ticket<K>,
}

impl<K: Clone + Eq + Hash, V> Drop for Place<K, V> {
    fn drop(&mut self) {
        lock(&self.list).leave(&self.ticket);
    }
}

impl<K: Clone + Eq + Hash, V> fmt::Debug for Errands<K, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Errands").field(&self.thread_name).finish()
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
