//! `copy_database` of much, and what it says while it copies.

use std::fs;
use std::process::Command;

use actix_mongo::bson::{Document, doc};
use actix_mongo::{Connection, CopyProgress, ExistingTarget};
use test_support::{DropAfter, block_on};

use crate::copying_scene::{Pair, count};

const COLLECTIONS: i32 = 20;
const DOCUMENTS: i32 = 50_000;
/// Bytes of each document's text.
const TEXT: usize = 1000;

/// The process that copies is told by these whence and whither.
const CHILD: [&str; 3] = ["ACTIX_MONGO_COPY_URI", "ACTIX_MONGO_COPY_FROM", "ACTIX_MONGO_COPY_TO"];

/// By the system's own account.
fn peak_kilobytes() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmHWM:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

/// Runs in a process of its own, whose memory is nobody else's.
#[test]
fn fifty_thousand_documents_need_little_memory() {
    if let [Ok(uri), Ok(from), Ok(to)] = CHILD.map(std::env::var) {
        return copy_and_tell(&uri, &from, &to);
    }
    let pair = Pair::new();
    let text = "x".repeat(TEXT);
    for number in 0..COLLECTIONS {
        let collection = pair.source().collection(&format!("c{number}")).unwrap();
        let each = DOCUMENTS / COLLECTIONS;
        let all: Vec<Document> = (0..each).map(|id| doc! { "_id": id, "text": &text }).collect();
        block_on(collection.insert_many(&all).into_future()).unwrap();
    }
    let address = pair.connection().state().servers[0].address.to_string();
    let mut child = Command::new(std::env::current_exe().unwrap());
    child.args(["--exact", "copying_large::fifty_thousand_documents_need_little_memory", "--nocapture"]);
    let values = [format!("mongodb://{address}"), pair.from.clone(), pair.to.clone()];
    let output = child.envs(CHILD.into_iter().zip(values)).output().unwrap();
    let printed = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{printed}");
    let grown = printed.lines().find_map(|line| line.strip_prefix("grown by ")).expect(&printed);
    let grown: u64 = grown.trim().parse().unwrap();
    let all = DOCUMENTS as u64 * TEXT as u64 / 1024;
    println!("{grown} kB more at its peak, for {all} kB of documents");
    assert!(grown < all / 2, "{grown} kB more at its peak, for {all} kB of documents");
    for number in 0..COLLECTIONS {
        let there = count(&pair.target(), &format!("c{number}"));
        assert_eq!(there, (DOCUMENTS / COLLECTIONS) as u64, "c{number}");
    }
}

fn copy_and_tell(uri: &str, from: &str, to: &str) {
    let connection = block_on(Connection::connect(uri)).unwrap();
    let before = peak_kilobytes();
    let copy = connection.copy_database(from, to).batch_size(200).parallelism(8);
    let report = block_on(copy.into_future()).unwrap();
    assert_eq!(report.documents(), DOCUMENTS as u64);
    println!("\ngrown by {}", peak_kilobytes() - before);
}

#[test]
fn progress_adds_up_to_the_report() {
    let pair = Pair::new();
    for name in ["a", "b", "c", "d", "e"] {
        pair.fill(name, 400);
    }
    let view = doc! { "create": "view", "viewOn": "a", "pipeline": [] };
    block_on(pair.source().run_command(view).into_future()).unwrap();
    block_on(pair.source().collection("a").unwrap().create_index(doc! { "text": 1 }).into_future()).unwrap();
    let copy = pair.connection().copy_database(&pair.from, &pair.to).batch_size(50).parallelism(2);
    let mut copying = copy.progress();
    assert_eq!(copying.so_far(), Default::default(), "nothing before it is polled");
    let mut all: Vec<CopyProgress> = Vec::new();
    while let Some(progress) = block_on(copying.next()) {
        all.push(progress);
    }
    let report = block_on(&mut copying).unwrap();
    let grows = |of: fn(&CopyProgress) -> u64| all.is_sorted_by_key(of);
    assert!(grows(|progress| progress.documents) && grows(|progress| progress.bytes));
    assert!(grows(|progress| progress.collections_complete) && grows(|progress| progress.views));
    assert!(all.is_sorted_by_key(|progress| progress.elapsed));
    assert!(all.len() > 20, "{} items for 40 batches", all.len());
    let last = all.last().unwrap();
    assert_eq!((last.collections, last.collections_complete), (5, 5));
    assert_eq!((last.documents, last.documents_expected), (2000, 2000));
    assert_eq!((report.documents(), report.bytes()), (last.documents, last.bytes));
    assert_eq!((last.indexes, last.views), (1, 1));
    assert_eq!((report.indexes(), report.views.len()), (1, 1));
    assert_eq!(report.duration, last.elapsed);
    assert_eq!(report.duration, copying.so_far().duration, "time stands still after the end");
    assert_eq!(block_on(&mut copying).unwrap(), report, "it may be awaited again");
    assert!(block_on(copying.next()).is_none());
}

#[test]
fn a_slow_reader_of_the_progress_gets_fewer_items_and_the_same_sums() {
    let pair = Pair::new();
    pair.fill("a", 2000);
    let copy = pair.connection().copy_database(&pair.from, &pair.to).batch_size(50);
    let mut copying = copy.progress();
    let first = block_on(copying.next()).unwrap();
    // Somebody else drives it for a while; then what happened since is one item.
    while copying.so_far().documents() < 1000 {
        let _ = block_on(DropAfter::new(2, &mut copying));
    }
    let so_far = copying.so_far().documents();
    let merged = block_on(copying.next()).unwrap();
    assert!(first.documents < 1000 && merged.documents >= so_far, "{first}; {merged}");
    let report = block_on(copying).unwrap();
    assert_eq!(report.documents(), 2000);
}

#[test]
fn it_runs_on_any_executor_and_can_be_spawned() {
    let pair = Pair::new();
    pair.fill("a", 500);
    let copy = || pair.connection().copy_database(&pair.from, &pair.to).existing(ExistingTarget::Drop);
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).build().unwrap();
    let spawned = runtime.spawn(copy().into_future());
    assert_eq!(runtime.block_on(spawned).unwrap().unwrap().documents(), 500);
    let mut copying = copy().progress();
    let stream = runtime.spawn(async move {
        while copying.next().await.is_some() {}
        copying.await
    });
    assert_eq!(runtime.block_on(stream).unwrap().unwrap().documents(), 500);
    let system = actix::System::new();
    assert_eq!(system.block_on(copy().into_future()).unwrap().documents(), 500);
}
