//! `examples/replica_set.rs` on a set of three members, played by scripted servers.

use std::io::{BufRead, BufReader};
use std::sync::Arc;
use std::sync::atomic::{AtomicI32, Ordering};
use std::time::Duration;

use actix_mongo::bson::{doc, oid::ObjectId};
use test_support::{Hello, Rule, ScriptedServer};

use crate::reading::{LONG, figures};
use crate::support::Example;

/// Three members that have their documents in common, which they only count.
struct Set {
    members: [ScriptedServer; 3],
    hosts: Vec<String>,
    documents: Arc<AtomicI32>,
}

/// What a server says that is primary no more.
const NOT_WRITABLE_PRIMARY: i32 = 10107;

impl Set {
    /// The first is primary.
    fn start() -> Self {
        let members = [(); 3].map(|()| ScriptedServer::builder().start());
        let hosts = members.iter().map(|member| member.address().to_string()).collect();
        let set = Self { members, hosts, documents: Arc::default() };
        set.elect(0, 1);
        set
    }

    /// Makes one member primary and the others secondaries.
    fn elect(&self, primary: usize, term: u8) {
        // The old one first: there is none for a moment.
        for (number, member) in self.members.iter().enumerate().filter(|(number, _)| *number != primary) {
            member.clear_rules();
            member.rule(Rule::on("insert").fail(NOT_WRITABLE_PRIMARY, "NotWritablePrimary"));
            member.set_hello(Hello::secondary("foo").hosts(&self.hosts).with("me", &self.hosts[number]));
        }
        let (member, documents) = (&self.members[primary], self.documents.clone());
        member.clear_rules();
        member.rule(Rule::on("insert").reply_with(move |_| {
            documents.fetch_add(1, Ordering::SeqCst);
            doc! { "n": 1, "ok": 1 }
        }));
        let documents = self.documents.clone();
        member.rule(Rule::on("aggregate").reply_with(move |_| {
            let count = doc! { "n": documents.load(Ordering::SeqCst) };
            doc! { "cursor": { "id": 0_i64, "ns": "a.b", "firstBatch": [count] }, "ok": 1 }
        }));
        let election = ObjectId::from_bytes([term; 12]);
        member.set_hello(Hello::primary("foo").hosts(&self.hosts).with("electionId", election));
    }
}

#[test]
fn writes_go_on_with_the_next_primary() {
    let set = Set::start();
    let [first, second, third] = &set.members;
    // A secondary is as good a seed as any.
    let example = Example::new("replica_set").uri(&third.uri()).arguments(["--for", "2"]);
    let (running, stdout) = example.start();
    let mut lines = BufReader::new(stdout).lines().map(Result::unwrap);
    let mut story = Vec::new();
    story.extend(lines.by_ref().take_while(|line| !line.contains("see what happens")));
    let story = story.join("\n");
    assert!(story.contains(" alone, 3 members of \"foo\" are known:"), "{story}");
    assert!(story.contains(&format!("{} is the primary", first.address())), "{story}");
    for secondary in [second, third] {
        assert!(story.contains(&format!("{} is a secondary", secondary.address())), "{story}");
    }
    assert!(story.contains(&format!("preference primary: {} answers", first.address())), "{story}");
    let read = story.lines().find(|line| line.contains("preference secondaryPreferred: ")).unwrap();
    assert!(!read.contains(&first.address().to_string()), "{read}");

    first.wait_for(|log| log.count("insert") >= 3, Duration::from_secs(10));
    set.elect(1, 2);
    let end = lines.find(|line| line.starts_with("Wrote ")).unwrap();
    let next = format!("Port {} of 127.0.0.1 is the primary now.", second.address().port());
    assert_eq!(lines.next(), Some(next));
    let [written, _, counted] = figures(&end)[..] else { panic!("{end}") };
    assert_eq!(written, counted, "{end}");
    assert!(second.log().count("insert") > 0, "{end}");
    let ended = running.end_within(LONG);
    assert!(ended.success, "{ended}");
}
