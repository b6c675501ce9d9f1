//! Matching without operators.

use bson::{Bson, Decimal128, bson, doc};

use crate::plain::matching::{Matcher, Names, same_document};

/// A case with one saved value and one session.
pub struct Saved;

impl Names for Saved {
    fn saved_value(&self, name: &str) -> Result<Bson, String> {
        (name == "saved").then(|| bson!({ "a": 1 })).ok_or_else(|| "undefined".to_owned())
    }

    fn session_id(&self, name: &str) -> Result<Bson, String> {
        (name == "session0").then(|| bson!({ "id": "x" })).ok_or_else(|| "undefined".to_owned())
    }
}

/// Whether a value that stands alone is as expected.
pub fn fits(expected: Bson, actual: impl Into<Option<Bson>>) -> bool {
    Matcher::new(&Saved).root(&expected, actual.into().as_ref()).is_ok()
}

#[test]
fn fields_may_be_more_at_the_root_only() {
    assert!(fits(bson!({ "x": 1 }), bson!({ "x": 1, "y": 1 })));
    assert!(!fits(bson!({ "x": 1, "y": 1 }), bson!({ "x": 1 })));
    assert!(!fits(bson!({ "x": { "y": 1 } }), bson!({ "x": { "y": 1, "z": 1 } })));
    assert!(!fits(bson!([{ "x": 1 }]), bson!([{ "x": 1, "y": 1 }])));
}

#[test]
fn the_order_of_fields_is_free_that_of_elements_is_not() {
    assert!(fits(bson!({ "x": 1, "y": { "a": 1, "b": 2 } }), bson!({ "y": { "b": 2, "a": 1 }, "x": 1 })));
    assert!(!fits(bson!([1, 2]), bson!([2, 1])));
    assert!(!fits(bson!([1, 2]), bson!([1, 2, 3])));
    assert!(!fits(bson!([1, 2]), bson!([1])));
}

#[test]
fn numbers_are_compared_by_value_whatever_their_types() {
    for actual in [Bson::Int32(1), Bson::Int64(1), Bson::Double(1.0)] {
        for expected in [Bson::Int32(1), Bson::Int64(1), Bson::Double(1.0)] {
            assert!(fits(expected, actual.clone()));
        }
        assert!(!fits(Bson::Double(1.5), actual.clone()));
        assert!(!fits(Bson::String("1".into()), actual.clone()));
        assert!(!fits(Bson::Decimal128("1".parse::<Decimal128>().unwrap()), actual));
    }
    let large = i64::MAX - 1;
    assert!(!fits(Bson::Int64(i64::MAX), Bson::Int64(large)));
}

#[test]
fn other_types_must_be_the_same() {
    assert!(!fits(bson!(true), bson!(1)));
    assert!(!fits(Bson::Null, None));
    assert!(fits(Bson::Null, Bson::Null));
    assert!(!fits(bson!({ "x": null }), bson!({})));
    assert!(!fits(bson!({}), bson!([])));
}

#[test]
fn rows_stand_alone_each() {
    let matcher = Matcher::new(&Saved);
    let rows = [doc! { "x": 1, "y": 1 }, doc! { "x": 2 }];
    assert!(matcher.rows(&bson!([{ "x": 1 }, { "x": 2 }]), &rows).is_ok());
    assert!(matcher.rows(&bson!([{ "x": 1 }]), &rows).is_err());
    assert!(matcher.rows(&bson!([{ "x": 2 }, { "x": 1 }]), &rows).is_err());
    assert!(matcher.rows(&bson!({ "$$unsetOrMatches": [{ "x": 1, "y": 1 }, { "x": 2 }] }), &rows).is_ok());
}

#[test]
fn an_error_says_where() {
    let compared =
        Matcher::new(&Saved).root(&bson!({ "a": [{ "b": 1 }] }), Some(&bson!({ "a": [{ "b": 2 }] })));
    assert_eq!(compared.unwrap_err(), "at '/a/0/b': expected 1, got 2");
}

#[test]
fn outcomes_are_compared_with_their_types() {
    assert!(same_document(
        &doc! { "a": 1, "b": { "c": 1, "d": 2 } },
        &doc! { "b": { "d": 2, "c": 1 }, "a": 1 }
    ));
    assert!(!same_document(&doc! { "a": 1 }, &doc! { "a": 1_i64 }));
    assert!(!same_document(&doc! { "a": 1 }, &doc! { "a": 1, "b": 1 }));
    assert!(!same_document(&doc! { "a": 1, "b": 1 }, &doc! { "a": 1 }));
    assert!(same_document(&doc! { "a": f64::NAN }, &doc! { "a": f64::NAN }));
}
