//! A load generator: callers that read and write documents over one connection, a line that
//! shows how it goes, a report of latencies, and a chart of them.
//!
//! Run it with `cargo run --release --example load_test -- --seconds 30 --rate 5000`, with
//! `MONGODB_URI` set for another server than `mongodb://localhost:27017`; `-- --help` tells of
//! the options. Without `--release` it is the generator that is slow. It works in the database
//! `actix_mongo_load_test`, and drops it in the end, unless `--keep` is given. Ctrl-C ends the
//! load early, and reports what there is.
//!
//! | Module | What |
//! |---|---|
//! | `options` | the arguments |
//! | `schedule` | which operation is due when |
//! | `load` | the callers, and what each operation is |
//! | `record` | what is kept of them: HDR histograms, and a row for each moment |
//! | `progress` | the line |
//! | `report` | the tables |
//! | `chart` | the picture |

mod chart;
mod load;
mod options;
mod progress;
mod record;
mod report;
mod schedule;

use std::process::ExitCode;
use std::sync::Arc;
use std::time::{Duration, Instant};

use actix_mongo::Connection;
use actix_mongo::bson::doc;
use clap::Parser;
use tokio::task::JoinSet;
use tokio::time::MissedTickBehavior;

use crate::load::{Load, SEEDED};
use crate::options::Options;
use crate::progress::Progress;
use crate::record::{Record, Run};

type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

fn main() -> ExitCode {
    let options = Options::parse();
    let threads = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    match threads.map_err(Into::into).and_then(|threads| threads.block_on(test(options))) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn test(options: Options) -> Result<()> {
    let uri = std::env::var("MONGODB_URI").ok().filter(|uri| !uri.is_empty());
    let uri = uri.unwrap_or_else(|| "mongodb://localhost:27017".into());
    let connection = Connection::builder()
        .uri(&uri)?
        .server_selection_timeout(Duration::from_secs(5))
        .timeout(Duration::from_secs(30))
        .max_pool_size(options.sockets)
        .min_pool_size(options.sockets)
        .connect()
        .await?;
    // Now, and not when the load is over and all that it has to show is lost.
    chart::check(&options.chart)?;
    let database = connection.database("actix_mongo_load_test")?;
    database.drop().await?;
    let things = database.collection_of("things")?;
    load::seed(&things, options.size).await?;

    println!("{options}");
    println!("Server: {}", report::server(&connection.state()));
    let run = drive(Arc::new(Load::new(things.clone(), &options)), &options).await?;
    println!("{}", report::page(&run));
    chart::save(&run, &options.chart)?;
    println!("Chart: {}", options.chart.display());

    let (least, most) = run.documents();
    let counted = things.count_documents(doc! {}).await?;
    println!(
        "The collection has {counted} documents, of which {} were inserted by the load.",
        counted - SEEDED
    );
    if !options.keep {
        database.drop().await?;
    }
    connection.close(Duration::from_secs(5)).await;
    if !(least..=most).contains(&(counted - SEEDED)) {
        return Err(format!("{least} to {most} documents should have been inserted").into());
    }
    if run.succeeded() == 0 {
        return Err("no operation succeeded".into());
    }
    Ok(())
}

/// Lets all callers loose, watches them, and returns what happened.
async fn drive(load: Arc<Load>, options: &Options) -> Result<Run> {
    let mut callers: JoinSet<()> = (0..options.callers).map(|number| load.clone().call(number)).collect();
    let mut record = Record::new(load.clone());
    let mut progress = Progress::new();
    let mut clock = tokio::time::interval(options.interval());
    clock.set_missed_tick_behavior(MissedTickBehavior::Delay);
    clock.tick().await;
    let interrupted = tokio::signal::ctrl_c();
    tokio::pin!(interrupted);
    loop {
        tokio::select! {
            _ = clock.tick() => {
                let moment = record.collect(Instant::now());
                progress.show(moment, &mut record.since);
            }
            _ = &mut interrupted, if !load.schedule.is_over() => load.schedule.stop(),
            ended = callers.join_next() => match ended {
                Some(ended) => ended?,
                None => break,
            },
        }
    }
    progress.finish();
    Ok(record.finish(options))
}
