//! An ingest pipeline of three actors. A source sends lines of text, an enricher makes
//! readings of them, and a writer has the connection's gateway insert those:
//!
//! ```text
//! Source ── Lines ──> Enricher ── Readings ──> Writer ── InsertMany ──> Gateway ──> server
//!    └<──────────── Written: gives a credit back ──────────┘
//! ```
//!
//! However slow the server is, nothing piles up. The source spends a credit for each batch
//! and gets it back once the batch is written, so `CREDITS` batches at most are on their way;
//! without credit it stands still. The gateway takes `REQUESTS` at once and refuses others
//! with `Busy`; the writer keeps such a batch until another one is done.
//!
//! Run it with `cargo run --example message_passing`, with `MONGODB_URI` set for another
//! server than `mongodb://localhost:27017`. It works in the database
//! `actix_mongo_message_passing`, and drops it in the end, unless `-- --keep` is given.

use std::collections::VecDeque;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use actix::prelude::*;
use actix_mongo::bson::{DateTime, doc};
use actix_mongo::messages::{InsertMany, ShowLoad};
use actix_mongo::{Connection, GatewayOptions, InsertManyResult, Kind};
use serde::Serialize;
use tokio::sync::oneshot;

const LINES: usize = 20_000;
const BATCH: usize = 100;
const CREDITS: usize = 16;
const REQUESTS: usize = 4;
const DATABASE: &str = "actix_mongo_message_passing";
const COLLECTION: &str = "readings";

fn main() -> ExitCode {
    match System::new().block_on(ingest()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn ingest() -> Result<(), Box<dyn std::error::Error>> {
    let uri = std::env::var("MONGODB_URI").ok().filter(|uri| !uri.is_empty());
    let uri = uri.unwrap_or_else(|| "mongodb://localhost:27017".into());
    let builder = Connection::builder().uri(&uri)?.server_selection_timeout(Duration::from_secs(5));
    let connection = builder.connect().await?;
    let database = connection.database(DATABASE)?;
    database.drop().await?;

    let gateway = connection.start_actor_with(GatewayOptions::default().max_requests(REQUESTS));
    let writer =
        Writer { gateway: gateway.clone().recipient(), under_way: 0, waiting: VecDeque::new() }.start();
    // Making readings is work for the processor, so it has a thread to itself.
    let thread = Arbiter::new();
    let to = writer.recipient();
    let enricher = Enricher::start_in_arbiter(&thread.handle(), |_| Enricher { to });
    let (done, poured) = oneshot::channel();
    let begin = Instant::now();
    Source::new(enricher.recipient(), done).start();
    let poured = poured.await??;
    let took = begin.elapsed();

    let busy = gateway.send(ShowLoad).await?.refused;
    let counted = database.collection(COLLECTION)?.count_documents(doc! {}).await?;
    let Poured { batches, written, malformed, refusals, most_on_their_way, stops, stood } = poured;
    println!("Ingested {LINES} lines in {took:.2?}: {written} written, {malformed} malformed.");
    println!("{batches} batches; at most {most_on_their_way} on their way, of {CREDITS} allowed.");
    println!("The source stood still {stops} times for want of credit, {stood:.2?} in all.");
    println!("The gateway takes {REQUESTS} requests at once; it was Busy {busy} times.");
    println!("The collection has {counted} documents.");
    if counted != written || refusals != busy || written + malformed != LINES as u64 {
        return Err("the numbers do not add up".into());
    }
    if std::env::args().all(|argument| argument != "--keep") {
        database.drop().await?;
    }
    thread.stop();
    connection.close(Duration::from_secs(5)).await;
    Ok(())
}

/// Lines of text. Whoever is done with them sends [`Written`] back.
#[derive(Message)]
#[rtype(result = "()")]
struct Lines {
    lines: Vec<String>,
    back: Recipient<Written>,
}

/// What the lines say.
#[derive(Message)]
#[rtype(result = "()")]
struct Readings {
    readings: Vec<Reading>,
    malformed: u64,
    /// How often the gateway was too busy for them.
    refusals: u64,
    back: Recipient<Written>,
}

#[derive(Serialize)]
struct Reading {
    at: DateTime,
    sensor: u32,
    celsius: f64,
    frost: bool,
}

/// A batch is done, and its credit free.
#[derive(Message)]
#[rtype(result = "()")]
struct Written {
    result: Result<u64, String>,
    malformed: u64,
    refusals: u64,
}

/// Spends a credit for each batch that it sends.
struct Source {
    to: Recipient<Lines>,
    next: usize,
    credits: usize,
    stands_since: Option<Instant>,
    poured: Poured,
    done: Option<oneshot::Sender<Result<Poured, String>>>,
}

#[derive(Default)]
struct Poured {
    batches: usize,
    written: u64,
    malformed: u64,
    refusals: u64,
    most_on_their_way: usize,
    stops: usize,
    stood: Duration,
}

impl Source {
    fn new(to: Recipient<Lines>, done: oneshot::Sender<Result<Poured, String>>) -> Self {
        let done = Some(done);
        Self { to, next: 0, credits: CREDITS, stands_since: None, poured: Poured::default(), done }
    }

    fn pour(&mut self, ctx: &mut Context<Self>) {
        while self.next < LINES && self.credits > 0 {
            let upto = (self.next + BATCH).min(LINES);
            let lines = (self.next..upto).map(line).collect();
            self.next = upto;
            self.credits -= 1;
            self.poured.batches += 1;
            self.poured.most_on_their_way = self.poured.most_on_their_way.max(CREDITS - self.credits);
            self.to.do_send(Lines { lines, back: ctx.address().recipient() });
        }
        if self.next < LINES {
            self.poured.stops += 1;
            self.stands_since = Some(Instant::now());
        } else if self.credits == CREDITS {
            let poured = std::mem::take(&mut self.poured);
            self.end(Ok(poured), ctx);
        }
    }

    fn end(&mut self, result: Result<Poured, String>, ctx: &mut Context<Self>) {
        if let Some(done) = self.done.take() {
            // Whoever asked may be gone.
            drop(done.send(result));
        }
        ctx.stop();
    }
}

impl Actor for Source {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Self::Context) {
        self.pour(ctx);
    }
}

impl Handler<Written> for Source {
    type Result = ();

    fn handle(&mut self, msg: Written, ctx: &mut Self::Context) {
        self.credits += 1;
        self.poured.stood += self.stands_since.take().map_or(Duration::ZERO, |since| since.elapsed());
        self.poured.malformed += msg.malformed;
        self.poured.refusals += msg.refusals;
        match msg.result {
            Ok(count) => {
                self.poured.written += count;
                self.pour(ctx);
            }
            Err(error) => self.end(Err(error), ctx),
        }
    }
}

/// What a logger somewhere wrote. Every fiftieth line is cut off.
fn line(number: usize) -> String {
    let line = format!(
        "{};sensor-{};{:.1}",
        1_700_000_000 + number,
        number % 97,
        (number % 600) as f64 / 10.0 - 20.0
    );
    if number % 50 == 49 { line[..15].to_owned() } else { line }
}

/// Makes readings of lines, as fast as they come.
struct Enricher {
    to: Recipient<Readings>,
}

impl Actor for Enricher {
    type Context = Context<Self>;
}

impl Handler<Lines> for Enricher {
    type Result = ();

    fn handle(&mut self, msg: Lines, _: &mut Self::Context) {
        let readings: Vec<Reading> = msg.lines.iter().filter_map(|line| enriched(line)).collect();
        let malformed = (msg.lines.len() - readings.len()) as u64;
        self.to.do_send(Readings { readings, malformed, refusals: 0, back: msg.back });
    }
}

fn enriched(line: &str) -> Option<Reading> {
    let (second, rest) = line.split_once(';')?;
    let (sensor, celsius) = rest.split_once(';')?;
    let at = DateTime::from_millis(second.parse::<i64>().ok()?.checked_mul(1000)?);
    let (sensor, celsius) = (sensor.strip_prefix("sensor-")?.parse().ok()?, celsius.parse().ok()?);
    Some(Reading { at, sensor, celsius, frost: celsius < 0.0 })
}

/// Hands readings to the gateway, and those that it has no room for once more.
struct Writer {
    gateway: Recipient<InsertMany>,
    under_way: usize,
    waiting: VecDeque<Readings>,
}

/// What the gateway says to it.
type Answer = Result<actix_mongo::Result<InsertManyResult>, MailboxError>;

impl Writer {
    fn write(&mut self, batch: Readings, ctx: &mut Context<Self>) {
        self.under_way += 1;
        let insert = InsertMany::new(DATABASE, COLLECTION, &batch.readings).timeout(Duration::from_secs(30));
        let answer = self.gateway.send(insert).into_actor(self);
        ctx.spawn(answer.map(|answer, writer, ctx| writer.answered(batch, answer, ctx)));
    }

    fn answered(&mut self, batch: Readings, answer: Answer, ctx: &mut Context<Self>) {
        self.under_way -= 1;
        let result = match answer {
            Ok(Err(error)) if error.kind() == Kind::Busy => return self.keep(batch, ctx),
            Ok(Ok(inserted)) => Ok(inserted.inserted_ids.len() as u64),
            Ok(Err(error)) => Err(error.to_string()),
            Err(gone) => Err(format!("the gateway: {gone}")),
        };
        let Readings { malformed, refusals, back, .. } = batch;
        back.do_send(Written { result, malformed, refusals });
        self.next(ctx);
    }

    fn keep(&mut self, mut batch: Readings, ctx: &mut Context<Self>) {
        batch.refusals += 1;
        self.waiting.push_back(batch);
        if self.under_way == 0 {
            // The room is taken by others, whose answers this actor does not see.
            ctx.run_later(Duration::from_millis(10), Self::next);
        }
    }

    fn next(&mut self, ctx: &mut Context<Self>) {
        if let Some(batch) = self.waiting.pop_front() {
            self.write(batch, ctx);
        }
    }
}

impl Actor for Writer {
    type Context = Context<Self>;
}

impl Handler<Readings> for Writer {
    type Result = ();

    fn handle(&mut self, msg: Readings, ctx: &mut Self::Context) {
        self.write(msg, ctx);
    }
}
