//! As much of JSON Schema as the schemas of the format use. They are read from the corpus.

use serde_json::Value;

/// Where a value is not what its schema says, and which keyword says so.
#[derive(Clone, Debug)]
pub struct Violation {
    pub path: String,
    pub keyword: &'static str,
    pub sentence: String,
}

/// All violations, those of alternatives included. An error if the schema has a keyword
/// that is not known here: it is not passed over.
pub fn violations(schema: &Value, value: &Value) -> Result<Vec<Violation>, String> {
    let mut check = Check { root: schema, found: Vec::new() };
    check.value(schema, value, "")?;
    Ok(check.found)
}

struct Check<'a> {
    root: &'a Value,
    found: Vec<Violation>,
}

impl<'a> Check<'a> {
    fn value(&mut self, schema: &'a Value, value: &Value, path: &str) -> Result<(), String> {
        let Value::Object(keywords) = schema else {
            return match schema {
                Value::Bool(true) => Ok(()),
                _ => Err(format!("not a schema: {schema}")),
            };
        };
        for (keyword, argument) in keywords {
            match keyword.as_str() {
                "$schema" | "title" | "definitions" | "$defs" | "deprecated" | "description" => {}
                // Both see to the properties that are named.
                "properties" | "patternProperties" => {}
                "$ref" => self.value(self.resolve(argument)?, value, path)?,
                "allOf" | "anyOf" | "oneOf" | "not" => self.combined(keyword, argument, value, path)?,
                _ => self.simple(keyword, argument, value, path)?,
            }
        }
        if let Value::Object(members) = value {
            for (key, member) in members {
                self.member(schema, key, member, &format!("{path}/{key}"))?;
            }
        }
        Ok(())
    }

    fn member(&mut self, schema: &'a Value, key: &str, member: &Value, path: &str) -> Result<(), String> {
        let mut named = false;
        if let Some(schema) = schema.get("properties").and_then(|properties| properties.get(key)) {
            named = true;
            self.value(schema, member, path)?;
        }
        for (pattern, schema) in
            schema.get("patternProperties").and_then(Value::as_object).into_iter().flatten()
        {
            if fits(pattern, key)? {
                named = true;
                self.value(schema, member, path)?;
            }
        }
        match schema.get("additionalProperties") {
            _ if named => Ok(()),
            None | Some(Value::Bool(true)) => Ok(()),
            Some(Value::Bool(false)) => {
                self.fail(path, "additionalProperties", "is not expected here".to_owned());
                Ok(())
            }
            Some(schema) => self.value(schema, member, path),
        }
    }

    fn combined(
        &mut self,
        keyword: &str,
        schemas: &'a Value,
        value: &Value,
        path: &str,
    ) -> Result<(), String> {
        let single = std::slice::from_ref(schemas);
        let list = schemas.as_array().map_or(single, Vec::as_slice);
        let mut failures = Vec::new();
        for schema in list {
            let mut branch = Check { root: self.root, found: Vec::new() };
            branch.value(schema, value, path)?;
            failures.push(branch.found);
        }
        let fitting = failures.iter().filter(|found| found.is_empty()).count();
        match keyword {
            "oneOf" if fitting != 1 => {
                self.fail(path, "oneOf", format!("fits {fitting} of {} alternatives, not one", list.len()));
                if fitting == 0 {
                    self.found.extend(failures.into_iter().flatten());
                }
            }
            "anyOf" if fitting == 0 => {
                self.fail(path, "anyOf", format!("fits none of {} alternatives", list.len()));
                self.found.extend(failures.into_iter().flatten());
            }
            "not" if fitting == 1 => self.fail(path, "not", format!("must not fit {schemas}")),
            "allOf" => self.found.extend(failures.into_iter().flatten()),
            _ => {}
        }
        Ok(())
    }

    fn simple(
        &mut self,
        keyword: &str,
        argument: &'a Value,
        value: &Value,
        path: &str,
    ) -> Result<(), String> {
        let count = |list: Option<usize>| list.zip(argument.as_u64());
        let items = || count(value.as_array().map(Vec::len));
        let members = || count(value.as_object().map(serde_json::Map::len));
        let few = |counts: Option<(usize, u64)>| counts.is_some_and(|(count, least)| (count as u64) < least);
        match keyword {
            "type" => {
                if !is_of_type(argument, value)? {
                    self.fail(path, "type", format!("is no {argument}"));
                }
            }
            "required" => {
                let names = argument.as_array().into_iter().flatten().filter_map(Value::as_str);
                let missing = names.filter(|name| value.is_object() && value.get(name).is_none());
                for name in missing.collect::<Vec<_>>() {
                    self.fail(path, "required", format!("has no '{name}'"));
                }
            }
            "items" => {
                for (index, item) in value.as_array().into_iter().flatten().enumerate() {
                    self.value(argument, item, &format!("{path}/{index}"))?;
                }
            }
            "enum" => {
                if !argument.as_array().is_some_and(|allowed| allowed.contains(value)) {
                    self.fail(path, "enum", format!("is none of {argument}"));
                }
            }
            "const" if argument != value => self.fail(path, "const", format!("is not {argument}")),
            "pattern" => {
                let pattern = argument.as_str().ok_or("a pattern is no string")?;
                if let Some(text) = value.as_str()
                    && !fits(pattern, text)?
                {
                    self.fail(path, "pattern", format!("does not fit {pattern}"));
                }
            }
            "minItems" if few(items()) => {
                self.fail(path, "minItems", format!("has less than {argument} items"))
            }
            "minProperties" if few(members()) => {
                self.fail(path, "minProperties", format!("has less than {argument} members"));
            }
            "maxProperties" if members().is_some_and(|(count, most)| count as u64 > most) => {
                self.fail(path, "maxProperties", format!("has more than {argument} members"));
            }
            "const" | "minItems" | "minProperties" | "maxProperties" | "additionalProperties" => {}
            other => return Err(format!("a keyword of JSON Schema that is not known here: {other}")),
        }
        Ok(())
    }

    fn resolve(&self, reference: &Value) -> Result<&'a Value, String> {
        let pointer = reference.as_str().and_then(|text| text.strip_prefix('#'));
        let found = pointer.and_then(|pointer| self.root.pointer(pointer));
        found.ok_or_else(|| format!("the schema has nothing at {reference}"))
    }

    fn fail(&mut self, path: &str, keyword: &'static str, sentence: String) {
        self.found.push(Violation { path: path.to_owned(), keyword, sentence });
    }
}

fn is_of_type(types: &Value, value: &Value) -> Result<bool, String> {
    let one = |name: &Value| match name.as_str() {
        Some("object") => Ok(value.is_object()),
        Some("array") => Ok(value.is_array()),
        Some("string") => Ok(value.is_string()),
        Some("boolean") => Ok(value.is_boolean()),
        Some("number") => Ok(value.is_number()),
        Some("null") => Ok(value.is_null()),
        Some("integer") => Ok(value.as_f64().is_some_and(|number| number.fract() == 0.0)),
        _ => Err(format!("a type that is not known here: {name}")),
    };
    match types {
        Value::Array(types) => types.iter().try_fold(false, |any, name| Ok(any || one(name)?)),
        name => one(name),
    }
}

/// The patterns of the schemas are of two forms: a version, and a name that may have a
/// second part after a colon.
fn fits(pattern: &str, text: &str) -> Result<bool, String> {
    const VERSION: &str = r"^[0-9]+(\.[0-9]+){1,2}$";
    const SECOND_PART: &str = "(:[a-zA-Z0-9_]+)?$";
    if pattern == VERSION {
        let digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
        return Ok((2..=3).contains(&text.split('.').count()) && text.split('.').all(digits));
    }
    let name = pattern.strip_prefix('^').and_then(|pattern| pattern.strip_suffix(SECOND_PART));
    let name = name.filter(|name| name.bytes().all(|byte| byte.is_ascii_alphanumeric()));
    let Some(name) = name else { return Err(format!("a pattern that is not known here: {pattern}")) };
    let second = |rest: &str| match rest.strip_prefix(':') {
        Some(part) => {
            !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
        }
        None => rest.is_empty(),
    };
    Ok(text.strip_prefix(name).is_some_and(second))
}
