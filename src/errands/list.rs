//! Which errands are under way, which wait, and who still wants them. Knows neither threads
//! nor channels; [`Errands`](super::Errands) does what it says.

use std::collections::{BTreeMap, HashMap};
use std::hash::Hash;

/// Of each kind of errand (`K`) there is at most one, with what is to be done (`J`) and what
/// all who want it share (`S`).
#[derive(Debug)]
pub struct List<K, J, S> {
    most_workers: usize,
    most_waiting: usize,
    /// While there are fewer than the most, nothing waits.
    workers: usize,
    errands: HashMap<K, Errand<S>>,
    /// The oldest first.
    waiting: BTreeMap<u64, (K, J)>,
    turns: u64,
}

#[derive(Debug)]
struct Errand<S> {
    turn: u64,
    callers: usize,
    shared: S,
}

/// One caller's part in an errand, or a worker's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ticket<K> {
    key: K,
    /// Tells it from a later errand of the same key.
    turn: u64,
}

/// As many wait as may.
#[derive(Debug, PartialEq, Eq)]
pub struct Full;

impl<K: Clone + Eq + Hash, J, S: Clone> List<K, J, S> {
    /// So many under way at most, and so many more that wait.
    pub fn new(most_workers: usize, most_waiting: usize) -> Self {
        let (errands, waiting) = (HashMap::new(), BTreeMap::new());
        Self { most_workers, most_waiting, workers: 0, errands, waiting, turns: 0 }
    }

    /// One more caller wants an errand that is under way or waits; `None` if there is none.
    pub fn join(&mut self, key: &K) -> Option<(Ticket<K>, S)> {
        let errand = self.errands.get_mut(key)?;
        errand.callers += 1;
        Some((Ticket { key: key.clone(), turn: errand.turn }, errand.shared.clone()))
    }

    /// A new errand, for one caller; [`join`](Self::join) found none. With a job in the answer
    /// it counts as begun: a new worker has to do it, and ask [`next`](Self::next) afterwards.
    pub fn add(&mut self, key: &K, job: J, shared: S) -> Result<(Ticket<K>, Option<J>), Full> {
        let starts = self.workers < self.most_workers;
        if !starts && self.waiting.len() >= self.most_waiting {
            return Err(Full);
        }
        self.turns += 1;
        let turn = self.turns;
        self.errands.insert(key.clone(), Errand { turn, callers: 1, shared });
        let begun = if starts {
            self.workers += 1;
            Some(job)
        } else {
            self.waiting.insert(turn, (key.clone(), job));
            None
        };
        Ok((Ticket { key: key.clone(), turn }, begun))
    }

    /// A worker is done with one errand. Its next; without one it ends.
    pub fn next(&mut self, done: &Ticket<K>) -> Option<(Ticket<K>, J)> {
        self.forget(done);
        match self.waiting.pop_first() {
            Some((turn, (key, job))) => Some((Ticket { key, turn }, job)),
            None => {
                self.workers -= 1;
                None
            }
        }
    }

    /// The worker for a new errand could not be had.
    pub fn not_begun(&mut self, ticket: &Ticket<K>) {
        self.forget(ticket);
        self.workers -= 1;
    }

    /// A caller has its answer, or wants it no more. What nobody wants and has not begun is
    /// dropped; what has begun goes on, for whoever asks next.
    pub fn leave(&mut self, ticket: &Ticket<K>) {
        let Some(errand) = self.errands.get_mut(&ticket.key).filter(|it| it.turn == ticket.turn) else {
            return;
        };
        errand.callers -= 1;
        if errand.callers == 0 && self.waiting.remove(&ticket.turn).is_some() {
            self.errands.remove(&ticket.key);
        }
    }

    /// How many are under way, and how many wait.
    #[cfg(test)]
    pub fn counts(&self) -> (usize, usize) {
        assert_eq!(self.errands.len(), self.workers + self.waiting.len());
        (self.workers, self.waiting.len())
    }

    fn forget(&mut self, ticket: &Ticket<K>) {
        if self.errands.get(&ticket.key).is_some_and(|errand| errand.turn == ticket.turn) {
            self.errands.remove(&ticket.key);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    type Jobs = List<&'static str, u8, char>;

    fn add(list: &mut Jobs, key: &'static str, job: u8) -> (Ticket<&'static str>, Option<u8>) {
        assert!(list.join(&key).is_none());
        list.add(&key, job, 'x').unwrap()
    }

    #[test]
    fn so_many_begin_and_the_others_follow_in_turn() {
        let mut list = Jobs::new(2, 10);
        let (a, begun) = add(&mut list, "a", 1);
        assert_eq!(begun, Some(1));
        let (b, begun) = add(&mut list, "b", 2);
        assert_eq!(begun, Some(2));
        let (c, begun) = add(&mut list, "c", 3);
        assert_eq!(begun, None);
        let (d, _) = add(&mut list, "d", 4);
        assert_eq!(list.counts(), (2, 2));
        assert_eq!(list.next(&b), Some((c.clone(), 3)));
        assert_eq!(list.next(&a), Some((d.clone(), 4)));
        assert_eq!(list.next(&c), None);
        assert_eq!(list.next(&d), None);
        assert_eq!(list.counts(), (0, 0));
    }

    #[test]
    fn one_key_is_one_errand() {
        let mut list = Jobs::new(1, 10);
        let (a, _) = add(&mut list, "a", 1);
        assert_eq!(list.join(&"a"), Some((a.clone(), 'x')));
        let (b, _) = add(&mut list, "b", 2);
        assert_eq!(list.join(&"b"), Some((b.clone(), 'x')));
        assert_eq!(list.counts(), (1, 1));
        // One of the two still wants it.
        list.leave(&b);
        assert_eq!(list.next(&a), Some((b, 2)));
        assert!(list.join(&"a").is_none(), "it is done");
    }

    #[test]
    fn what_nobody_wants_does_not_begin_but_what_has_begun_goes_on() {
        let mut list = Jobs::new(1, 1);
        let (a, _) = add(&mut list, "a", 1);
        let (b, _) = add(&mut list, "b", 2);
        list.leave(&a);
        list.leave(&b);
        assert_eq!(list.counts(), (1, 0));
        assert_eq!(list.join(&"a"), Some((a.clone(), 'x')));
        assert_eq!(list.next(&a), None);
    }

    #[test]
    fn who_leaves_late_takes_nothing_from_the_next_errand_of_that_key() {
        let mut list = Jobs::new(1, 1);
        let (old, _) = add(&mut list, "a", 1);
        assert_eq!(list.next(&old), None);
        let (busy, _) = add(&mut list, "b", 2);
        let (new, _) = add(&mut list, "a", 3);
        list.leave(&old);
        assert_eq!(list.next(&busy), Some((new, 3)));
    }

    #[test]
    fn only_so_many_wait() {
        let mut list = Jobs::new(1, 1);
        add(&mut list, "a", 1);
        let (b, _) = add(&mut list, "b", 2);
        assert_eq!(list.add(&"c", 3, 'x'), Err(Full));
        assert_eq!(list.counts(), (1, 1));
        list.leave(&b);
        add(&mut list, "c", 3);
    }

    #[test]
    fn a_worker_that_can_t_be_had_leaves_its_place() {
        let mut list = Jobs::new(1, 1);
        let (a, _) = add(&mut list, "a", 1);
        list.not_begun(&a);
        assert_eq!(list.counts(), (0, 0));
        assert_eq!(add(&mut list, "a", 2).1, Some(2));
    }
}
