//! Who the user is.

use super::Builder;
use crate::auth::Credential;

impl<D> Builder<D> {
    /// Who the user is, and how to prove it (auth specification). Default: what the connection
    /// string says, else nobody. Takes the place of all that the connection string says of the
    /// user, except that its `authSource`, or else its database, still is the
    /// [source](Credential::source) of one that names none.
    ///
    /// Each socket of a pool is authenticated before its first command, within
    /// [`connect_timeout`](Builder::connect_timeout); those that watch servers never are. So a
    /// wrong password is no error of connecting, but of the first call:
    /// [`Kind::Authentication`](crate::Kind::Authentication). What contradicts itself is the
    /// error of connecting ([`Kind::InvalidArgument`](crate::Kind::InvalidArgument)), as is a
    /// mechanism that this build does not have
    /// ([`Kind::Unsupported`](crate::Kind::Unsupported)).
    pub fn credential(self, credential: Credential) -> Self {
        self.set(move |options| options.credential = Some(credential.clone()))
    }

    /// Whether `PLAIN`, which sends the password itself, may be used without TLS. Default
    /// false: connecting is refused with
    /// [`Kind::InvalidArgument`](crate::Kind::InvalidArgument). Only for streams that something
    /// else protects, such as a tunnel on the same machine.
    pub fn allow_cleartext_password(self, allow: bool) -> Self {
        self.set(move |options| options.allow_cleartext_password = allow)
    }
}
