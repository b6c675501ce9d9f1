//! From cursors into actors: as fast as the actor works, and no faster.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use actix::prelude::*;
use actix_mongo::bson::{Document, doc};
use actix_mongo::{Connection, CursorType, Delivery, DeliveryEnd, Streamed};
use serde::Deserialize;
use tokio::sync::Semaphore;

use crate::support::{Fixture, SOON, fixture, fixture_alone, whole};

/// What an actor has seen.
#[derive(Debug, Default)]
struct Seen {
    numbers: Vec<i64>,
    /// Documents in each message.
    sizes: Vec<usize>,
    under_way: usize,
    most_under_way: usize,
    end: Option<Result<(), String>>,
}

/// Remembers what it gets, and answers when it may.
#[derive(Clone)]
struct Reader {
    seen: Arc<Mutex<Seen>>,
    may: Arc<Semaphore>,
    /// Stops with this message.
    stops_at: Option<usize>,
}

impl Reader {
    fn new() -> Self {
        Self { seen: Arc::default(), may: Arc::new(Semaphore::new(Semaphore::MAX_PERMITS)), stops_at: None }
    }

    fn waiting() -> Self {
        Self { may: Arc::new(Semaphore::new(0)), ..Self::new() }
    }

    fn with<T>(&self, look: impl FnOnce(&mut Seen) -> T) -> T {
        look(&mut self.seen.lock().unwrap())
    }

    async fn until(&self, what: &str, look: impl Fn(&mut Seen) -> bool) {
        let wait = async {
            while !self.with(&look) {
                tokio::task::yield_now().await;
            }
        };
        let in_time = tokio::time::timeout(SOON, wait).await;
        in_time.unwrap_or_else(|_| panic!("{what}: {:?}", self.seen));
    }
}

impl Actor for Reader {
    type Context = Context<Self>;
}

impl Handler<Streamed<Document>> for Reader {
    type Result = ResponseFuture<()>;

    fn handle(&mut self, message: Streamed<Document>, ctx: &mut Self::Context) -> Self::Result {
        let messages = self.with(|seen| {
            match message {
                Streamed::Documents(documents) => {
                    seen.sizes.push(documents.len());
                    seen.numbers.extend(documents.iter().map(|document| whole(document.get("n"))));
                    seen.under_way += 1;
                    seen.most_under_way = seen.most_under_way.max(seen.under_way);
                }
                Streamed::End => {
                    assert_eq!(seen.under_way, 0);
                    seen.end = Some(Ok(()));
                }
                Streamed::Failed(error) => seen.end = Some(Err(error.to_string())),
            }
            seen.sizes.len()
        });
        if self.stops_at == Some(messages) {
            ctx.stop();
        }
        let reader = self.clone();
        Box::pin(async move {
            if reader.with(|seen| seen.end.is_none()) {
                reader.may.acquire().await.unwrap().forget();
                reader.with(|seen| seen.under_way -= 1);
            }
        })
    }
}

pub fn in_a_system<T>(story: impl Future<Output = T>) -> T {
    System::new().block_on(story)
}

/// Answers of the server to other calls, so that whoever could go on has had the time to.
async fn let_others_run(connection: &Connection) {
    for _ in 0..20 {
        let admin = connection.database("admin").unwrap();
        admin.run_command(doc! { "ping": 1 }).await.unwrap();
    }
}

pub async fn numbers(fixture: &Fixture, count: i32) -> actix_mongo::Collection {
    let all: Vec<Document> = (0..count).map(|n| doc! { "_id": n, "n": n }).collect();
    fixture.things().insert_many(&all).await.unwrap();
    fixture.things()
}

fn assert_finished(report: &Delivery, documents: u64) {
    assert!(matches!(report.end, DeliveryEnd::Finished), "{report:?}");
    assert_eq!((report.documents, report.unanswered), (documents, 0));
}

#[test]
fn an_actor_gets_all_documents_in_order_and_hears_of_the_end() {
    let fixture = fixture();
    in_a_system(async {
        let things = numbers(&fixture, 1000).await;
        let reader = Reader::new();
        let address = reader.clone().start();
        let cursor = things.find(doc! {}).sort(doc! { "_id": 1 }).batch_size(30).await.unwrap();
        let report = cursor.send_to(address.recipient()).max_documents(20).await;
        assert_finished(&report, 1000);
        reader.with(|seen| {
            assert_eq!(seen.numbers, (0..1000).collect::<Vec<i64>>());
            assert_eq!(seen.end, Some(Ok(())));
            // A batch of 30 is passed on as it is there, and not held back for the next.
            assert_eq!(seen.sizes[..4], [20, 10, 20, 10]);
        });
        let none = things.find(doc! { "_id": -1 }).await.unwrap();
        assert_finished(&none.send_to(reader.start().recipient()).await, 0);
    });
}

#[test]
fn a_slow_actor_has_no_more_than_the_bound() {
    const BOUND: usize = 3;
    let fixture = fixture();
    in_a_system(async {
        let things = numbers(&fixture, 200).await;
        let reader = Reader::waiting();
        let cursor = things.find(doc! {}).batch_size(10).await.unwrap();
        let sending = cursor.send_to(reader.clone().start().recipient());
        let sending = actix::spawn(sending.max_in_flight(BOUND).max_documents(10).into_future());
        reader.until("the first messages", |seen| seen.under_way == BOUND).await;
        let_others_run(&fixture.connection).await;
        reader.with(|seen| assert_eq!((seen.under_way, seen.numbers.len()), (BOUND, 10 * BOUND)));
        // For each that is answered comes one.
        for answered in 1..=5 {
            reader.may.add_permits(1);
            reader.until("one more", |seen| seen.sizes.len() == BOUND + answered).await;
        }
        let_others_run(&fixture.connection).await;
        reader.with(|seen| assert_eq!(seen.sizes.len(), BOUND + 5));
        reader.may.add_permits(1000);
        assert_finished(&sending.await.unwrap(), 200);
        reader.with(|seen| assert_eq!(seen.most_under_way, BOUND));
    });
}

#[test]
fn when_the_actor_stops_the_cursor_is_closed() {
    let fixture = fixture_alone();
    in_a_system(async {
        let things = numbers(&fixture, 200).await;
        let reader = Reader { stops_at: Some(2), ..Reader::new() };
        let cursor = things.find(doc! {}).batch_size(10).await.unwrap();
        let sending = cursor.send_to(reader.clone().start().recipient()).max_in_flight(1);
        let report = sending.max_documents(10).await;
        assert!(matches!(report.end, DeliveryEnd::ActorGone), "{report:?}");
        // The second one was answered by the future that its handler gave. A third was sent in vain,
        // unless the end was seen before its documents were there.
        assert!(report.documents == 20 && matches!(report.unanswered, 0 | 10), "{report:?}");
        reader.with(|seen| assert_eq!((seen.numbers.len(), &seen.end), (20, &None)));
    });
    fixture.wait_for_kills();
}

/// It waits for a document that does not come, and no message is under way.
#[test]
fn when_an_idle_actor_stops_the_cursor_is_closed_soon() {
    let fixture = fixture_alone();
    in_a_system(async {
        let capped = fixture.database.create_collection("things").capped(true).size(4096);
        capped.await.unwrap();
        let things = numbers(&fixture, 2).await;
        let cursor = things.find(doc! {}).cursor_type(CursorType::Tailable).await.unwrap();
        let reader = Reader::new();
        let address = reader.clone().start();
        let sending = actix::spawn(cursor.send_to(address.clone().recipient()).into_future());
        reader.until("both documents", |seen| seen.numbers.len() == 2 && seen.under_way == 0).await;
        address.send(Stop).await.unwrap();
        let report = tokio::time::timeout(SOON, sending).await.unwrap().unwrap();
        assert!(matches!(report.end, DeliveryEnd::ActorGone), "{report:?}");
        assert_eq!(report.documents, 2);
    });
    fixture.wait_for_kills();
}

#[derive(Message)]
#[rtype(result = "()")]
struct Stop;

impl Handler<Stop> for Reader {
    type Result = ();

    fn handle(&mut self, _: Stop, ctx: &mut Self::Context) {
        ctx.stop();
    }
}

#[test]
fn the_servers_error_in_mid_stream_is_told_behind_all_documents() {
    let fixture = fixture_alone();
    in_a_system(async {
        let things = numbers(&fixture, 30).await;
        let cursor = things.find(doc! {}).batch_size(10).await.unwrap();
        fixture.fail(doc! { "skip": 1 }, doc! { "failCommands": ["getMore"], "errorCode": 11601 });
        let reader = Reader::new();
        let report = cursor.send_to(reader.clone().start().recipient()).await;
        let DeliveryEnd::Failed(error) = &report.end else { panic!("{report:?}") };
        assert_eq!((error.code(), report.documents, report.unanswered), (Some(11601), 20, 0));
        reader.with(|seen| {
            assert_eq!(seen.numbers.len(), 20);
            assert_eq!(seen.end, Some(Err(error.to_string())));
        });
    });
}

#[derive(Debug, Deserialize)]
struct Thing {
    _id: i32,
    n: i32,
}

/// Answers at once.
struct Sums(Arc<Mutex<BTreeMap<&'static str, i32>>>);

impl Actor for Sums {
    type Context = Context<Self>;
}

impl Handler<Streamed<Thing>> for Sums {
    type Result = ();

    fn handle(&mut self, message: Streamed<Thing>, _: &mut Self::Context) {
        let mut sums = self.0.lock().unwrap();
        let (name, number) = match message {
            Streamed::Documents(things) => ("n", things.iter().map(|thing| thing.n).sum()),
            Streamed::End => ("ends", 1),
            Streamed::Failed(_) => ("failures", 1),
        };
        *sums.entry(name).or_default() += number;
    }
}

#[test]
fn a_document_of_another_type_is_the_end_and_those_before_it_are_delivered() {
    let fixture = fixture_alone();
    let sums = Arc::<Mutex<BTreeMap<_, _>>>::default();
    in_a_system(async {
        let things = numbers(&fixture, 5).await;
        things.insert_one(doc! { "_id": 5, "n": "five" }).await.unwrap();
        let more: Vec<Document> = (6..50).map(|n| doc! { "_id": n, "n": n }).collect();
        things.insert_many(&more).await.unwrap();
        let things = fixture.database.collection_of::<Thing>("things").unwrap();
        let cursor = things.find(doc! {}).sort(doc! { "_id": 1 }).batch_size(10).await.unwrap();
        let report = cursor.send_to(Sums(sums.clone()).start().recipient()).await;
        assert!(
            matches!(&report.end, DeliveryEnd::Failed(error) if error.kind() == actix_mongo::Kind::Decode)
        );
        assert_eq!(report.documents, 5);
    });
    assert_eq!(*sums.lock().unwrap(), BTreeMap::from([("n", 10), ("failures", 1)]));
    fixture.wait_for_kills();
}

#[test]
fn documents_of_a_tailable_cursor_come_as_they_are_written() {
    let fixture = fixture_alone();
    in_a_system(async {
        let capped = fixture.database.create_collection("things").capped(true).size(65536);
        capped.await.unwrap();
        let things = numbers(&fixture, 1).await;
        for kind in [CursorType::Tailable, CursorType::TailableAwait] {
            let reader = Reader::new();
            let cursor = things.find(doc! {}).cursor_type(kind).await.unwrap();
            let present = things.count_documents(doc! {}).await.unwrap() as usize;
            let sending = actix::spawn(cursor.send_to(reader.clone().start().recipient()).into_future());
            for more in 0..5 {
                reader.until("all there are", |seen| seen.numbers.len() == present + more).await;
                things.insert_one(doc! { "n": 100 }).await.unwrap();
            }
            reader.until("the last", |seen| seen.numbers.len() == present + 5).await;
            // Who drops it closes the cursor, and the actor hears no more.
            sending.abort();
            assert!(sending.await.is_err());
            reader.with(|seen| assert_eq!(seen.end, None));
        }
    });
    fixture.wait_for_kills();
}

#[test]
fn messages_that_were_not_handled_are_taken_back_by_who_drops_it() {
    let fixture = fixture_alone();
    in_a_system(async {
        let things = numbers(&fixture, 100).await;
        let reader = Reader::new();
        let cursor = things.find(doc! {}).batch_size(10).await.unwrap();
        let mut sending = cursor.send_to(reader.clone().start().recipient()).max_documents(1).into_future();
        // The actor lives on this thread, and has had no turn when this is dropped.
        let mut task = std::task::Context::from_waker(std::task::Waker::noop());
        assert!(sending.as_mut().poll(&mut task).is_pending());
        drop(sending);
        let_others_run(&fixture.connection).await;
        reader.with(|seen| assert!(seen.numbers.is_empty(), "{seen:?}"));
    });
    fixture.wait_for_kills();
}
