//! Copies a database, and shows how far it is.
//!
//! ```text
//! copy_database
//! copy_database FROM TO [--from-host HOST [--user NAME]] [--drop | --merge]
//! ```
//!
//! Without arguments it makes a small database, copies it, and drops both. `HOST` is a host, or
//! a whole connection string; the password of `NAME` is read from the variable
//! `SOURCE_PASSWORD`. The target is on the server that `MONGODB_URI` names, by default
//! `mongodb://localhost:27017`:
//! `MONGODB_URI=mongodb://localhost:27017 cargo run --example copy_database`.

use std::io::Write;
use std::process::ExitCode;
use std::time::Duration;

use actix_mongo::bson::{Document, doc};
use actix_mongo::{Connection, CopyReport, Credential, ExistingTarget};

type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

const USAGE: &str = "usage: copy_database [FROM TO [--from-host HOST [--user NAME]] [--drop | --merge]]";

fn main() -> ExitCode {
    match actix::System::new().block_on(run()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn run() -> Result<()> {
    let wanted = Wanted::read(std::env::args().skip(1))?;
    let uri = std::env::var("MONGODB_URI").ok().filter(|uri| !uri.is_empty());
    let uri = uri.unwrap_or_else(|| "mongodb://localhost:27017".into());
    let builder = Connection::builder().uri(uri)?.server_selection_timeout(Duration::from_secs(5));
    let connection = builder.connect().await?;
    match wanted {
        Some(wanted) => copy(&connection, wanted).await?,
        None => demonstrate(&connection).await?,
    }
    connection.close(Duration::from_secs(5)).await;
    Ok(())
}

async fn copy(connection: &Connection, wanted: Wanted) -> Result<()> {
    let mut copy = connection.copy_database(&wanted.from, &wanted.to).existing(wanted.existing);
    if let Some(host) = wanted.from_host {
        copy = copy.from_host(host);
    }
    if let Some(user) = wanted.user {
        let password = std::env::var("SOURCE_PASSWORD").map_err(|_| "--user needs SOURCE_PASSWORD")?;
        copy = copy.credential(Credential::new(user, password));
    }

    let mut copying = copy.progress();
    while let Some(progress) = copying.next().await {
        // Back to the beginning of the line, and over what is left of a longer one.
        print!("\r{progress}\x1b[K");
        std::io::stdout().flush()?;
    }
    println!();
    match copying.await {
        Ok(report) => {
            show(&report);
            println!("Copied {} to {}: {report}.", wanted.from, wanted.to);
            Ok(())
        }
        Err(error) => {
            // What is there is there: nothing is undone.
            error.copy_report().inspect(|report| show(report));
            Err(error.into())
        }
    }
}

fn show(report: &CopyReport) {
    for one in &report.collections {
        let state = if one.complete { "complete" } else { "not complete" };
        let (documents, indexes) = (one.documents, one.indexes);
        println!("{:>24}  {documents:>9} documents  {indexes:>2} indexes  {state}", one.name);
    }
    for view in &report.views {
        println!("{view:>24}  a view");
    }
}

/// Makes a database to copy, and lets nothing of it stay.
async fn demonstrate(connection: &Connection) -> Result<()> {
    let (from, to) = ("actix_mongo_copy_source", "actix_mongo_copy_target");
    let (source, target) = (connection.database(from)?, connection.database(to)?);
    source.drop().await?;
    for (name, count) in [("rooms", 20_000), ("guests", 50_000), ("bookings", 30_000)] {
        let all: Vec<Document> =
            (0..count).map(|n| doc! { "_id": n, "room": n % 200, "paid": true }).collect();
        source.collection(name)?.insert_many(&all).await?;
    }
    source.collection("guests")?.create_index(doc! { "room": 1, "paid": -1 }).await?;
    let first_floor = [doc! { "$match": { "room": { "$lt": 100 } } }];
    source.create_collection("first_floor").view_on("rooms".into()).pipeline(first_floor).await?;

    let existing = ExistingTarget::Drop;
    let wanted = Wanted { from: from.into(), to: to.into(), from_host: None, user: None, existing };
    let copied = copy(connection, wanted).await;
    source.drop().await?;
    target.drop().await?;
    copied
}

/// What the command line asks for.
struct Wanted {
    from: String,
    to: String,
    from_host: Option<String>,
    user: Option<String>,
    existing: ExistingTarget,
}

impl Wanted {
    /// `None` without arguments.
    fn read(arguments: impl Iterator<Item = String>) -> Result<Option<Self>> {
        let mut arguments = arguments.peekable();
        let any = arguments.peek().is_some();
        let (mut names, mut from_host, mut user, mut existing) =
            (Vec::new(), None, None, ExistingTarget::Refuse);
        while let Some(argument) = arguments.next() {
            match argument.as_str() {
                "--from-host" => from_host = Some(arguments.next().ok_or(USAGE)?),
                "--user" => user = Some(arguments.next().ok_or(USAGE)?),
                "--drop" => existing = ExistingTarget::Drop,
                "--merge" => existing = ExistingTarget::Merge,
                option if option.starts_with('-') => return Err(USAGE.into()),
                _ => names.push(argument),
            }
        }
        match <[String; 2]>::try_from(names) {
            Ok([from, to]) => Ok(Some(Self { from, to, from_host, user, existing })),
            Err(_) if !any => Ok(None),
            Err(_) => Err(USAGE.into()),
        }
    }
}
