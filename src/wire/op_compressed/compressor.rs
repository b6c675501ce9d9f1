//! Compressors by name and number, and what two sides make of their lists of them.

/// A way to compress what travels between client and server (compression specification).
///
/// Each is a feature of this crate, off by default, of the same name: `snappy`, `zlib`, `zstd`.
/// The names are always there, so that a program can say what it wants whatever it was built
/// with; see [`is_built`](Self::is_built).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Compressor {
    /// Least processor time, least effect.
    Snappy,
    /// Much processor time, much effect. The one that every server knows.
    Zlib,
    /// Between the two in time, and mostly the best in effect.
    Zstd,
}

impl Compressor {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Snappy, Self::Zlib, Self::Zstd];

    /// As connection strings and servers spell it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Snappy => "snappy",
            Self::Zlib => "zlib",
            Self::Zstd => "zstd",
        }
    }

    /// Whether this build has it, that is, whether its feature is on.
    pub fn is_built(self) -> bool {
        match self {
            Self::Snappy => cfg!(feature = "snappy"),
            Self::Zlib => cfg!(feature = "zlib"),
            Self::Zstd => cfg!(feature = "zstd"),
        }
    }

    /// The one of this name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|compressor| compressor.name() == name)
    }

    /// Its number in messages.
    pub(crate) fn id(self) -> u8 {
        match self {
            Self::Snappy => 1,
            Self::Zlib => 2,
            Self::Zstd => 3,
        }
    }

    /// The one with this number.
    pub(crate) fn from_id(id: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|compressor| compressor.id() == id)
    }

    /// From how many bytes on it takes so long (some 0.3 to 0.5 ms, see `docs/compression.md`)
    /// that the thread of a data arbiter, which serves many sockets, should not do it.
    pub(crate) fn large(self) -> usize {
        match self {
            Self::Snappy => 256 * 1024,
            Self::Zlib => 16 * 1024,
            Self::Zstd => 128 * 1024,
        }
    }
}

/// A compressor and how hard it tries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Packing {
    /// Which.
    pub compressor: Compressor,
    /// `zlibCompressionLevel`, from -1 (the usual) to 9. Means nothing to the others.
    pub zlib_level: i32,
}

/// What a client offers, the preferred one first. None of them twice, and none that is not
/// built.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Offer(Vec<Compressor>);

impl Offer {
    /// Of this list, those that can be offered.
    pub fn new(wanted: impl IntoIterator<Item = Compressor>) -> Self {
        let mut offered = Vec::new();
        for compressor in wanted {
            if compressor.is_built() && !offered.contains(&compressor) {
                offered.push(compressor);
            }
        }
        Self(offered)
    }

    /// As the handshake lists them.
    pub fn names(&self) -> impl Iterator<Item = &'static str> + Clone + use<'_> {
        self.0.iter().map(|compressor| compressor.name())
    }

    /// What messages to a server are compressed with that answered so: the first of ours that
    /// it has, in whatever order it names them.
    pub fn choose(&self, server: &[String]) -> Option<Compressor> {
        self.0.iter().copied().find(|compressor| server.iter().any(|name| name == compressor.name()))
    }

    /// What may come in from a server that heard the offer. It may use any of them, for each
    /// reply another, the one to the handshake included.
    pub fn accepted(&self) -> Accepted {
        Accepted(self.0.iter().fold(0, |bits, compressor| bits | 1 << compressor.id()))
    }
}

/// Which compressors replies may come with; by default none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Accepted(u8);

impl Accepted {
    /// Nothing compressed is expected.
    pub fn is_none(self) -> bool {
        self.0 == 0
    }

    /// Whether that one was offered.
    pub fn has(self, compressor: Compressor) -> bool {
        self.0 & 1 << compressor.id() != 0
    }
}
