//! In a program of tokio's, with nothing of actix in sight: one handle for many tasks, a
//! cursor beside a clock, limits of time, and what errors tell.
//!
//! Run it with `cargo run --example tokio_main`, with `MONGODB_URI` set for another server
//! than `mongodb://localhost:27017`. It works in the database `actix_mongo_tokio_main`, and
//! drops it in the end.

use std::process::ExitCode;
use std::time::Duration;

use actix_mongo::bson::doc;
use actix_mongo::{Collection, Connection, CursorType, Kind};
use serde::{Deserialize, Serialize};
use tokio::task::JoinSet;

type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

#[derive(Debug, Serialize, Deserialize)]
struct Step {
    #[serde(rename = "_id")]
    number: i32,
    task: i32,
}

const TASKS: i32 = 8;
const STEPS: i32 = 250;

#[tokio::main]
async fn main() -> ExitCode {
    match tour().await {
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
    // No call of this connection takes longer, unless it says so itself.
    let connection = builder.timeout(Duration::from_secs(30)).connect().await?;
    let database = connection.database("actix_mongo_tokio_main")?;
    database.drop().await?;

    let steps = database.collection_of::<Step>("steps")?;
    from_many_tasks(&steps).await?;
    beside_a_clock(&steps).await?;
    let log = database.collection("log")?;
    database.create_collection("log").capped(true).size(4096).await?;
    limits_of_time(&log).await?;
    errors(&steps).await?;

    database.drop().await?;
    connection.close(Duration::from_secs(5)).await;
    Ok(())
}

/// A handle is cloned for each task, and works on whichever thread the task runs.
async fn from_many_tasks(steps: &Collection<Step>) -> Result<()> {
    let mut tasks: JoinSet<actix_mongo::Result<()>> = JoinSet::new();
    for task in 0..TASKS {
        let steps = steps.clone();
        tasks.spawn(async move {
            for number in task * STEPS..(task + 1) * STEPS {
                steps.insert_one(Step { number, task }).await?;
            }
            Ok(())
        });
    }
    while let Some(task) = tasks.join_next().await {
        task??;
    }
    println!("{TASKS} tasks inserted {} documents.", steps.count_documents(doc! {}).await?);
    Ok(())
}

/// A call may be dropped at any await, as `select!` does, and the cursor loses nothing by it.
async fn beside_a_clock(steps: &Collection<Step>) -> Result<()> {
    let mut cursor = steps.find(doc! {}).sort(doc! { "_id": 1 }).batch_size(50).await?;
    let mut clock = tokio::time::interval(Duration::from_millis(1));
    let (mut read, mut sum, mut ticks) = (0_i64, 0_i64, 0);
    loop {
        tokio::select! {
            _ = clock.tick() => ticks += 1,
            step = cursor.try_next() => match step? {
                Some(step) => (read, sum) = (read + 1, sum + i64::from(step.number)),
                None => break,
            },
        }
    }
    println!("Read {read} documents, whose numbers sum up to {sum}, while a clock ticked {ticks} times.");
    Ok(())
}

/// The limit of the call itself, and one that tokio sets around it.
async fn limits_of_time(log: &Collection) -> Result<()> {
    let Err(error) = log.insert_one(doc! { "line": "late" }).timeout(Duration::from_nanos(1)).await else {
        return Err("a nanosecond was enough".into());
    };
    assert!(error.is_timeout() && !error.may_have_run());
    println!("A call with a limit of 1 ns: {error}. It did not run.");

    // A tailable cursor waits behind the last document for the next one.
    log.insert_one(doc! { "line": "first" }).await?;
    let mut tail = log.find(doc! {}).cursor_type(CursorType::TailableAwait).await?;
    let first = tail.try_next().await?;
    let second = tokio::time::timeout(Duration::from_millis(200), tail.try_next()).await;
    println!("The log's first line came ({}); for a second one we waited 200 ms.", first.is_some());
    assert!(second.is_err());
    // The cursor goes on where it was.
    log.insert_one(doc! { "line": "second" }).await?;
    let second = tail.try_next().await?.and_then(|line| line.get_str("line").map(str::to_owned).ok());
    println!("Then it came all the same: {}.", second.as_deref().unwrap_or("nothing"));
    Ok(())
}

/// What went wrong is asked of the error, and not read from its sentence.
async fn errors(steps: &Collection<Step>) -> Result<()> {
    match steps.insert_one(Step { number: 0, task: 0 }).await {
        Err(error) if error.is_duplicate_key() => println!("A second document 0: {error}"),
        other => return Err(format!("a duplicate key gave {other:?}").into()),
    }
    let nobody = Connection::builder().hosts(["127.0.0.1:1"])?;
    match nobody.server_selection_timeout(Duration::from_millis(300)).connect().await {
        Err(error) if error.kind() == Kind::ConnectionFailure => println!("Where nobody listens: {error}"),
        other => return Err(format!("a port without a server gave {other:?}").into()),
    }
    Ok(())
}
