//! Documents as relaxed extended JSON, no further than it is shown.

use std::fmt::Write;

use bson::spec::BinarySubtype;
use bson::{DateTime, RawArray, RawBsonRef, RawDocument};

/// What stands where something was cut off.
const ELLIPSIS: &str = "...";

/// The document, cut off after `longest` bytes (fewer, where that would cut a character).
pub fn cut(document: &RawDocument, longest: usize) -> String {
    let mut text = Text { text: String::new(), longest };
    // An error is the text's length: what is missing is cut off anyway.
    let _ = text.document(document);
    let Text { mut text, .. } = text;
    if text.len() > longest {
        text.truncate(text.floor_char_boundary(longest));
        text.push_str(ELLIPSIS);
    }
    text
}

/// The text has all the bytes that are shown, and more.
struct Full;

type Done = Result<(), Full>;

struct Text {
    text: String,
    longest: usize,
}

impl Text {
    fn document(&mut self, document: &RawDocument) -> Done {
        self.list(['{', '}'], document.iter().map_while(Result::ok), |text, (key, value)| {
            text.string(key.as_str())?;
            text.put(":")?;
            text.value(value)
        })
    }

    fn array(&mut self, array: &RawArray) -> Done {
        self.list(['[', ']'], array.into_iter().map_while(Result::ok), Self::value)
    }

    fn list<T>(
        &mut self,
        [open, close]: [char; 2],
        items: impl Iterator<Item = T>,
        write: impl Fn(&mut Self, T) -> Done,
    ) -> Done {
        self.text.push(open);
        for (index, item) in items.enumerate() {
            if index > 0 {
                self.put(",")?;
            }
            write(self, item)?;
        }
        self.text.push(close);
        self.full()
    }

    fn value(&mut self, value: RawBsonRef<'_>) -> Done {
        match value {
            RawBsonRef::Double(number) if number.is_finite() => self.put(&format!("{number:?}")),
            RawBsonRef::Double(number) => {
                let name = match number {
                    _ if number.is_nan() => "NaN",
                    _ if number > 0.0 => "Infinity",
                    _ => "-Infinity",
                };
                self.put(&format!(r#"{{"$numberDouble":"{name}"}}"#))
            }
            RawBsonRef::String(string) => self.string(string),
            RawBsonRef::Array(array) => self.array(array),
            RawBsonRef::Document(document) => self.document(document),
            RawBsonRef::Boolean(value) => self.put(if value { "true" } else { "false" }),
            RawBsonRef::Null => self.put("null"),
            RawBsonRef::RegularExpression(regex) => {
                self.put(r#"{"$regularExpression":{"pattern":"#)?;
                self.string(regex.pattern.as_str())?;
                self.put(r#","options":"#)?;
                self.string(regex.options.as_str())?;
                self.put("}}")
            }
            RawBsonRef::JavaScriptCode(code) => {
                self.put(r#"{"$code":"#)?;
                self.string(code)?;
                self.put("}")
            }
            RawBsonRef::JavaScriptCodeWithScope(code) => {
                self.put(r#"{"$code":"#)?;
                self.string(code.code)?;
                self.put(r#","$scope":"#)?;
                self.document(code.scope)?;
                self.put("}")
            }
            RawBsonRef::Int32(number) => self.put(&number.to_string()),
            RawBsonRef::Int64(number) => self.put(&number.to_string()),
            RawBsonRef::Timestamp(time) => {
                self.put(&format!(r#"{{"$timestamp":{{"t":{},"i":{}}}}}"#, time.time, time.increment))
            }
            RawBsonRef::Binary(binary) => self.binary(binary.subtype, binary.bytes),
            RawBsonRef::ObjectId(id) => self.put(&format!(r#"{{"$oid":"{id}"}}"#)),
            RawBsonRef::DateTime(time) => self.put(&date(time)),
            RawBsonRef::Symbol(symbol) => {
                self.put(r#"{"$symbol":"#)?;
                self.string(symbol)?;
                self.put("}")
            }
            RawBsonRef::Decimal128(number) => self.put(&format!(r#"{{"$numberDecimal":"{number}"}}"#)),
            RawBsonRef::Undefined => self.put(r#"{"$undefined":true}"#),
            RawBsonRef::MaxKey => self.put(r#"{"$maxKey":1}"#),
            RawBsonRef::MinKey => self.put(r#"{"$minKey":1}"#),
            // Its parts can't be seen from here, and no server sends it.
            RawBsonRef::DbPointer(_) => self.put(r#"{"$dbPointer":{}}"#),
        }
    }

    fn string(&mut self, string: &str) -> Done {
        self.text.push('"');
        for character in string.chars() {
            match character {
                '"' => self.text.push_str("\\\""),
                '\\' => self.text.push_str("\\\\"),
                '\n' => self.text.push_str("\\n"),
                '\r' => self.text.push_str("\\r"),
                '\t' => self.text.push_str("\\t"),
                control if control < ' ' => {
                    // Writing to a string can't fail.
                    let _ = write!(self.text, "\\u{:04x}", u32::from(control));
                }
                other => self.text.push(other),
            }
            self.full()?;
        }
        self.put("\"")
    }

    fn binary(&mut self, subtype: BinarySubtype, bytes: &[u8]) -> Done {
        const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
        self.put(r#"{"$binary":{"base64":""#)?;
        for group in bytes.chunks(3) {
            let byte = |at: usize| u32::from(group.get(at).copied().unwrap_or(0));
            let bits = byte(0) << 16 | byte(1) << 8 | byte(2);
            for place in 0..4 {
                let digit = DIGITS[(bits >> (18 - 6 * place) & 63) as usize];
                self.text.push(if place <= group.len() { char::from(digit) } else { '=' });
            }
            self.full()?;
        }
        self.put(&format!(r#"","subType":"{:02x}"}}}}"#, u8::from(subtype)))
    }

    fn put(&mut self, text: &str) -> Done {
        self.text.push_str(text);
        self.full()
    }

    fn full(&self) -> Done {
        if self.text.len() > self.longest { Err(Full) } else { Ok(()) }
    }
}

/// Years that RFC 3339 can tell are told by it; others by their number.
fn date(time: DateTime) -> String {
    const YEAR_10000: i64 = 253_402_300_800_000;
    let millis = time.timestamp_millis();
    match time.try_to_rfc3339_string() {
        Ok(text) if (0..YEAR_10000).contains(&millis) => format!(r#"{{"$date":"{text}"}}"#),
        _ => format!(r#"{{"$date":{{"$numberLong":"{millis}"}}}}"#),
    }
}
