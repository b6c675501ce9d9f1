//! How several strings and hosts become one string.

use std::collections::HashSet;

use super::{Item, Target};
use crate::connection::uri::hosts::NamedHost;
use crate::connection::uri::naming::Trail;
use crate::connection::uri::parts::{Parts, RawOption, Scheme, invalid};
use crate::error::Result;

/// Names of one option.
const ALIASES: [(&str, &str); 3] = [("ssl", "tls"), ("j", "journal"), ("wtimeout", "wTimeoutMS")];

impl Target {
    /// All of it as the pieces of one string, each host once, `port` where none is named.
    pub(super) fn merged(&self, port: u16) -> Result<Parts> {
        let mut merged = Parts {
            scheme: Scheme::Standard,
            user: None,
            hosts: Vec::new(),
            database: None,
            options: Vec::new(),
        };
        let mut hosts = Vec::new();
        for item in &self.items {
            match item {
                Item::Bad(error) => return Err(error.clone()),
                Item::Host(host) => hosts.push(host),
                Item::String(parts) => {
                    if parts.scheme == Scheme::Srv && self.items.len() > 1 {
                        return Err(invalid(
                            "mongodb+srv:// finds its hosts by DNS, so it can't stand in a list with others; \
                             pass it alone, or list the hosts",
                        ));
                    }
                    merged.scheme = parts.scheme;
                    hosts.extend(&parts.hosts);
                    merged.user = parts.user.clone().or(merged.user);
                    merged.database = parts.database.clone().or(merged.database);
                    replace(&mut merged.options, &parts.options);
                }
            }
        }
        let mut there = HashSet::new();
        for host in hosts {
            let address = host.at(port);
            if there.insert(address.clone()) {
                merged.hosts.push(NamedHost::whole(address));
            }
        }
        Ok(merged)
    }
}

/// Adds the options of a later string, which take the place of earlier ones of their names.
/// Those that are repeated within one string stay so. What may be a piece of a secret goes with
/// it: where that no longer stands in front, its name would be shown.
fn replace(options: &mut Vec<RawOption>, later: &[RawOption]) {
    let (mut before, mut after) = (Trail::default(), Trail::default());
    options.retain(|old| {
        let is_replaced = later.iter().any(|new| same_option(&old.key, &new.key));
        let is_bared = before.hides(&old.key).is_some() && after.hides(&old.key).is_none();
        before.pass(&old.key);
        let stays = !is_replaced && !is_bared;
        if stays {
            after.pass(&old.key);
        }
        stays
    });
    options.extend_from_slice(later);
}

fn same_option(a: &str, b: &str) -> bool {
    name(a).eq_ignore_ascii_case(name(b))
}

/// The name under which an option is known.
fn name(key: &str) -> &str {
    let alias = ALIASES.iter().find(|(alias, _)| alias.eq_ignore_ascii_case(key));
    alias.map_or(key, |(_, name)| name)
}
