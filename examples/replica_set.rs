//! Connecting to a replica set, step by step: starting one, initiating it, finding its members
//! from one seed or several, reading from secondaries, and what to do when the primary goes.
//!
//! 1. Start servers that belong to a set. Three on one machine, each in a folder of its own:
//!
//!    ```text
//!    mongod --port 27017 --dbpath /data/db0 --replSet foo
//!    mongod --port 27018 --dbpath /data/db1 --replSet foo
//!    mongod --port 27019 --dbpath /data/db2 --replSet foo
//!    ```
//!
//! 2. `cargo run --example replica_set -- localhost:27017 localhost:27018 localhost:27019`
//!    initiates the set, if nobody has, and goes through the rest. Without arguments it takes
//!    the hosts of `MONGODB_URI`, by default `mongodb://localhost:27017`; a set of one member
//!    is enough, and has no secondaries to show.
//!
//! With `--for 30` it goes on writing for that many seconds: stop the primary meanwhile, and
//! start it again. It works in the database `actix_mongo_replica_set`, and drops it in the end.

use std::process::ExitCode;
use std::time::{Duration, Instant};

use actix::clock::sleep;
use actix_mongo::bson::{Document, doc};
use actix_mongo::connection_string::ConnectionString;
use actix_mongo::{Builder, Collection, Connection, Kind, ReadMode, ReadPreference, WriteConcern};

type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

/// How long to look for a server, in each attempt.
const PATIENCE: Duration = Duration::from_secs(2);
/// The time between two writes.
const PAUSE: Duration = Duration::from_millis(20);

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
    let (seeds, time) = arguments(&uri)?;
    let builder = Connection::builder().uri(&uri)?.server_selection_timeout(PATIENCE);

    let (seed, direct) = reached(&builder, &seeds).await?;
    let name = initiated(&seed, &direct, &seeds, &builder).await?;
    let builder = builder.replica_set(&name);

    let one = builder.clone().hosts([&seed])?.connect().await?;
    println!("From the seed {seed} alone, {} members of {name:?} are known:", one.nodes().len());
    print_members(&one).await;
    one.close(Duration::ZERO).await;

    // With several, it does not matter which of them are up when the program starts. The driver
    // tries a failed write once more by itself; not here, so that there is something to see.
    let connection = builder.hosts(&seeds)?.retry_writes(false).connect().await?;
    let database = connection.database("actix_mongo_replica_set")?;
    database.drop().await?;
    show_preferences(&connection).await?;
    // What most members have in their journals is not lost with any one of them.
    let durable = WriteConcern::majority().journal(true);
    let people = database.collection("people")?.with_write_concern(durable);
    println!(
        "{} is the primary. Stop it, and see what happens to what is written for {time:?}.",
        primary(&connection)
    );
    keep_writing(&people, time).await?;
    println!("{} is the primary now.", primary(&connection));

    database.drop().await?;
    connection.close(Duration::from_secs(5)).await;
    Ok(())
}

/// The hosts to begin with, and how long to go on writing.
fn arguments(uri: &str) -> Result<(Vec<String>, Duration)> {
    let (mut seeds, mut time) = (Vec::new(), Duration::from_secs(1));
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--for" => {
                let seconds = arguments.next().and_then(|text| text.parse().ok());
                time = Duration::from_secs(seconds.ok_or("--for needs a number of seconds")?);
            }
            option if option.starts_with('-') => return Err(format!("there is no option {option}").into()),
            _ => seeds.push(argument),
        }
    }
    if seeds.is_empty() {
        seeds = ConnectionString::parse(uri)?.hosts.iter().map(ToString::to_string).collect();
    }
    Ok((seeds, time))
}

/// The first seed that is up, and a connection to it and nobody else, whatever it is.
async fn reached(builder: &Builder, seeds: &[String]) -> Result<(String, Connection)> {
    let mut failed = None;
    for seed in seeds {
        match builder.clone().hosts([seed])?.direct_connection(true).connect().await {
            Ok(direct) => return Ok((seed.clone(), direct)),
            Err(error) => failed = Some(error),
        }
    }
    Err(failed.map_or_else(|| "there is no seed".into(), Into::into))
}

/// The name of the set that this server belongs to; sees to it that there is one.
async fn initiated(seed: &str, direct: &Connection, seeds: &[String], builder: &Builder) -> Result<String> {
    let admin = direct.database("admin")?.with_read_preference(ReadPreference::new(ReadMode::Nearest));
    let hello = admin.run_command(doc! { "hello": 1 }).await?;
    if let Ok(name) = hello.get_str("setName") {
        println!("{seed} belongs to the replica set {name:?}.");
        return Ok(name.to_owned());
    }
    if !hello.get_bool("isreplicaset").unwrap_or(false) {
        return Err(format!("{seed} is on its own; start it with --replSet").into());
    }
    // It knows the name by which it was started.
    let told = admin.run_command(doc! { "getCmdLineOpts": 1 }).await?;
    let replication = told.get_document("parsed")?.get_document("replication")?;
    let name = replication.get_str("replSet").or_else(|_| replication.get_str("replSetName"))?;
    let members = (0..).zip(seeds).map(|(number, seed): (i32, _)| doc! { "_id": number, "host": seed });
    let members: Vec<Document> = members.collect();
    admin.run_command(doc! { "replSetInitiate": { "_id": name, "members": members } }).await?;
    println!("Initiated the replica set {name:?} with {} members.", seeds.len());
    until_elected(builder, seeds).await?;
    Ok(name.to_owned())
}

/// An election takes some seconds.
async fn until_elected(builder: &Builder, seeds: &[String]) -> Result<()> {
    let builder = builder.clone().hosts(seeds)?.server_selection_timeout(Duration::from_secs(30));
    builder.connect().await?.close(Duration::ZERO).await;
    Ok(())
}

/// Where writes go at this moment.
fn primary(connection: &Connection) -> String {
    match (connection.host(), connection.port()) {
        (Some(host), Some(port)) => format!("Port {port} of {host}"),
        _ => "Nobody".to_owned(),
    }
}

/// Connecting waits for the primary alone, so the others may need another moment.
async fn print_members(connection: &Connection) {
    let begin = Instant::now();
    let reached = || {
        let others = connection.secondaries().len() + connection.arbiters().len();
        others + usize::from(connection.primary().is_some())
    };
    while reached() < connection.nodes().len() && begin.elapsed() < Duration::from_secs(1) {
        sleep(Duration::from_millis(10)).await;
    }
    let (primary, secondaries) = (connection.primary(), connection.secondaries());
    for node in connection.nodes() {
        let role = match () {
            () if primary.as_ref() == Some(&node) => "the primary",
            () if secondaries.contains(&node) => "a secondary",
            () if connection.arbiters().contains(&node) => "an arbiter, without data",
            () => "not in use",
        };
        println!("  {node} is {role}");
    }
}

/// Which member answers what may be read where.
async fn show_preferences(connection: &Connection) -> Result<()> {
    let admin = connection.database("admin")?;
    for mode in [ReadMode::Primary, ReadMode::SecondaryPreferred, ReadMode::Nearest] {
        let preference = ReadPreference::new(mode);
        let hello = admin.run_command(doc! { "hello": 1 }).read_preference(preference.clone()).await?;
        println!("Read preference {preference}: {} answers.", hello.get_str("me")?);
    }
    Ok(())
}

/// Writes a document after the other, whatever becomes of the primary.
async fn keep_writing(people: &Collection, time: Duration) -> Result<()> {
    let (begin, mut written, mut errors) = (Instant::now(), 0, 0);
    while written == 0 || begin.elapsed() < time {
        errors += write(people, written).await?;
        written += 1;
        sleep(PAUSE).await;
    }
    let counted = people.count_documents(doc! {}).await?;
    println!("Wrote {written} documents in spite of {errors} errors; the set has {counted}.");
    if counted != u64::from(written) { Err("some were lost, or written twice".into()) } else { Ok(()) }
}

/// Writes one document, and returns how many errors that took.
///
/// The connection heals by itself; whether to try again is the program's choice, since a write
/// that failed may have been done. Here it has an `_id` of its own, so it can't be done twice.
async fn write(people: &Collection, number: u32) -> Result<u32> {
    let mut errors = 0;
    loop {
        let Err(error) = people.insert_one(doc! { "_id": number }).await else {
            return Ok(errors);
        };
        if error.is_duplicate_key() && errors > 0 {
            println!("  document {number} is there: an earlier attempt was done, only its answer was lost");
            return Ok(errors);
        }
        if !will_pass(&error) || errors == 100 {
            return Err(error.into());
        }
        errors += 1;
        let done = if error.may_have_run() { "may have been done" } else { "was not done" };
        println!("  document {number} {done}: {:?}: {error}", error.kind());
        sleep(Duration::from_millis(200)).await;
    }
}

/// Whether there will be a primary again.
fn will_pass(error: &actix_mongo::Error) -> bool {
    use Kind::{AutoReconnect, ConnectionFailure, PoolCleared, ServerSelection};
    matches!(error.kind(), AutoReconnect | ConnectionFailure | PoolCleared | ServerSelection)
        || error.is_retryable()
}
