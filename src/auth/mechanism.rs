//! The mechanisms by which a user can be proved, and what each of them takes (auth
//! specification, "MongoCredential Properties" of each mechanism).

use std::fmt;

/// `authMechanism`: how a user is proved.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Mechanism {
    /// `SCRAM-SHA-1`: a password, never sent.
    ScramSha1,
    /// `SCRAM-SHA-256`: a password, never sent.
    ScramSha256,
    /// `PLAIN`: a password, which an LDAP server checks.
    Plain,
    /// `GSSAPI`: Kerberos. This build does not have it.
    Gssapi,
    /// `MONGODB-X509`: the client's certificate.
    MongodbX509,
    /// `MONGODB-AWS`: what the environment has of AWS credentials. This build does not have it.
    MongodbAws,
    /// `MONGODB-OIDC`: a token of an OpenID provider. This build does not have it.
    MongodbOidc,
}

/// Whether a part of a credential must, may or must not be there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Need {
    /// It must.
    Required,
    /// It may.
    Optional,
    /// It must not.
    Forbidden,
}

impl Mechanism {
    /// All of them.
    pub const ALL: [Self; 7] = [
        Self::ScramSha1,
        Self::ScramSha256,
        Self::Plain,
        Self::Gssapi,
        Self::MongodbX509,
        Self::MongodbAws,
        Self::MongodbOidc,
    ];

    /// The mechanism of that name, which has one spelling.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|mechanism| mechanism.name() == name)
    }

    /// Its name, as servers know it.
    pub fn name(self) -> &'static str {
        match self {
            Self::ScramSha1 => "SCRAM-SHA-1",
            Self::ScramSha256 => "SCRAM-SHA-256",
            Self::Plain => "PLAIN",
            Self::Gssapi => "GSSAPI",
            Self::MongodbX509 => "MONGODB-X509",
            Self::MongodbAws => "MONGODB-AWS",
            Self::MongodbOidc => "MONGODB-OIDC",
        }
    }

    /// Whether this build has it.
    pub(crate) fn is_built(self) -> bool {
        matches!(self, Self::ScramSha1 | Self::ScramSha256 | Self::Plain | Self::MongodbX509)
    }

    /// Whether it takes a user name from a connection string.
    pub(crate) fn username(self) -> Need {
        match self {
            Self::ScramSha1 | Self::ScramSha256 | Self::Plain | Self::Gssapi => Need::Required,
            Self::MongodbX509 | Self::MongodbOidc => Need::Optional,
            Self::MongodbAws => Need::Forbidden,
        }
    }

    /// Whether it takes a password from a connection string.
    pub(crate) fn password(self) -> Need {
        match self {
            Self::ScramSha1 | Self::ScramSha256 | Self::Plain => Need::Required,
            Self::Gssapi => Need::Optional,
            Self::MongodbX509 | Self::MongodbAws | Self::MongodbOidc => Need::Forbidden,
        }
    }

    /// Whether the users are those of a system outside the server, and of no database.
    pub(crate) fn is_external(self) -> bool {
        matches!(self, Self::Gssapi | Self::MongodbX509 | Self::MongodbAws | Self::MongodbOidc)
    }

    /// The database that knows the user where nothing names one.
    pub(crate) fn default_source(self) -> &'static str {
        if self.is_external() || self == Self::Plain { EXTERNAL } else { "admin" }
    }

    /// The properties that a connection string can set, as the specification spells them.
    pub(crate) fn properties(self) -> &'static [&'static str] {
        match self {
            Self::Gssapi => &["SERVICE_NAME", "CANONICALIZE_HOST_NAME", "SERVICE_REALM", "SERVICE_HOST"],
            Self::MongodbOidc => &["ENVIRONMENT", "TOKEN_RESOURCE"],
            _ => &[],
        }
    }
}

impl fmt::Display for Mechanism {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// The source of users that no database knows.
pub(crate) const EXTERNAL: &str = "$external";
