//! What is an import, and what only looks like one.

use super::*;

/// The paths found in a file that holds `pool::queue`.
fn found(text: &str) -> Vec<String> {
    let module = ["pool".to_owned(), "queue".to_owned()];
    let scan = scan(text, &module).expect("it is Rust");
    scan.imports.iter().map(|import| import.path.join("::")).collect()
}

#[test]
fn use_trees_are_taken_apart() {
    assert_eq!(found("use crate::a::B;"), ["a::B"]);
    assert_eq!(found("use crate::{a::{B, c::*, self as d}, e};"), ["a::B", "a::c", "a", "e"]);
    assert_eq!(found("use super::X; use super::super::y::Z;"), ["pool::X", "y::Z"]);
    assert_eq!(found("use super::{super::y, X};"), ["y", "pool::X"]);
    assert_eq!(found("use self::super::X; use self::own::Y;"), ["pool::X", "pool::queue::own::Y"]);
    assert_eq!(found("pub(crate) use crate::a as b;"), ["a"]);
    assert_eq!(found("use {crate::a, std::fmt, super::b};"), ["a", "pool::b"]);
}

#[test]
fn paths_in_code_count_too() {
    assert_eq!(found("fn f(a: crate::a::A<super::B>) -> c::D {}"), ["a::A", "pool::B"]);
    assert_eq!(found("fn f() { crate::a::f::<crate::b::C>(); }"), ["a::f", "b::C"]);
    assert_eq!(found("fn f() { format!(\"{}\", crate::a::X) }"), ["a::X"]);
    assert_eq!(found("macro_rules! m { () => { $crate::a::X } }"), ["a::X"]);
    assert_eq!(found("mod inner { use super::X; use super::super::Y; }"), ["pool::queue::X", "pool::Y"]);
    assert_eq!(found("#[derive(Clone)] struct S(crate::a::A);"), ["a::A"]);
}

#[test]
fn what_is_no_import_is_left_alone() {
    for text in [
        "// use crate::a;",
        "/// [`crate::a::B`]\nfn f() {}",
        "/* crate::a /* nested */ crate::b */",
        "//! see crate::a",
        "const S: &str = \"crate::a\";",
        "const S: &str = r#\"\"crate::a\"#;",
        "pub(crate) fn f() {}",
        "pub(super) struct S;",
        "fn f(&self) { self.x; }",
        "fn f() -> std::fmt::Result { a::b::c() }",
    ] {
        assert_eq!(found(text), Vec::<String>::new(), "{text}");
    }
}

#[test]
fn tests_are_left_out() {
    for text in [
        "#[cfg(test)] mod tests { use crate::a; }",
        "#[cfg(test)] use crate::a::{b, c};",
        "#[cfg(all(test, feature = \"f\"))] fn f<A, B>() { crate::a::g() }",
        "#[cfg(test)] #[allow(dead_code)] impl X { fn f() { crate::a::g() } }",
        "#![cfg(test)] use crate::a;",
        "fn f() { g(#[cfg(test)] crate::a::X, 1) }",
    ] {
        assert_eq!(found(text), Vec::<String>::new(), "{text}");
    }
    assert_eq!(found("#[cfg(not(test))] use crate::a;"), ["a"]);
    assert_eq!(found("#[cfg(any(test, unix))] use crate::a;"), ["a"]);
    assert_eq!(found("#[cfg(test)] mod tests; use crate::a;"), ["a"]);
    assert_eq!(found("struct S { #[cfg(test)] x: u8, y: crate::a::A }"), ["a::A"]);
}

#[test]
fn test_modules_in_other_files_are_told() {
    let text = "#[cfg(test)]\n#[path = \"x_tests.rs\"]\nmod tests;\n\
                mod inner { #[cfg(test)] pub(crate) mod more; }";
    let scan = scan(text, &["pool".to_owned()]).expect("it is Rust");
    let module = |path: &[&str], file: Option<&str>| TestModule {
        path: path.iter().map(|&segment| segment.to_owned()).collect(),
        file: file.map(str::to_owned),
    };
    let expected = [module(&["tests"], Some("x_tests.rs")), module(&["inner", "more"], None)];
    assert_eq!(scan.test_modules, expected);
}

#[test]
fn lines_are_those_of_the_branch() {
    let scan = scan("\nuse crate::{\n    a,\n    b::C,\n};\n", &[]).expect("it is Rust");
    let lines: Vec<_> = scan.imports.iter().map(|import| import.line).collect();
    assert_eq!(lines, [3, 4]);
}
