//! Services behind a load balancer: a clear of one leaves the others alone.

use bson::oid::ObjectId;

use super::*;
use crate::error::Kind;

const A: ObjectId = ObjectId::from_bytes([1; 12]);
const B: ObjectId = ObjectId::from_bytes([2; 12]);

impl Fixture {
    /// A socket whose hello came from this service, before it is in the pool.
    fn coming_from(&mut self, service: ObjectId) -> Arc<Slot> {
        let opening = self.pool.begin_open().expect("a socket is wanted");
        let (sender, mailbox) = channel::<Still>(16);
        self.mailboxes.push(mailbox);
        let address = Addr::new(sender);
        let slot =
            Slot::new(opening.id, opening.generation, address.clone().recipient(), address.recipient());
        Arc::new(slot.with_service(Some(self.pool.join(service))))
    }

    fn opened(&self, slot: &Arc<Slot>) -> Next {
        self.pool.opened(Arc::clone(slot), Limits::default(), self.now)
    }

    fn request(&mut self) -> Entry {
        let (entry, answer) = run();
        self.answers.push(answer);
        entry
    }

    /// A socket to this service, with a request in flight.
    fn busy_at(&mut self, service: ObjectId) -> Arc<Slot> {
        let entry = self.request();
        self.queue(entry);
        let slot = self.coming_from(service);
        assert!(matches!(self.opened(&slot), Next::Run(_)), "the request that waits");
        slot
    }
}

/// All in one generation of the pool, which goes on serving.
#[test]
fn a_clear_of_one_service_takes_the_sockets_to_it_and_no_others() {
    let mut fixture = Fixture::of_size(3);
    let [idle, busy, other] = [A, A, B].map(|service| fixture.busy_at(service));
    assert!(matches!(fixture.release(&idle), Next::Idle));
    assert!(matches!(fixture.release(&other), Next::Idle));

    let taken = fixture.pool.clear_service(A);
    assert_eq!(taken.iter().map(|slot| slot.id).collect::<Vec<_>>(), [idle.id]);
    let stats = fixture.pool.stats();
    assert_eq!((stats.state, stats.generation, stats.total, stats.idle), ("ready", 0, 2, 1));
    assert_eq!(fixture.pool.present(busy.origin()), 1);
    assert_eq!(fixture.pool.present(other.origin()), 0);
    assert_eq!(fixture.pool.close_reason(busy.origin()), ConnectionClosedReason::Stale);
    assert_eq!(fixture.pool.close_reason(other.origin()), ConnectionClosedReason::Error);

    assert!(matches!(fixture.release(&busy), Next::Retire));
    let entry = fixture.request();
    let Claim::Taken(slot, _) = fixture.claim(entry) else { panic!("the other is idle") };
    assert_eq!(slot.id, other.id);
    assert!(matches!(fixture.release(&slot), Next::Idle));
}

#[test]
fn a_clear_of_one_service_fails_nobody_who_waits() {
    let mut fixture = Fixture::of_size(1);
    let busy = fixture.busy_at(A);
    let (entry, mut answer) = run();
    fixture.queue(entry);
    assert!(fixture.pool.clear_service(A).is_empty(), "it is in use");
    assert_eq!(fixture.pool.stats().queued, 1);
    assert!(answer.try_recv().is_err());
    // It goes to a new socket, not to the stale one.
    assert!(matches!(fixture.release(&busy), Next::Retire));
    let fresh = fixture.coming_from(A);
    assert_eq!(fresh.origin().number(), 1);
    assert!(matches!(fixture.opened(&fresh), Next::Run(_)));
}

#[test]
fn a_socket_whose_service_was_cleared_behind_its_hello_is_not_used() {
    let mut fixture = Fixture::of_size(1);
    let entry = fixture.request();
    fixture.queue(entry);
    let late = fixture.coming_from(A);
    fixture.pool.clear_service(A);
    assert!(matches!(fixture.opened(&late), Next::Retire));
    assert_eq!((fixture.pool.stats().total, fixture.pool.stats().queued), (0, 1));
    assert!(fixture.pool.begin_open().is_some(), "another one is wanted");
}

#[test]
fn a_shared_socket_of_a_service_that_was_cleared_gets_nothing_more() {
    let mut fixture = Fixture::new(PoolOptions { max_size: 1, pipeline_depth: 3, ..PoolOptions::default() });
    let slot = fixture.busy_at(A);
    let entry = fixture.request();
    assert!(matches!(fixture.claim(entry), Claim::Taken(..)));
    fixture.pool.clear_service(A);
    let entry = fixture.request();
    fixture.queue(entry);
    assert!(fixture.pool.more().is_none());
    assert!(matches!(fixture.release(&slot), Next::Idle), "one is still in flight");
    assert!(matches!(fixture.release(&slot), Next::Retire));
}

#[test]
fn a_service_is_known_as_long_as_its_sockets_are() {
    let mut fixture = Fixture::of_size(2);
    let [first, second] = [A, A].map(|service| fixture.busy_at(service));
    assert_eq!(fixture.pool.stats().services[0].sockets, 2);
    fixture.pool.clear_service(A);
    for slot in [&first, &second] {
        fixture.pool.closed(slot.id);
        // What it has to tell is not heard yet, so it is of an old generation still.
        assert_eq!((slot.origin().number(), fixture.pool.present(slot.origin())), (0, 1));
        fixture.pool.part(slot.origin().service.expect("it joined one"));
    }
    assert!(fixture.pool.stats().services.is_empty());
    assert!(fixture.pool.clear_service(A).is_empty());
}

#[test]
fn a_pool_that_closes_clears_no_service() {
    let mut fixture = Fixture::of_size(1);
    let busy = fixture.busy_at(A);
    fixture.pool.refuse(Error::new(Kind::Closed, "bye"));
    assert!(fixture.pool.clear_service(A).is_empty());
    assert_eq!(fixture.pool.present(busy.origin()), 0);
}
