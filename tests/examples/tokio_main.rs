//! `examples/tokio_main.rs`.

use crate::reading::{LONG, assert_clean, fails_without_server, figures, line};
use crate::support::{Example, server};

#[test]
fn it_works_in_a_program_of_tokios() {
    let server = server();
    let ended = Example::new("tokio_main").uri(&server.uri()).run_within(LONG);
    assert!(ended.success, "{ended}");
    assert_eq!(line(&ended, "tasks inserted"), "8 tasks inserted 2000 documents.");
    let [read, sum, ticks] = figures(line(&ended, "while a clock ticked"))[..] else { panic!("{ended}") };
    assert_eq!((read, sum), (2000, 1999 * 1000), "{ended}");
    assert!(ticks > 0, "{ended}");
    assert!(line(&ended, "limit of 1 ns").ends_with("It did not run."), "{ended}");
    assert!(line(&ended, "waited 200 ms").contains("came (true)"), "{ended}");
    assert_eq!(line(&ended, "all the same"), "Then it came all the same: second.");
    assert!(line(&ended, "A second document 0").contains("11000"), "{ended}");
    assert!(line(&ended, "Where nobody listens").contains("127.0.0.1:1"), "{ended}");
    assert_clean(&server);
}

#[test]
fn without_a_server_it_says_so_and_fails() {
    fails_without_server("tokio_main");
}
