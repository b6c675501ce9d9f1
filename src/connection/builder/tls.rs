//! How sockets are encrypted.

use super::Builder;
use crate::tls::TlsOptions;

impl<D> Builder<D> {
    /// Encrypts all sockets, as these options say. Default: as the connection string says, and
    /// without one not at all. A string asks for TLS by `tls=true` (or `ssl=true`), by
    /// `mongodb+srv`, and by any option that begins with `tls`, unless it says `tls=false`.
    ///
    /// Of what the string sets, that stays which these options do not set. Files are read by
    /// [`connect`](Self::connect), on a thread of its own, or by
    /// [`connect_lazy`](Self::connect_lazy), on the caller's; both fail with
    /// [`Kind::InvalidArgument`](crate::Kind::InvalidArgument) if one can't be used.
    ///
    /// A server whose certificate is refused is like one that can't be reached: calls wait for
    /// it, and say what is wrong with it when they give up.
    pub fn tls(self, options: TlsOptions) -> Self {
        let options = match options.is_set() {
            true => options,
            false => options.enabled(true),
        };
        self.set(move |all| all.tls.overlay(&options))
    }
}
