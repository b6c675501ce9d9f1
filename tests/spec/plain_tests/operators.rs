//! The special operators.

use bson::{Bson, bson};

use crate::matching::fits;

#[test]
fn exists() {
    assert!(fits(bson!({ "x": { "$$exists": true } }), bson!({ "x": null })));
    assert!(!fits(bson!({ "x": { "$$exists": true } }), bson!({})));
    assert!(fits(bson!({ "x": { "$$exists": false } }), bson!({ "y": 1 })));
    assert!(!fits(bson!({ "x": { "$$exists": false } }), bson!({ "x": null })));
}

#[test]
fn types_by_their_names() {
    assert!(fits(bson!({ "$$type": "int" }), bson!(1)));
    assert!(!fits(bson!({ "$$type": "int" }), bson!(1_i64)));
    assert!(fits(bson!({ "$$type": ["int", "long"] }), bson!(1_i64)));
    assert!(fits(bson!({ "$$type": "number" }), bson!(1.5)));
    assert!(!fits(bson!({ "$$type": "number" }), bson!("1.5")));
    assert!(fits(bson!({ "$$type": "array" }), bson!([1])));
    assert!(fits(bson!({ "$$type": "object" }), bson!({})));
    assert!(!fits(bson!({ "$$type": "object" }), None));
    assert!(!fits(bson!({ "$$type": "integer" }), bson!(1)), "no such name");
}

#[test]
fn unset_or_matches() {
    let expected = bson!({ "$$unsetOrMatches": { "id": { "$$unsetOrMatches": 2 } } });
    assert!(fits(expected.clone(), None));
    assert!(fits(expected.clone(), bson!({ "id": 2 })));
    assert!(fits(expected.clone(), bson!({ "other": 2 })), "it stays a root");
    assert!(!fits(expected.clone(), bson!({ "id": 3 })));
    assert!(!fits(expected, bson!({ "id": null })));
    assert!(!fits(bson!({ "x": { "$$unsetOrMatches": { "y": 1 } } }), bson!({ "x": { "y": 1, "z": 1 } })));
}

#[test]
fn entities() {
    assert!(fits(bson!({ "x": { "$$matchesEntity": "saved" } }), bson!({ "x": { "a": 1 } })));
    assert!(!fits(bson!({ "x": { "$$matchesEntity": "saved" } }), bson!({ "x": { "a": 2 } })));
    assert!(!fits(bson!({ "x": { "$$matchesEntity": "other" } }), bson!({ "x": { "a": 1 } })));
    assert!(fits(bson!({ "lsid": { "$$sessionLsid": "session0" } }), bson!({ "lsid": { "id": "x" } })));
    assert!(!fits(bson!({ "lsid": { "$$sessionLsid": "session0" } }), bson!({ "lsid": { "id": "y" } })));
    assert!(!fits(bson!({ "lsid": { "$$sessionLsid": "session0" } }), bson!({})));
}

#[test]
fn bytes() {
    assert!(fits(bson!({ "$$matchesHexBytes": "61Ff".to_lowercase() }), binary(&[0x61, 0xff])));
    assert!(fits(bson!({ "$$matchesHexBytes": "" }), bson!("")));
    assert!(fits(bson!({ "$$matchesHexBytes": "6162" }), bson!("ab")));
    assert!(!fits(bson!({ "$$matchesHexBytes": "6162" }), bson!("abc")));
    for malformed in ["6", "6g", "ää", "+1"] {
        assert!(!fits(bson!({ "$$matchesHexBytes": malformed }), bson!("")), "{malformed}");
    }
    // No digits, though a parser of numbers would take it.
    assert!(!fits(bson!({ "$$matchesHexBytes": "+1" }), binary(&[1])));
}

#[test]
fn at_most() {
    assert!(fits(bson!({ "$$lte": 5 }), bson!(5.0)));
    assert!(fits(bson!({ "$$lte": 1 }), bson!(0.5)));
    assert!(!fits(bson!({ "$$lte": 1 }), bson!(1.1)));
    assert!(!fits(bson!({ "$$lte": 1 }), bson!("0")));
    assert!(!fits(bson!({ "$$lte": 1 }), None));
}

#[test]
fn documents_as_text() {
    let expected = |inner: Bson| bson!({ "$$matchAsDocument": inner });
    let text = bson!("{\"x\": 1, \"y\": {\"$numberLong\": \"2\"}}");
    assert!(fits(expected(bson!({ "x": 1, "y": 2 })), text.clone()));
    assert!(!fits(expected(bson!({ "x": 1 })), text.clone()), "not a root");
    assert!(fits(expected(bson!({ "$$matchAsRoot": { "x": 1 } })), text));
    for other in [bson!("1"), bson!("[1]"), bson!("{\"$oid\": \"nonsense\"}"), bson!("x"), bson!({ "x": 1 })]
    {
        assert!(!fits(expected(bson!({ "$$matchAsRoot": {} })), other));
    }
}

#[test]
fn documents_as_roots() {
    assert!(fits(bson!({ "x": { "$$matchAsRoot": { "y": 1 } } }), bson!({ "x": { "y": 1, "z": 1 } })));
    assert!(!fits(bson!({ "x": { "$$matchAsRoot": { "y": 3 } } }), bson!({ "x": { "y": 1, "z": 1 } })));
    assert!(!fits(bson!({ "x": { "$$matchAsRoot": {} } }), bson!({ "x": 1 })));
}

#[test]
fn what_is_not_known_does_not_match() {
    assert!(!fits(bson!({ "$$unknown": 1 }), bson!(1)));
    assert!(!fits(bson!({ "$$exists": 1 }), bson!(1)));
    // Two keys are no operator, but fields.
    assert!(!fits(bson!({ "$$exists": true, "x": 1 }), bson!({ "x": 1 })));
}

fn binary(bytes: &[u8]) -> Bson {
    Bson::Binary(bson::Binary { subtype: bson::spec::BinarySubtype::Generic, bytes: bytes.to_vec() })
}
