//! Counting: children under valgrind, where there is one.

use std::path::PathBuf;
use std::process::Command;

use crate::support::{PROGRAM, benches, lines};

#[test]
fn two_of_the_same_program_take_as_many_instructions() {
    if Command::new("valgrind").arg("--version").output().is_err() {
        eprintln!("SKIPPED: valgrind is not installed");
        return;
    }
    let out = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("instructions.jsonl");
    let out = out.to_str().expect("a path that is text");
    let few = ["--only=ping/nobody", "--rounds=1", "--operations=300", "--silent", PROGRAM, "--out", out];
    let output = benches(&[&["instructions"][..], &few].concat());
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let rows = lines(out);
    let names: Vec<_> = rows.iter().map(|row| row["case"].as_str().expect("a name")).collect();
    assert_eq!(names, ["ping/silent", "ping/nobody"]);
    for row in &rows {
        assert!(row["instructions"].as_f64() > Some(1000.0), "{row}");
        assert!(row["ratio"].as_f64().is_some_and(|ratio| (ratio - 1.0).abs() < 0.1), "{row}");
    }
}
