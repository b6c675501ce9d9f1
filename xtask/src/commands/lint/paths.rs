//! What a file imports: every path that begins with `crate::`, `super::` or
//! `self::`, in `use` trees, in code and in macros. And the messages that it
//! declares.
//!
//! Works on tokens, so comments, strings and documentation are out of the way,
//! and whatever a macro will make of its tokens is seen too.

use super::messages::{self, Message};
use proc_macro2::{Delimiter, Group, TokenStream, TokenTree};
use std::collections::BTreeSet;

/// A path from the crate's root.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Import {
    pub line: usize,
    pub path: Vec<String>,
}

/// A module in a file of its own that is compiled for tests only.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct TestModule {
    /// From the module of the file that declares it.
    pub path: Vec<String>,
    /// From a `path` attribute.
    pub file: Option<String>,
}

/// What one file holds.
#[derive(Debug, Default)]
pub(super) struct Scan {
    pub imports: Vec<Import>,
    pub test_modules: Vec<TestModule>,
    /// Lines that give the crate another name, by which no import is known.
    pub aliases: Vec<usize>,
    pub messages: Vec<Message>,
}

/// What an item may begin with; it then ends with `;` or braces, not with a
/// comma.
const ITEM_WORDS: [&str; 15] = [
    "async",
    "const",
    "enum",
    "extern",
    "fn",
    "impl",
    "macro_rules",
    "mod",
    "pub",
    "static",
    "struct",
    "trait",
    "type",
    "unsafe",
    "use",
];

/// Scans a file that holds the given module.
pub(super) fn scan(text: &str, module: &[String]) -> Result<Scan, String> {
    let tokens: TokenStream = text.parse().map_err(|error| format!("not Rust: {error}"))?;
    let mut scanner = Scanner {
        scan: Scan::default(),
        depth: module.len(),
        module: module.to_vec(),
        traits: messages::names_of_the_trait(tokens.clone()),
    };
    scanner.walk(tokens);
    Ok(scanner.scan)
}

struct Scanner {
    scan: Scan,
    /// Length of the path of the file's own module.
    depth: usize,
    /// The module of the tokens at hand: the file's, or one inline in it.
    module: Vec<String>,
    /// What actix's trait is called here.
    traits: BTreeSet<String>,
}

impl Scanner {
    fn walk(&mut self, tokens: TokenStream) {
        let tokens: Vec<_> = tokens.into_iter().collect();
        let mut at = 0;
        while at < tokens.len() {
            at = self.step(&tokens, at);
        }
    }

    /// Handles what begins at a token and returns what comes after it.
    fn step(&mut self, tokens: &[TokenTree], at: usize) -> usize {
        match &tokens[at] {
            TokenTree::Punct(punct) if punct.as_char() == '#' => {
                let (after, attributes) = attributes(tokens, at);
                if attributes.iter().any(|(inner, group)| *inner && is_test(group)) {
                    return tokens.len();
                }
                match attributes.iter().any(|(_, group)| is_test(group)) {
                    true => self.skip_test_item(tokens, after, &attributes),
                    false => {
                        let groups = attributes.iter().map(|(_, group)| group);
                        let message = messages::derived(groups, &tokens[after..], &self.traits);
                        self.scan.messages.extend(message);
                        after.max(at + 1)
                    }
                }
            }
            TokenTree::Ident(word) if word == "impl" => {
                self.scan.messages.extend(messages::implemented(&tokens[at..], &self.traits));
                at + 1
            }
            TokenTree::Ident(word) if word == "mod" => match tokens.get(at + 1..at + 3) {
                Some([TokenTree::Ident(name), TokenTree::Group(body)]) => {
                    self.module.push(name.to_string());
                    self.walk(body.stream());
                    self.module.pop();
                    at + 3
                }
                _ => at + 1,
            },
            TokenTree::Ident(word) if is_word(tokens.get(at + 1), "as") => {
                let line = word.span().start().line;
                match word.to_string().as_str() {
                    "crate" => self.scan.aliases.push(line),
                    "self" if at > 0 && is_word(tokens.get(at - 1), "crate") => self.scan.aliases.push(line),
                    "super" if self.module.len() < 2 => self.scan.aliases.push(line),
                    "super" => self.found(self.module[..self.module.len() - 1].to_vec(), line),
                    _ => {}
                }
                at + 1
            }
            TokenTree::Ident(word) if is_colons(tokens, at + 1) => {
                let mut base = self.module.clone();
                match word.to_string().as_str() {
                    "crate" => base.clear(),
                    "self" => {}
                    "super" => drop(base.pop()),
                    _ => return at + 1,
                }
                self.tree(tokens, at + 3, base, word.span().start().line)
            }
            TokenTree::Group(group) => {
                self.walk(group.stream());
                at + 1
            }
            _ => at + 1,
        }
    }

    /// Reads a path or a use tree that goes on at a token, `base` before it.
    fn tree(&mut self, tokens: &[TokenTree], at: usize, mut base: Vec<String>, line: usize) -> usize {
        match tokens.get(at) {
            Some(TokenTree::Ident(word)) => {
                match word.to_string().as_str() {
                    "self" => {}
                    "super" => drop(base.pop()),
                    name => base.push(name.to_owned()),
                }
                if is_colons(tokens, at + 1) {
                    return self.tree(tokens, at + 3, base, line);
                }
                match base.is_empty() && is_word(tokens.get(at + 1), "as") {
                    true => self.scan.aliases.push(line),
                    false => self.found(base, line),
                }
                at + 1
            }
            Some(TokenTree::Group(group)) if group.delimiter() == Delimiter::Brace => {
                let tokens: Vec<_> = group.stream().into_iter().collect();
                for branch in tokens.split(|token| is_punct(Some(token), ',')) {
                    let Some(first) = branch.first() else {
                        continue;
                    };
                    self.tree(branch, 0, base.clone(), first.span().start().line);
                }
                at + 1
            }
            // A glob, or generic arguments.
            _ => {
                self.found(base, line);
                at
            }
        }
    }

    fn found(&mut self, path: Vec<String>, line: usize) {
        self.scan.imports.push(Import { line, path });
    }

    /// Skips the item after test attributes; remembers a module elsewhere.
    fn skip_test_item(&mut self, tokens: &[TokenTree], at: usize, attributes: &[(bool, Group)]) -> usize {
        let rest = &tokens[at..];
        let is_item = matches!(rest.first(), Some(TokenTree::Ident(word))
            if ITEM_WORDS.contains(&word.to_string().as_str()));
        let ends = |token: &TokenTree| match token {
            TokenTree::Group(group) => group.delimiter() == Delimiter::Brace,
            token => is_punct(Some(token), ';') || (!is_item && is_punct(Some(token), ',')),
        };
        let length = rest.iter().position(ends).map_or(rest.len(), |end| end + 1);
        let item = &rest[..length];
        if let [.., TokenTree::Ident(word), TokenTree::Ident(name), end] = item
            && word == "mod"
            && is_punct(Some(end), ';')
        {
            let mut path = self.module[self.depth..].to_vec();
            path.push(name.to_string());
            let file = attributes.iter().find_map(|(_, group)| path_attribute(group));
            self.scan.test_modules.push(TestModule { path, file });
        }
        at + length
    }
}

/// The attributes that begin at a token, each with whether it is an inner one,
/// and the place after them.
fn attributes(tokens: &[TokenTree], mut at: usize) -> (usize, Vec<(bool, Group)>) {
    let mut attributes = Vec::new();
    while is_punct(tokens.get(at), '#') {
        let inner = is_punct(tokens.get(at + 1), '!');
        let group = at + 1 + usize::from(inner);
        let Some(TokenTree::Group(group_token)) = tokens.get(group) else {
            break;
        };
        attributes.push((inner, group_token.clone()));
        at = group + 1;
    }
    (at, attributes)
}

/// `[cfg(test)]` and whatever else needs `test` to hold.
fn is_test(attribute: &Group) -> bool {
    let tokens: Vec<_> = attribute.stream().into_iter().collect();
    match tokens.as_slice() {
        [TokenTree::Ident(cfg), TokenTree::Group(condition)] if cfg == "cfg" => {
            needs_test(condition.stream())
        }
        _ => false,
    }
}

fn needs_test(condition: TokenStream) -> bool {
    let tokens: Vec<_> = condition.into_iter().collect();
    tokens.iter().enumerate().any(|(at, token)| match token {
        TokenTree::Ident(word) => word == "test",
        TokenTree::Group(group) => {
            let all = matches!(&tokens[..at], [.., TokenTree::Ident(word)] if word == "all");
            all && needs_test(group.stream())
        }
        _ => false,
    })
}

/// The file of a `[path = "..."]`.
fn path_attribute(attribute: &Group) -> Option<String> {
    let tokens: Vec<_> = attribute.stream().into_iter().collect();
    match tokens.as_slice() {
        [TokenTree::Ident(path), _, TokenTree::Literal(file)] if path == "path" => {
            Some(file.to_string().trim_matches('"').to_owned())
        }
        _ => None,
    }
}

fn is_word(token: Option<&TokenTree>, word: &str) -> bool {
    matches!(token, Some(TokenTree::Ident(ident)) if ident == word)
}

pub(super) fn is_colons(tokens: &[TokenTree], at: usize) -> bool {
    is_punct(tokens.get(at), ':') && is_punct(tokens.get(at + 1), ':')
}

pub(super) fn is_punct(token: Option<&TokenTree>, character: char) -> bool {
    matches!(token, Some(TokenTree::Punct(punct)) if punct.as_char() == character)
}

#[cfg(test)]
#[path = "paths_tests.rs"]
mod tests;
