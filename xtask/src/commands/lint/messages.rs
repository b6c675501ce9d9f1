//! Which types of a file are messages of actors: `impl Message for X`, under
//! whatever name and path the trait goes, and `#[derive(Message)]`.

use super::paths::is_punct;
use proc_macro2::{Delimiter, Group, Ident, TokenStream, TokenTree};
use std::collections::BTreeSet;

/// What actix calls the trait.
const TRAIT: &str = "Message";

/// A type that is sent to actors.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Message {
    pub line: usize,
    pub name: String,
}

/// The trait's own name, and those that a file gives to it with `as`.
pub(super) fn names_of_the_trait(tokens: TokenStream) -> BTreeSet<String> {
    let mut names = BTreeSet::from([TRAIT.to_owned()]);
    collect_names(tokens, &mut names);
    names
}

fn collect_names(tokens: TokenStream, names: &mut BTreeSet<String>) {
    let tokens: Vec<_> = tokens.into_iter().collect();
    for window in tokens.windows(3) {
        if let [TokenTree::Ident(from), TokenTree::Ident(word), TokenTree::Ident(to)] = window
            && from == TRAIT
            && word == "as"
        {
            names.insert(to.to_string());
        }
    }
    for token in tokens {
        if let TokenTree::Group(group) = token {
            collect_names(group.stream(), names);
        }
    }
}

/// The message of an `impl`, given the tokens from there.
pub(super) fn implemented(tokens: &[TokenTree], traits: &BTreeSet<String>) -> Option<Message> {
    let ends = |token: &TokenTree| match token {
        TokenTree::Group(group) => group.delimiter() == Delimiter::Brace,
        token => is_punct(Some(token), ';'),
    };
    let length = tokens.iter().position(ends).unwrap_or(tokens.len());
    let header = &tokens[..length];
    let at = header.windows(2).position(|pair| match pair {
        [TokenTree::Ident(name), TokenTree::Ident(word)] => {
            word == "for" && traits.contains(&name.to_string())
        }
        _ => false,
    })?;
    let line = header[0].span().start().line;
    Some(Message { line, name: type_name(&header[at + 2..]) })
}

/// The message that attributes make of the item after them.
pub(super) fn derived<'a>(
    attributes: impl IntoIterator<Item = &'a Group>,
    item: &[TokenTree],
    traits: &BTreeSet<String>,
) -> Option<Message> {
    if !attributes.into_iter().any(|attribute| derives(attribute, traits)) {
        return None;
    }
    let at = item
        .iter()
        .position(|token| matches!(token, TokenTree::Ident(word) if word == "struct" || word == "enum"))?;
    let name: &Ident = match item.get(at + 1) {
        Some(TokenTree::Ident(name)) => name,
        _ => return None,
    };
    Some(Message { line: name.span().start().line, name: name.to_string() })
}

fn derives(attribute: &Group, traits: &BTreeSet<String>) -> bool {
    let tokens: Vec<_> = attribute.stream().into_iter().collect();
    match tokens.as_slice() {
        [TokenTree::Ident(derive), TokenTree::Group(list)] if derive == "derive" => list
            .stream()
            .into_iter()
            .any(|token| matches!(token, TokenTree::Ident(name) if traits.contains(&name.to_string()))),
        // Within a `cfg_attr`.
        [TokenTree::Ident(cfg_attr), TokenTree::Group(list)] if cfg_attr == "cfg_attr" => {
            list.stream().into_iter().collect::<Vec<_>>().windows(2).any(|pair| {
                let derive: TokenStream = pair.iter().cloned().collect();
                derives(&Group::new(Delimiter::Bracket, derive), traits)
            })
        }
        _ => false,
    }
}

/// The last segment of the path that the tokens begin with; what cannot be read
/// as one, such as a macro's variable, as it stands.
fn type_name(tokens: &[TokenTree]) -> String {
    let ends = |token: &TokenTree| {
        is_punct(Some(token), '<') || matches!(token, TokenTree::Ident(word) if word == "where")
    };
    let length = tokens.iter().position(ends).unwrap_or(tokens.len());
    match &tokens[..length] {
        [.., TokenTree::Punct(punct), TokenTree::Ident(name)] if punct.as_char() == ':' => name.to_string(),
        [TokenTree::Ident(name)] => name.to_string(),
        other => other.iter().map(ToString::to_string).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::super::paths::scan;

    fn found(text: &str) -> Vec<String> {
        let scan = scan(text, &["pool".to_owned()]).expect("it is Rust");
        scan.messages.into_iter().map(|message| message.name).collect()
    }

    #[test]
    fn every_way_to_write_a_message_is_seen() {
        for text in [
            "impl actix::Message for X { type Result = (); }",
            "impl Message for X {}",
            "impl\n::actix::prelude::Message\nfor\nX\n{}",
            "pub struct X; impl actix::Message for X {}",
            "mod inner { impl Message for super::X {} }",
            "impl<T: Send> Message for X<T> where T: 'static {}",
            "use actix::Message as Sent; impl Sent for X {}",
            "use actix::{Actor, Message as Sent}; impl Sent for X {}",
            "#[derive(Message)] #[rtype(result = \"()\")] pub(crate) struct X;",
            "#[derive(Debug, actix::Message)] enum X {}",
            "#[cfg_attr(unix, derive(Message))] struct X;",
            "fn f() { struct X; impl Message for X {} }",
            "m! { impl Message for X {} }",
        ] {
            assert_eq!(found(text), ["X"], "{text}");
        }
        assert_eq!(found("macro_rules! m { ($x:ident) => { impl Message for $x {} } }"), ["$x"]);
        assert_eq!(found("impl Message for A {} impl Message for B {}"), ["A", "B"]);
    }

    #[test]
    fn what_is_no_message_is_left_alone() {
        for text in [
            "impl Handler<Message> for X {}",
            "impl Message { fn f() {} }",
            "// impl Message for X {}",
            "struct Message; impl Debug for Message {}",
            "#[cfg(test)] impl Message for X {}",
            "#[cfg(test)] mod tests { struct X; impl Message for X {} }",
            "#[derive(Debug)] struct X;",
        ] {
            assert_eq!(found(text), Vec::<String>::new(), "{text}");
        }
    }
}
