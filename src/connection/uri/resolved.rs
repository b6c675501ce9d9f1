//! What DNS adds to a `mongodb+srv://` string: hosts, and options that the string does not
//! set itself (initial DNS seed list specification).

use super::ConnectionString;
use super::parts::{Parts, Scheme, invalid, read_options};
use super::values::Values;
use crate::dns::ALLOWED_IN_TXT;
use crate::error::{Error, Result};
use crate::topology::ServerAddress;

impl ConnectionString {
    /// The hosts to begin with, as far as they are known: those that DNS told of, where the
    /// string has a name to look up; `None` if it was not asked.
    pub fn seeds(&self) -> Option<&[ServerAddress]> {
        match self.scheme {
            Scheme::Standard => Some(&self.hosts),
            Scheme::Srv => self.seeds.as_deref(),
        }
    }

    /// The same with what DNS has told: the hosts of SRV records, and the options of a TXT
    /// record, written as in a string. Those that the string sets itself are passed over.
    ///
    /// Fails if the record sets what it may not, or if string and record contradict each other
    /// or the hosts.
    pub fn resolved(&self, seeds: Vec<ServerAddress>, defaults: Option<&str>) -> Result<Self> {
        let mut resolved = self.clone();
        if let Some(defaults) = defaults {
            resolved.set_defaults(defaults)?;
        }
        // How many a load balancer's name may have is checked with the options of a builder.
        resolved.options.check(true, seeds.len() > 1)?;
        resolved.seeds = Some(seeds);
        resolved.check()?;
        Ok(resolved)
    }

    fn set_defaults(&mut self, defaults: &str) -> Result<()> {
        let given = read_options(defaults).map_err(|error| in_record(error.message()))?;
        let allowed = |key: &str| ALLOWED_IN_TXT.iter().any(|name| name.eq_ignore_ascii_case(key));
        if let Some(option) = given.iter().find(|option| !allowed(&option.key)) {
            let sentence = format!("{:?} is set, and only {} may be", option.key, ALLOWED_IN_TXT.join(", "));
            return Err(in_record(&sentence));
        }
        let parts =
            Parts { scheme: self.scheme, user: None, hosts: Vec::new(), database: None, options: given };
        let mut values = Values::new(&parts);
        let (source, set) = (values.text("authSource"), values.filled("replicaSet"));
        let balanced = values.boolean("loadBalanced");
        if source == Some("") {
            return Err(in_record("authSource is empty"));
        }
        for warning in std::mem::take(&mut values.warnings) {
            tracing::warn!("TXT record of {}: {warning}", self.hosts[0].host());
            self.warnings.push(warning);
        }
        let options = &mut self.options;
        options.auth.source = options.auth.source.take().or_else(|| source.map(str::to_owned));
        options.replica_set = options.replica_set.take().or_else(|| set.map(str::to_owned));
        options.load_balanced = options.load_balanced.or(balanced);
        Ok(())
    }
}

fn in_record(sentence: &str) -> Error {
    invalid(format!("in the TXT record behind the connection string, {sentence}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn resolved(query: &str, defaults: &str) -> Result<ConnectionString> {
        let read = ConnectionString::read(&format!("mongodb+srv://me:pw@a.b.c/{query}")).unwrap();
        assert_eq!(read.seeds(), None);
        read.resolved(vec![ServerAddress::new("x.b.c", 1)], Some(defaults))
    }

    fn refused(query: &str, defaults: &str) -> String {
        let error = resolved(query, defaults).unwrap_err();
        assert_eq!(error.kind(), crate::error::Kind::InvalidUri);
        error.to_string()
    }

    #[test]
    fn a_record_sets_what_the_string_does_not() {
        let both = resolved("", "replicaSet=r%20s&authSource=db").unwrap();
        assert_eq!(both.options.replica_set.as_deref(), Some("r s"));
        assert_eq!(both.credential().unwrap().unwrap().source, "db");
        assert_eq!(both.seeds().unwrap(), [ServerAddress::new("x.b.c", 1)]);
        let own = resolved("?authSource=own&replicaSet=mine", "authSource=db&REPLICASET=rs").unwrap();
        assert_eq!(own.credential().unwrap().unwrap().source, "own");
        assert_eq!(own.options.replica_set.as_deref(), Some("mine"));
        let database = resolved("home", "authSource=db").unwrap();
        assert_eq!(database.credential().unwrap().unwrap().source, "db");
        assert_eq!(
            resolved("?loadBalanced=false", "loadBalanced=true").unwrap().options.load_balanced,
            Some(false)
        );
        assert_eq!(resolved("", "").unwrap().options.replica_set, None);
    }

    #[test]
    fn a_record_sets_nothing_else() {
        for bad in ["ssl=false", "tls=false", "socketTimeoutMS=500", "readPreference=nearest", "what=ever"] {
            assert!(refused("", bad).contains("only authSource, replicaSet, loadBalanced may be"), "{bad}");
        }
        for bad in ["authSource", "=db", "authSource=%zz", "authSource="] {
            assert!(refused("", bad).starts_with("in the TXT record behind"), "{bad}");
        }
    }

    #[test]
    fn a_value_without_meaning_is_ignored_with_a_warning() {
        let read = resolved("", "loadBalanced=maybe").unwrap();
        assert_eq!(read.options.load_balanced, None);
        assert!(read.warnings[0].contains("loadBalanced"), "{:?}", read.warnings);
    }

    #[test]
    fn string_record_and_hosts_must_agree() {
        assert!(refused("?srvMaxHosts=1", "replicaSet=rs").contains("srvMaxHosts can't go with replicaSet"));
        assert!(refused("?srvMaxHosts=1", "loadBalanced=true").contains("srvMaxHosts"));
        assert!(refused("?replicaSet=rs", "loadBalanced=true").contains("replicaSet"));
        let several = vec![ServerAddress::new("x.b.c", 1), ServerAddress::new("y.b.c", 1)];
        let read = ConnectionString::read("mongodb+srv://a.b.c/?loadBalanced=true").unwrap();
        assert!(read.resolved(several, None).unwrap_err().to_string().contains("exactly one host"));
    }

    #[test]
    fn tls_is_on_unless_the_string_turns_it_off() {
        let enabled = |query: &str| resolved(query, "").unwrap().options.tls.enabled;
        assert_eq!(
            [enabled(""), enabled("?tls=false"), enabled("?ssl=false")],
            [Some(true), Some(false), Some(false)]
        );
    }
}
