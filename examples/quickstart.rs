//! A first look: connect, write, read through a cursor, let go.
//!
//! Run it with `cargo xtask demo`, or against a server of your own:
//! `MONGODB_URI=mongodb://localhost:27017 cargo run --example quickstart`. It works in the
//! database `actix_mongo_quickstart`, and drops it in the end.

use std::process::ExitCode;
use std::time::{Duration, Instant};

use actix_mongo::bson::doc;
use actix_mongo::{Collection, Connection, Database};
use serde::{Deserialize, Serialize};

type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

#[derive(Debug, Serialize, Deserialize)]
struct Room {
    #[serde(rename = "_id")]
    number: i32,
    floor: i32,
    beds: i32,
}

fn main() -> ExitCode {
    match actix::System::new().block_on(tour()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn tour() -> Result<()> {
    let uri = std::env::var("MONGODB_URI").ok().filter(|uri| !uri.is_empty());
    let uri = uri.unwrap_or_else(|| "mongodb://localhost:27017".into());
    let builder = Connection::builder().uri(&uri)?.server_selection_timeout(Duration::from_secs(5));
    let connection = builder.timeout(Duration::from_secs(30)).connect().await?;
    let state = connection.state();
    let server = &state.servers[0];
    println!("Connected: {} is {}, in a topology {}.", server.address, server.kind, state.kind);

    let hotel = connection.database("actix_mongo_quickstart")?;
    hotel.run_command(doc! { "dropDatabase": 1 }).await?;
    let rooms = hotel.collection_of::<Room>("rooms")?;
    write(&rooms).await?;
    read(&rooms).await?;
    leave_half_read(&rooms, &connection.database("admin")?).await?;
    hotel.run_command(doc! { "dropDatabase": 1 }).await?;

    print!("\nWhat the connection knows now:\n{}", connection.state());
    let begin = Instant::now();
    connection.close(Duration::from_secs(5)).await;
    println!("\nClosed in {:.0?}; all threads and sockets are gone.", begin.elapsed());
    Ok(())
}

async fn write(rooms: &Collection<Room>) -> Result<()> {
    let begin = Instant::now();
    let all: Vec<Room> =
        (0..10_000).map(|number| Room { number, floor: number / 100, beds: 1 + number % 4 }).collect();
    let mut inserted = 0;
    for batch in all.chunks(1_000) {
        inserted += rooms.insert_many(batch).await?.inserted_ids.len();
    }
    println!("Inserted {inserted} rooms in batches of 1,000, in {:.0?}.", begin.elapsed());

    let room = rooms.find_one(doc! { "_id": 4711 }).await?;
    println!("Found one: {room:?}");
    let updated = rooms.update_one(doc! { "_id": 4711 }, doc! { "$inc": { "beds": 1 } }).await?;
    println!("Updated {} of {} that matched.", updated.modified_count, updated.matched_count);
    let deleted = rooms.delete_one(doc! { "_id": 13 }).await?;
    println!("Deleted {}.", deleted.deleted_count);
    Ok(())
}

async fn read(rooms: &Collection<Room>) -> Result<()> {
    let mut cursor = rooms.find(doc! { "beds": { "$gte": 2 } }).batch_size(250).await?;
    let (mut batches, mut beds) = (0, 0);
    while let Some(batch) = cursor.next_batch().await? {
        batches += 1;
        for room in batch.iter() {
            // A slice of what the server sent: nothing was copied for it.
            beds += room?.get_i32("beds")?;
        }
    }
    println!("Read a query of {beds} beds in {batches} batches: one find, {} getMores.", batches - 1);
    Ok(())
}

async fn leave_half_read(rooms: &Collection<Room>, admin: &Database) -> Result<()> {
    let before = Cursors::count(admin).await?;
    let mut cursors = Vec::new();
    for _ in 0..50 {
        let mut cursor = rooms.find(doc! {}).batch_size(10).await?;
        cursor.try_next().await?;
        cursors.push(cursor);
    }
    let half_read = Cursors::count(admin).await?;
    drop(cursors);
    // They are killed in the background, some milliseconds later.
    let deadline = Instant::now() + Duration::from_secs(10);
    let after = loop {
        let now = Cursors::count(admin).await?;
        if now.open <= before.open || Instant::now() > deadline {
            break now;
        }
        actix::clock::sleep(Duration::from_millis(10)).await;
    };
    println!(
        "Dropped 50 cursors half-read: the server had {} open, now it has {}, and got {} killCursors for it.",
        half_read.open,
        after.open,
        after.kills - before.kills
    );
    Ok(())
}

/// What the server itself counts.
struct Cursors {
    open: i64,
    kills: i64,
}

impl Cursors {
    async fn count(admin: &Database) -> Result<Self> {
        let status = admin.run_command(doc! { "serverStatus": 1 }).await?;
        let metrics = status.get_document("metrics")?;
        let open = metrics.get_document("cursor")?.get_document("open")?.get_i64("total")?;
        let kills = metrics.get_document("commands")?.get_document("killCursors")?.get_i64("total")?;
        Ok(Self { open, kills })
    }
}
