//! The part of JSON Schema that is understood.

use serde_json::{Value, json};

use crate::plain::schema::violations;

/// The keywords that a value violates.
fn found(schema: Value, value: Value) -> Vec<&'static str> {
    violations(&schema, &value).expect("a schema").iter().map(|violation| violation.keyword).collect()
}

fn none() -> Vec<&'static str> {
    Vec::new()
}

#[test]
fn types() {
    for (name, good, bad) in [
        ("object", json!({}), json!([])),
        ("array", json!([]), json!({})),
        ("string", json!(""), json!(1)),
        ("boolean", json!(false), json!(0)),
        ("integer", json!(1), json!(1.5)),
        ("number", json!(1.5), json!("1")),
        ("null", json!(null), json!(false)),
    ] {
        assert_eq!(found(json!({ "type": name }), good), none(), "{name}");
        assert_eq!(found(json!({ "type": name }), bad), ["type"], "{name}");
    }
    assert_eq!(found(json!({ "type": ["string", "array"] }), json!([])), none());
}

#[test]
fn members() {
    let schema = json!({
        "required": ["a"], "additionalProperties": false, "minProperties": 1, "maxProperties": 2,
        "properties": { "a": { "type": "integer" } },
        "patternProperties": { "^aws(:[a-zA-Z0-9_]+)?$": { "type": "string" } },
    });
    assert_eq!(found(schema.clone(), json!({ "a": 1, "aws:x": "" })), none());
    assert_eq!(found(schema.clone(), json!({})), ["required", "minProperties"]);
    assert_eq!(found(schema.clone(), json!({ "a": 1, "b": 1 })), ["additionalProperties"]);
    assert_eq!(found(schema.clone(), json!({ "a": "", "aws": 1 })), ["type", "type"]);
    assert_eq!(found(schema.clone(), json!({ "a": 1, "aws:": "" })), ["additionalProperties"]);
    assert_eq!(found(schema, json!({ "a": 1, "aws": "", "aws:y": "" })), ["maxProperties"]);
    let others = json!({ "additionalProperties": { "type": "string" } });
    assert_eq!(found(others, json!({ "a": "", "b": 1 })), ["type"]);
}

#[test]
fn items_and_values() {
    let schema = json!({ "minItems": 2, "items": { "enum": ["a", "b"] } });
    assert_eq!(found(schema.clone(), json!(["a", "b"])), none());
    assert_eq!(found(schema, json!(["c"])), ["minItems", "enum"]);
    assert_eq!(found(json!({ "const": true }), json!(false)), ["const"]);
    let version = json!({ "pattern": r"^[0-9]+(\.[0-9]+){1,2}$" });
    for good in ["1.0", "10.2.33"] {
        assert_eq!(found(version.clone(), json!(good)), none());
    }
    for bad in ["1", "1.2.3.4", "1.", "1.x", ""] {
        assert_eq!(found(version.clone(), json!(bad)), ["pattern"], "{bad}");
    }
}

#[test]
fn combinations_and_references() {
    let alternatives = json!({ "oneOf": [{ "type": "string" }, { "const": "a" }, { "type": "array" }] });
    assert_eq!(found(alternatives.clone(), json!("b")), none());
    assert_eq!(found(alternatives.clone(), json!("a")), ["oneOf"], "two fit");
    assert_eq!(found(alternatives, json!(1)), ["oneOf", "type", "const", "type"], "none fits, and why");
    let some = json!({ "anyOf": [{ "type": "string" }, { "const": "a" }] });
    assert_eq!(found(some.clone(), json!("a")), none());
    assert_eq!(found(some, json!(1)), ["anyOf", "type", "const"]);
    let excluded = json!({ "allOf": [{ "not": { "required": ["a", "b"] } }] });
    assert_eq!(found(excluded.clone(), json!({ "a": 1 })), none());
    assert_eq!(found(excluded, json!({ "a": 1, "b": 1 })), ["not"]);
    let reference =
        json!({ "definitions": { "x": { "type": "string" } }, "items": { "$ref": "#/definitions/x" } });
    assert_eq!(found(reference, json!(["", 1])), ["type"]);
}

#[test]
fn a_violation_says_where() {
    let schema = json!({ "properties": { "a": { "items": { "type": "string" } } } });
    let found = violations(&schema, &json!({ "a": ["", 1] })).unwrap();
    assert_eq!(found[0].path, "/a/1");
}

#[test]
fn what_is_not_understood_is_an_error() {
    for schema in [
        json!({ "minLength": 1 }),
        json!({ "pattern": "^a+$" }),
        json!({ "type": "date" }),
        json!({ "$ref": "#/definitions/missing" }),
    ] {
        assert!(violations(&schema, &json!("a")).is_err(), "{schema}");
    }
}
