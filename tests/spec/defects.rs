//! The cases that can't pass because something other than this driver does not do what the
//! corpus asks: the server at hand, the BSON crate, or the corpus itself where it
//! contradicts itself. Not for defects of this driver.

/// Cases that fail for a defect that is not ours.
#[derive(Clone, Copy, Debug)]
pub struct Defect {
    /// The names of the cases; a `*` stands for any text.
    pub cases: &'static [&'static str],
    /// Whose defect it is, with the version.
    pub of: &'static str,
    /// What it does, and how that was seen.
    pub evidence: &'static str,
}

/// All known defects. A case listed here that would pass makes the run fail.
pub const DEFECTS: &[Defect] = &[
    Defect { cases: &["bson-corpus/tests/datetime.json: valid: Y10K"], of: BSON, evidence: LAST_YEAR },
    Defect {
        cases: &["bson-corpus/tests/top.json: parseErrors: Bad $date (number, not string or hash)"],
        of: BSON,
        evidence: NUMERIC_DATE,
    },
    Defect {
        cases: &[
            "bson-corpus/tests/decimal128-6.json: parseErrors: Exponent at the beginning",
            "bson-corpus/tests/decimal128-6.json: parseErrors: Just a decimal place",
            "bson-corpus/tests/decimal128-6.json: parseErrors: 2 signs (2)",
            "bson-corpus/tests/decimal128-6.json: parseErrors: Empty string",
            "bson-corpus/tests/decimal128-7.json: parseErrors: [basx501] *",
            "bson-corpus/tests/decimal128-7.json: parseErrors: [basx503] *",
            "bson-corpus/tests/decimal128-7.json: parseErrors: [basx505] *",
            "bson-corpus/tests/decimal128-7.json: parseErrors: [basx519] *",
            "bson-corpus/tests/decimal128-7.json: parseErrors: [basx525] *",
            "bson-corpus/tests/decimal128-7.json: parseErrors: [basx549] *",
            "bson-corpus/tests/decimal128-7.json: parseErrors: [basx577] *",
            "bson-corpus/tests/decimal128-7.json: parseErrors: [basx578] *",
            "bson-corpus/tests/decimal128-7.json: parseErrors: [basx581] *",
            "bson-corpus/tests/decimal128-7.json: parseErrors: [basx582] *",
            "bson-corpus/tests/decimal128-7.json: parseErrors: [basx583] *",
        ],
        of: BSON,
        evidence: LENIENT_DECIMAL,
    },
    Defect {
        cases: &[
            "auth/tests/legacy/connection-string.json: should use username and password if specified (MONGODB-AWS)",
            "auth/tests/legacy/connection-string.json: should use username, password and session token if specified (MONGODB-AWS)",
        ],
        of: AUTH_CASES,
        evidence: AWS_CREDENTIALS,
    },
    Defect {
        cases: &[
            "sessions/tests/snapshot-sessions.json: Find operation with snapshot",
            "sessions/tests/snapshot-sessions.json: Distinct operation with snapshot",
            "sessions/tests/snapshot-sessions.json: Aggregate operation with snapshot",
            "sessions/tests/snapshot-sessions.json: Mixed operation with snapshot",
            "sessions/tests/snapshot-sessions.json: Write commands with snapshot session do not affect snapshot reads",
            "sessions/tests/snapshot-sessions.json: * with snapshot and snapshot time",
            "sessions/tests/snapshot-sessions.json: Mixed operation with snapshot and snapshotTime",
        ],
        of: SERVER,
        evidence: SNAPSHOTS,
    },
    Defect {
        cases: &["server-discovery-and-monitoring/tests/unified/interruptInUse-pool-clear.json: *"],
        of: SERVER,
        evidence: NO_SCRIPTS,
    },
    Defect {
        cases: &[
            "server-discovery-and-monitoring/tests/unified/logging-replicaset.json: Topology lifecycle",
            "server-discovery-and-monitoring/tests/unified/logging-replicaset.json: Successful heartbeat",
            "server-discovery-and-monitoring/tests/unified/rediscover-quickly-after-step-down.json: *",
            "server-discovery-and-monitoring/tests/unified/replicaset-emit-topology-changed-before-close.json: *",
        ],
        of: SERVER,
        evidence: ONE_MEMBER,
    },
];

const AUTH_CASES: &str = "cases of authentication, since the change of 2025-09-30";

const AWS_CREDENTIALS: &str = "the text wants an error for AWS credentials in a connection string, and so do other cases of the same file \
     (\"should throw an exception if username and password provided (MONGODB-AWS)\")";

const BSON: &str = "bson 3.1.0";

const LENIENT_DECIMAL: &str = "`str::parse::<Decimal128>` takes this text, which is no number, for one";

const LAST_YEAR: &str = "relaxed extended JSON gives a date after the year 9999 as the last moment of that year, unless the crate is \
     built with its feature `large_dates`";

const NUMERIC_DATE: &str = "`{\"$date\": 42}` is taken for a date, though $date needs a string or a document";

const NO_SCRIPTS: &str = "$where is refused (6108304): it runs no JavaScript";

const ONE_MEMBER: &str = "a replica set has one member, and the case counts on several";

const SERVER: &str = "secantus-mdb 0.5.3-beta.196";

const SNAPSHOTS: &str =
    "reads with readConcern.atClusterTime, or of level snapshot in one session, see what was written later";
