//! `examples/cluster_events.rs`.

use crate::reading::{LONG, assert_clean, fails_without_server, figures, line};
use crate::support::{Ended, Example, server};

/// Where in the output this comes first.
#[track_caller]
fn place(ended: &Ended, part: &str) -> usize {
    ended.stdout.find(part).unwrap_or_else(|| panic!("nothing has {part:?}: {ended}"))
}

#[test]
fn the_timeline_tells_all_in_order() {
    let server = server();
    let ended = Example::new("cluster_events").uri(&server.uri()).run_within(LONG);
    assert!(ended.success, "{ended}");
    let address = server.address();
    let insert = "insert on actix_mongo_cluster_events";
    let place = |part: &String| place(&ended, part);
    let stories = [
        vec![
            "topology  opening".to_owned(),
            format!("server    {address}: Unknown -> RSPrimary"),
            format!("command   {insert}"),
            "command   makeCoffee failed: ".to_owned(),
            "program   read 162 rooms".to_owned(),
            "topology  closed".to_owned(),
        ],
        vec![
            format!("pool      {address} has one"),
            format!("pool      {address} takes calls"),
            format!("pool      {address}: socket 1 is open"),
            format!("command   {insert}"),
            format!("pool      {address} has none any more"),
        ],
    ];
    for story in &stories {
        let places: Vec<_> = story.iter().map(place).collect();
        assert!(places.is_sorted(), "{places:?}: {ended}");
    }

    let [commands, succeeded, failed, pools, topology, missed] = figures(line(&ended, "Heard of"))[..] else {
        panic!("{ended}")
    };
    assert_eq!((commands, failed, missed), (succeeded + 1, 1, 0), "{ended}");
    let told = ended.stdout.lines().filter(|line| line.contains("ms  command ")).count();
    assert_eq!(told as u64, commands, "{ended}");
    let count = |part: &str| ended.stdout.matches(part).count();
    assert_eq!((count(insert), count("find on "), count("dropDatabase on ")), (1, 2, 2), "{ended}");
    assert!(pools > commands && topology > 5, "{ended}");
    assert_clean(&server);
}

#[test]
fn without_a_server_the_timeline_shows_the_checks_that_failed() {
    let ended = fails_without_server("cluster_events");
    assert!(ended.stdout.contains("a check failed: "), "{ended}");
}
