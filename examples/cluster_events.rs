//! A timeline of all that happens in a connection: an actor listens to its events while the
//! program does some work, and prints what it hears.
//!
//! Listening is bounded twice: an event is sent only while there is room in the actor's
//! mailbox, and what waits for that is a backlog that gives up the oldest. So a slow listener
//! holds up nobody; what it missed is counted.
//!
//! Run it with `cargo run --example cluster_events`, with `MONGODB_URI` set for another server
//! than `mongodb://localhost:27017`. It works in the database `actix_mongo_cluster_events`,
//! and drops it in the end.

use std::process::ExitCode;
use std::time::{Duration, Instant};

use actix::prelude::*;
use actix_mongo::Connection;
use actix_mongo::bson::{Document, doc};
use actix_mongo::events::{Event, EventKinds};
use tokio::sync::oneshot;

/// Events in the actor's mailbox at a time.
const MAILBOX: usize = 16;
/// Events that may wait for a place there.
const BACKLOG: usize = 1024;

fn main() -> ExitCode {
    match System::new().block_on(watch()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn watch() -> Result<(), Box<dyn std::error::Error>> {
    let uri = std::env::var("MONGODB_URI").ok().filter(|uri| !uri.is_empty());
    let uri = uri.unwrap_or_else(|| "mongodb://localhost:27017".into());
    let (over, told) = oneshot::channel();
    let timeline = Timeline { begin: Instant::now(), heard: Heard::default(), over: Some(over) }.start();
    let kinds = EventKinds::TOPOLOGY | EventKinds::POOLS | EventKinds::COMMANDS;
    let connection = Connection::builder()
        .uri(&uri)?
        .server_selection_timeout(Duration::from_secs(5))
        .events_recipient(kinds, timeline.clone().recipient())
        .event_backlog(BACKLOG)
        .connect()
        .await?;

    let read = work(&connection).await?;
    // All that happened until now is in the actor's mailbox then, and this comes behind it.
    connection.flush_events(Duration::from_secs(5)).await?;
    timeline.send(Note(format!("read {read} rooms"))).await?;
    connection.close(Duration::from_secs(5)).await;
    // The last event of all is that nobody looks at the deployment any more.
    let heard = actix::clock::timeout(Duration::from_secs(5), told).await??;
    println!(
        "\nHeard of {} commands ({} succeeded, {} failed), {} changes of pools, {} of the topology; missed {}.",
        heard.started,
        heard.succeeded,
        heard.failed,
        heard.pools,
        heard.topology,
        connection.dropped_events()
    );
    Ok(())
}

/// Something to hear of.
async fn work(connection: &Connection) -> actix_mongo::Result<usize> {
    let database = connection.database("actix_mongo_cluster_events")?;
    database.drop().await?;
    let rooms = database.collection("rooms")?;
    let all: Vec<Document> = (0..250).map(|number| doc! { "_id": number, "beds": number % 4 }).collect();
    rooms.insert_many(&all).await?;

    // Two at once need two sockets.
    let (beds, floor) = (doc! { "beds": 3 }, doc! { "_id": { "$lt": 100 } });
    let (one, other) = (rooms.find(beds).batch_size(20), rooms.find(floor).batch_size(20));
    let (one, other) = tokio::join!(one.into_future(), other.into_future());
    let read = one?.collect_all().await?.len() + other?.collect_all().await?.len();

    // A command that no server knows.
    drop(database.run_command(doc! { "makeCoffee": 1 }).await);
    database.drop().await?;
    Ok(read)
}

/// What the program says of itself.
#[derive(Message)]
#[rtype(result = "()")]
struct Note(String);

/// Prints what it hears, and counts it.
struct Timeline {
    begin: Instant,
    heard: Heard,
    over: Option<oneshot::Sender<Heard>>,
}

/// What was heard.
#[derive(Clone, Copy, Debug, Default)]
struct Heard {
    started: u64,
    succeeded: u64,
    failed: u64,
    pools: u64,
    topology: u64,
}

impl Timeline {
    fn print(&self, topic: &str, what: std::fmt::Arguments<'_>) {
        println!("{:>9.1} ms  {topic:<8}  {what}", self.begin.elapsed().as_secs_f64() * 1000.0);
    }

    fn command(&mut self, event: &Event) {
        match event {
            Event::CommandStarted(_) => self.heard.started += 1,
            Event::CommandSucceeded(it) => {
                self.heard.succeeded += 1;
                let (name, database) = (&it.command_name, &it.database_name);
                let (socket, took) = (it.connection_id, it.duration);
                self.print("command", format_args!("{name} on {database}: {took:.1?}, over socket {socket}"));
            }
            Event::CommandFailed(it) => {
                self.heard.failed += 1;
                self.print("command", format_args!("{} failed: {}", it.command_name, it.failure));
            }
            _ => {}
        }
    }

    fn pool(&mut self, event: &Event) {
        self.heard.pools += 1;
        match event {
            Event::PoolCreated(it) => self.print("pool", format_args!("{} has one", it.address)),
            Event::PoolReady(it) => self.print("pool", format_args!("{} takes calls", it.address)),
            Event::PoolCleared(it) => self.print("pool", format_args!("{} lost all its sockets", it.address)),
            Event::PoolClosed(it) => self.print("pool", format_args!("{} has none any more", it.address)),
            Event::ConnectionReady(it) => {
                let (socket, took) = (it.connection_id, it.duration);
                self.print("pool", format_args!("{}: socket {socket} is open, after {took:.1?}", it.address));
            }
            Event::ConnectionClosed(it) => {
                let (socket, reason) = (it.connection_id, it.reason);
                self.print("pool", format_args!("{}: socket {socket} is closed: {reason:?}", it.address));
            }
            Event::ConnectionCheckOutFailed(it) => {
                self.print("pool", format_args!("{}: a call got no socket: {:?}", it.address, it.reason));
            }
            // Each call takes a socket and gives it back: counted, and too much to print.
            _ => {}
        }
    }

    fn topology(&mut self, event: &Event) {
        self.heard.topology += 1;
        match event {
            Event::TopologyOpening(_) => self.print("topology", format_args!("opening")),
            Event::TopologyDescriptionChanged(it) => {
                let (old, new) = (&it.previous_description, &it.new_description);
                let (from, to, servers) = (old.kind(), new.kind(), new.servers().count());
                self.print("topology", format_args!("{from} -> {to}, {servers} servers"));
            }
            Event::ServerDescriptionChanged(it) => {
                let (from, to) = (it.previous_description.kind(), it.new_description.kind());
                self.print("server", format_args!("{}: {from} -> {to}", it.address));
            }
            Event::ServerHeartbeatFailed(it) => {
                self.print("server", format_args!("{}: a check failed: {}", it.address, it.error));
            }
            Event::TopologyClosed(_) => {
                self.print("topology", format_args!("closed"));
                if let Some(over) = self.over.take() {
                    // Whoever waited may be gone.
                    let _ = over.send(self.heard);
                }
            }
            _ => {}
        }
    }
}

impl Actor for Timeline {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Self::Context) {
        ctx.set_mailbox_capacity(MAILBOX);
    }
}

impl Handler<Event> for Timeline {
    type Result = ();

    fn handle(&mut self, event: Event, _: &mut Self::Context) {
        match event.kind() {
            EventKinds::COMMANDS => self.command(&event),
            EventKinds::POOLS => self.pool(&event),
            _ => self.topology(&event),
        }
    }
}

impl Handler<Note> for Timeline {
    type Result = ();

    fn handle(&mut self, note: Note, _: &mut Self::Context) {
        self.print("program", format_args!("{}", note.0));
    }
}
