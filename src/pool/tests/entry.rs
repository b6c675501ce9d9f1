//! Every entry answers exactly once, and says whether bytes may have left.

use super::*;
use crate::error::Kind;
use crate::session::{ServerSession, ServerSessions};

fn session() -> ServerSession {
    ServerSessions::default().take(Instant::now(), None)
}

/// A request with a session, written or not.
fn held(written: bool) -> (Box<Run>, oneshot::Receiver<Outcome>) {
    let (mut run, answer) = Run::new(FrameBuilder::new(8).finish());
    run.session = SessionUse::Held { session: session(), txn_number: None };
    if written {
        run.mark_written();
    }
    (run, answer)
}

/// What the caller gets, now and without waiting.
fn failure(mut answer: oneshot::Receiver<Outcome>) -> Box<Failure> {
    let outcome = answer.try_recv().expect("it is answered");
    outcome.expect_err("it failed")
}

fn answer_of(run: &Run) -> Answer {
    Answer {
        clean: true,
        body: bson::RawDocumentBuf::new(),
        server: ServerAddress::new("db", run.frame.len() as u16),
        generation: 0,
        session: None,
        lease: None,
        more_to_come: false,
        deadline: None,
        attempts: 1,
    }
}

#[test]
fn an_answer_reaches_the_caller_once() {
    let (run, mut answer) = held(true);
    let outcome = Ok(answer_of(&run));
    assert!(run.answer(outcome).is_ok());
    assert!(matches!(answer.try_recv(), Ok(Ok(_))));
    // The drop that followed the answer sent no second one.
    assert!(answer.try_recv().is_err());
}

#[test]
fn an_answer_that_nobody_takes_comes_back() {
    let (run, answer) = held(true);
    drop(answer);
    assert!(run.is_abandoned());
    let outcome = Ok(answer_of(&run));
    assert!(matches!(run.answer(outcome), Err(Ok(_))));

    let (run, answer) = held(true);
    drop(answer);
    let Err(Err(failure)) = run.fail(Error::new(Kind::AutoReconnect, "reset"), Some(3)) else {
        panic!("nobody is there");
    };
    assert!(failure.session.is_some_and(|session| session.is_dirty()));
}

#[test]
fn what_was_not_written_did_not_run_and_can_be_sent_elsewhere() {
    for dropped in [true, false] {
        let (run, answer) = held(false);
        let length = run.frame.len();
        assert!(!run.is_written());
        if dropped {
            drop(run);
        } else {
            let error = Error::new(Kind::AutoReconnect, "reset").network();
            assert!(run.fail(error, Some(3)).is_ok());
        }
        let failure = failure(answer);
        assert_eq!(failure.error.kind(), Kind::AutoReconnect);
        assert!(failure.error.is_network() && !failure.error.may_have_run());
        assert_eq!(failure.unsent.map(|frame| frame.len()), Some(length));
        assert_eq!(failure.generation, (!dropped).then_some(3));
        assert!(failure.session.is_some_and(|session| !session.is_dirty()));
    }
}

/// Nothing is written for it, but the server goes on with the stream in its session.
#[test]
fn a_wish_for_more_of_a_stream_spoils_its_session_wherever_it_ends() {
    for dropped in [true, false] {
        let (mut run, answer) = Run::next_of_stream();
        run.session = SessionUse::Held { session: session(), txn_number: None };
        if dropped {
            drop(run);
        } else {
            assert!(run.fail(Error::new(Kind::AutoReconnect, "reset").network(), None).is_ok());
        }
        assert!(failure(answer).session.is_some_and(|session| session.is_dirty()));
    }
}

#[test]
fn what_was_written_may_have_run_and_its_session_is_dirty() {
    for dropped in [true, false] {
        let (run, answer) = held(true);
        if dropped {
            drop(run);
        } else {
            let error = Error::new(Kind::AutoReconnect, "reset").network();
            assert!(run.fail(error, None).is_ok());
        }
        let failure = failure(answer);
        assert!(failure.error.may_have_run());
        assert!(failure.unsent.is_none());
        assert!(failure.session.is_some_and(|session| session.is_dirty()));
    }
}

#[test]
fn a_session_of_the_callers_own_stays_with_the_caller() {
    let (mut run, answer) = Run::new(FrameBuilder::new(8).finish());
    run.session = SessionUse::Explicit { id: [7; 16], txn_number: Some(1), cluster_time: None };
    drop(run);
    assert!(failure(answer).session.is_none());
}

#[test]
fn the_task_of_a_socket_learns_that_the_caller_went() {
    let (mut run, answer) = held(false);
    let mut cx = std::task::Context::from_waker(std::task::Waker::noop());
    assert!(run.poll_abandoned(&mut cx).is_pending());
    assert!(!run.is_abandoned());
    drop(answer);
    assert!(run.poll_abandoned(&mut cx).is_ready());
    assert!(run.is_abandoned());
}

#[test]
fn an_entry_answers_from_the_mailbox_of_a_socket_that_dies() {
    let mut fixture = Fixture::of_size(1);
    let slot = fixture.idle_slot();
    let (in_mailbox, first) = run();
    slot.submit(in_mailbox);
    let (wish, mut second) = lease(Purpose::Request);
    slot.submit(wish);
    fixture.mailboxes.clear();
    assert!(!failure(first).error.may_have_run());
    let error = second.try_recv().expect("it is answered");
    assert_eq!(error.expect_err("no lease").kind(), Kind::AutoReconnect);

    // The same when it comes too late for the mailbox.
    let (late, third) = run();
    slot.submit(late);
    assert!(failure(third).unsent.is_some());
}

#[test]
fn entries_in_a_queue_answer_when_the_pool_goes() {
    let fixture = Fixture::of_size(1);
    let (entry, first) = run();
    fixture.queue(entry);
    let (wish, mut second) = lease(Purpose::Cursor);
    fixture.queue(wish);
    drop(fixture);
    assert!(!failure(first).error.may_have_run());
    assert!(matches!(second.try_recv(), Ok(Err(_))));
}

#[test]
fn an_entry_that_fails_tells_its_cause() {
    let cause = || Error::new(Kind::WaitQueueTimeout, "no socket");
    let (entry, answer) = run();
    entry.fail(cause());
    assert_eq!(failure(answer).error.kind(), Kind::WaitQueueTimeout);
    let (entry, mut answer) = lease(Purpose::Request);
    entry.fail(cause());
    let error = answer.try_recv().expect("answered").expect_err("failed");
    assert_eq!(error.kind(), Kind::WaitQueueTimeout);
}

#[test]
fn the_earlier_of_two_deadlines_ends_the_wait() {
    let now = Instant::now();
    let later = now + Duration::from_secs(1);
    let (mut run, _answer) = Run::new(FrameBuilder::new(8).finish());
    assert_eq!(Entry::Run(run).wait_deadline(), None);
    for (wait, operation) in [(Some(now), Some(later)), (Some(later), Some(now))] {
        (run, _) = Run::new(FrameBuilder::new(8).finish());
        (run.wait_deadline, run.deadline) = (wait, operation);
        assert_eq!(Entry::Run(run).wait_deadline(), Some(now));
    }
}

/// Counts the orders that reach a socket.
struct Orders(std::sync::mpsc::Sender<&'static str>);

impl Actor for Orders {
    type Context = Context<Self>;
}

impl Handler<Entry> for Orders {
    type Result = ();
    fn handle(&mut self, _: Entry, _: &mut Self::Context) {
        let _ = self.0.send("entry");
    }
}

impl Handler<SlotControl> for Orders {
    type Result = ();
    fn handle(&mut self, order: SlotControl, _: &mut Self::Context) {
        let _ = self.0.send(match order {
            SlotControl::EndLease => "end of lease",
            _ => "another order",
        });
    }
}

#[test]
fn a_lease_ends_behind_what_was_submitted_on_it() {
    let (sender, orders) = std::sync::mpsc::channel();
    actix::System::new().block_on(async move {
        let address = Orders(sender).start();
        let recipients = (address.clone().recipient(), address.clone().recipient());
        let slot = Slot::new(SlotId(1), 4, recipients.0, recipients.1);
        let lease = Lease::new(Arc::new(slot), Purpose::Cursor);
        assert_eq!((lease.purpose(), lease.generation()), (Purpose::Cursor, 4));
        lease.submit(held(false).0);
        // Nobody takes the lease: it is dropped on the way, and so returned.
        let (request, answer) = LeaseRequest::new(Purpose::Request);
        drop(answer);
        assert!(request.is_abandoned());
        request.answer(Ok(lease));
        // An answer behind both in the same mailbox.
        let _ = address.send(SlotControl::Retire).await;
    });
    let orders: Vec<_> = orders.try_iter().collect();
    assert_eq!(orders, ["entry", "end of lease", "another order"]);
}

/// Takes entries, and answers them only later.
struct Slow(Vec<Entry>, std::sync::mpsc::Sender<&'static str>);

impl Actor for Slow {
    type Context = Context<Self>;
}

impl Handler<Entry> for Slow {
    type Result = ();
    fn handle(&mut self, entry: Entry, _: &mut Self::Context) {
        let _ = self.1.send("entry");
        self.0.push(entry);
    }
}

impl Handler<SlotControl> for Slow {
    type Result = ();
    fn handle(&mut self, order: SlotControl, _: &mut Self::Context) {
        let end = matches!(order, SlotControl::EndLease);
        let _ = self.1.send(if end { "end of lease" } else { "answers" });
        self.0.clear();
    }
}

#[test]
fn the_lease_of_a_request_ends_when_those_in_line_had_their_turns() {
    let (sender, orders) = std::sync::mpsc::channel();
    actix::System::new().block_on(async move {
        let address = Slow(Vec::new(), sender).start();
        let recipients = (address.clone().recipient(), address.clone().recipient());
        let slot = Slot::new(SlotId(1), 4, recipients.0, recipients.1);
        let lease = Lease::new(Arc::new(slot), Purpose::Request);
        let turns = lease.turns().expect("it has a line").clone();
        let room = Room { requests: 2, bytes: usize::MAX };
        assert!(matches!(turns.enter(held(false).0, room), Entered::Sent));
        let Entered::Queued(ticket) = turns.enter(held(false).0, room) else {
            panic!("one is with the socket")
        };
        assert!(matches!(turns.enter(held(false).0, room), Entered::Queued(_)));
        assert!(matches!(turns.enter(held(false).0, room), Entered::Full { queued: 2, .. }));
        assert!(turns.cancel(ticket).is_some() && turns.cancel(ticket).is_none());
        drop(lease);
        assert!(matches!(turns.enter(held(false).0, room), Entered::Over(_)));
        for _ in 0..3 {
            let _ = address.send(SlotControl::Retire).await;
        }
    });
    let orders: Vec<_> = orders.try_iter().collect();
    assert_eq!(orders, ["entry", "answers", "entry", "answers", "end of lease", "answers"]);
}
