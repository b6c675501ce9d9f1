//! Actors that read cursors by themselves, in their own contexts.

use std::time::Duration;

use actix::prelude::*;
use actix_mongo::bson::{Document, doc};
use actix_mongo::{Connection, Streamed};

use crate::streams_documents::{in_a_system, numbers};
use crate::support::{fixture, whole};

/// An actor that reads by itself: a stream, or messages that it has sent to itself.
struct Own {
    connection: Connection,
    database: String,
    numbers: Vec<i64>,
    report: Option<tokio::sync::oneshot::Sender<Vec<i64>>>,
}

impl Own {
    fn finish(&mut self) {
        if let Some(report) = self.report.take() {
            report.send(std::mem::take(&mut self.numbers)).unwrap();
        }
    }
}

impl Actor for Own {
    type Context = Context<Self>;
}

#[derive(Message)]
#[rtype(result = "()")]
enum Read {
    AsStream,
    AsMessages,
}

impl Handler<Read> for Own {
    type Result = ();

    fn handle(&mut self, how: Read, ctx: &mut Self::Context) {
        let things = self.connection.database(&self.database).unwrap();
        let things: actix_mongo::Collection = things.collection("things").unwrap();
        let find = things.find(doc! {}).sort(doc! { "_id": 1 }).batch_size(7).into_future();
        ctx.spawn(find.into_actor(self).then(move |cursor, own, ctx| {
            let cursor = cursor.unwrap();
            match how {
                Read::AsStream => drop(ctx.add_stream(cursor)),
                Read::AsMessages => {
                    let sending = cursor.send_to(ctx.address().recipient()).into_future();
                    let sending = sending.into_actor(own).map(|report, own, _| {
                        assert_eq!(report.documents, own.numbers.len() as u64);
                        own.finish();
                    });
                    ctx.spawn(sending);
                }
            }
            fut::ready(())
        }));
    }
}

impl StreamHandler<actix_mongo::Result<Document>> for Own {
    fn handle(&mut self, item: actix_mongo::Result<Document>, _: &mut Self::Context) {
        self.numbers.push(whole(item.unwrap().get("n")));
    }

    fn finished(&mut self, _: &mut Self::Context) {
        self.finish();
    }
}

impl Handler<Streamed<Document>> for Own {
    type Result = ();

    fn handle(&mut self, message: Streamed<Document>, _: &mut Self::Context) {
        if let Streamed::Documents(documents) = message {
            self.numbers.extend(documents.iter().map(|document| whole(document.get("n"))));
        }
    }
}

#[test]
fn an_actor_reads_a_cursor_by_itself() {
    let fixture = fixture();
    in_a_system(async {
        numbers(&fixture, 50).await;
        for how in [Read::AsStream, Read::AsMessages] {
            let (report, numbers) = tokio::sync::oneshot::channel();
            let (connection, database) = (fixture.connection.clone(), fixture.database.name().to_owned());
            let own = Own { connection, database, numbers: Vec::new(), report: Some(report) }.start();
            own.send(how).await.unwrap();
            let numbers = tokio::time::timeout(Duration::from_secs(10), numbers).await.unwrap().unwrap();
            assert_eq!(numbers, (0..50).collect::<Vec<i64>>());
        }
    });
}
