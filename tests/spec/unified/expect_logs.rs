//! Whether the log messages of a client are those that a case expects.

use bson::{Bson, Document};

use super::failure::{Checked, Failure};
use super::logs::{Message, level, level_of};
use super::plain::matching::{Matcher, shown};
use super::world::{PATIENCE, World, text};

/// Compares all lists of a case.
pub async fn check(world: &World, lists: &[Bson]) -> Checked {
    for list in lists.iter().filter_map(Bson::as_document) {
        let name = text(list, "client")?;
        let client = world.entities.client(name)?;
        let list = List { matcher: world.matcher(), expected: list };
        client
            .logs()
            .wait(PATIENCE, |messages| list.counted(messages).len() >= list.documents("messages").count());
        // What is too much may have happened already, without having been told.
        client.connection.flush_events(PATIENCE).await.map_err(|error| error.to_string())?;
        let compared = list.compare(&client.logs().messages());
        compared.map_err(|reason| Failure::Case(format!("log messages of {name}: {reason}")))?;
    }
    Ok(())
}

/// What is expected of one client.
struct List<'a> {
    matcher: Matcher<'a>,
    expected: &'a Document,
}

impl List<'_> {
    fn documents(&self, key: &str) -> impl Iterator<Item = &Document> {
        self.expected.get_array(key).into_iter().flatten().filter_map(Bson::as_document)
    }

    /// Those that are not to be ignored.
    fn counted<'m>(&self, messages: &'m [Message]) -> Vec<&'m Message> {
        let is_ignored = |message: &Message| {
            self.documents("ignoreMessages").any(|expected| agrees(&self.matcher, expected, message).is_ok())
        };
        messages.iter().filter(|message| !is_ignored(message)).collect()
    }

    fn compare(&self, messages: &[Message]) -> Result<(), String> {
        let actual = self.counted(messages);
        let told =
            || actual.iter().map(|it| format!("\n  {}: {}", it.component, it.data)).collect::<String>();
        let mut messages = actual.iter();
        for (index, expected) in self.documents("messages").enumerate() {
            let number = index + 1;
            let Some(message) = messages.next() else {
                return Err(format!("message {number}, {expected}, did not come; all:{}", told()));
            };
            agrees(&self.matcher, expected, message).map_err(|reason| {
                format!("message {number}: {reason}\nexpected {expected}\nall:{}", told())
            })?;
        }
        let more = self.expected.get_bool("ignoreExtraMessages").unwrap_or(false);
        match messages.next().filter(|_| !more) {
            Some(extra) => Err(format!("a message too many: {}; all:{}", extra.data, told())),
            None => Ok(()),
        }
    }
}

fn agrees(matcher: &Matcher<'_>, expected: &Document, message: &Message) -> Result<(), String> {
    for (key, value) in expected {
        let agrees = match (key.as_str(), value) {
            // Levels that the driver does not tell apart are the same.
            ("level", Bson::String(name)) => level_of(name).map(level) == Some(message.level),
            ("component", Bson::String(name)) => name == message.component,
            ("failureIsRedacted", Bson::Boolean(redacted)) => {
                let failure = message.data.get_str("failure");
                failure.is_ok_and(|failure| failure.contains("REDACTED") == *redacted)
            }
            ("data", data) => {
                matcher.root(data, Some(&Bson::Document(message.data.clone())))?;
                true
            }
            _ => return Err(format!("an expectation of logs that the runner does not know: {key}")),
        };
        if !agrees {
            let actual = Bson::Document(message.data.clone());
            return Err(format!(
                "expected {key} {value}, got {} {} {}",
                message.level,
                message.component,
                shown(Some(&actual))
            ));
        }
    }
    Ok(())
}
