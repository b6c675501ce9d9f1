//! The cases that can't pass because something other than this driver does not do what the
//! corpus asks: the server at hand, the BSON crate, or the corpus itself where it
//! contradicts itself. Not for defects of this driver.

/// A case that fails for a defect that is not ours.
#[derive(Clone, Copy, Debug)]
pub struct Defect {
    /// The name of the case; a `*` stands for any text.
    pub case: &'static str,
    /// Whose defect it is, with the version.
    pub of: &'static str,
    /// What it does, and how that was seen.
    pub evidence: &'static str,
}

/// All known defects. A case listed here that would pass makes the run fail.
pub const DEFECTS: &[Defect] = &[
    Defect { case: "bson-corpus/tests/datetime.json: valid: Y10K", of: BSON, evidence: LAST_YEAR },
    Defect {
        case: "bson-corpus/tests/top.json: parseErrors: Bad $date (number, not string or hash)",
        of: BSON,
        evidence: NUMERIC_DATE,
    },
    Defect {
        case: "bson-corpus/tests/decimal128-6.json: parseErrors: Exponent at the beginning",
        of: BSON,
        evidence: LENIENT_DECIMAL,
    },
    Defect {
        case: "bson-corpus/tests/decimal128-6.json: parseErrors: Just a decimal place",
        of: BSON,
        evidence: LENIENT_DECIMAL,
    },
    Defect {
        case: "bson-corpus/tests/decimal128-6.json: parseErrors: 2 signs (2)",
        of: BSON,
        evidence: LENIENT_DECIMAL,
    },
    Defect {
        case: "bson-corpus/tests/decimal128-6.json: parseErrors: Empty string",
        of: BSON,
        evidence: LENIENT_DECIMAL,
    },
    Defect {
        case: "bson-corpus/tests/decimal128-7.json: parseErrors: [basx501] *",
        of: BSON,
        evidence: LENIENT_DECIMAL,
    },
    Defect {
        case: "bson-corpus/tests/decimal128-7.json: parseErrors: [basx503] *",
        of: BSON,
        evidence: LENIENT_DECIMAL,
    },
    Defect {
        case: "bson-corpus/tests/decimal128-7.json: parseErrors: [basx505] *",
        of: BSON,
        evidence: LENIENT_DECIMAL,
    },
    Defect {
        case: "bson-corpus/tests/decimal128-7.json: parseErrors: [basx519] *",
        of: BSON,
        evidence: LENIENT_DECIMAL,
    },
    Defect {
        case: "bson-corpus/tests/decimal128-7.json: parseErrors: [basx525] *",
        of: BSON,
        evidence: LENIENT_DECIMAL,
    },
    Defect {
        case: "bson-corpus/tests/decimal128-7.json: parseErrors: [basx549] *",
        of: BSON,
        evidence: LENIENT_DECIMAL,
    },
    Defect {
        case: "bson-corpus/tests/decimal128-7.json: parseErrors: [basx577] *",
        of: BSON,
        evidence: LENIENT_DECIMAL,
    },
    Defect {
        case: "bson-corpus/tests/decimal128-7.json: parseErrors: [basx578] *",
        of: BSON,
        evidence: LENIENT_DECIMAL,
    },
    Defect {
        case: "bson-corpus/tests/decimal128-7.json: parseErrors: [basx581] *",
        of: BSON,
        evidence: LENIENT_DECIMAL,
    },
    Defect {
        case: "bson-corpus/tests/decimal128-7.json: parseErrors: [basx582] *",
        of: BSON,
        evidence: LENIENT_DECIMAL,
    },
    Defect {
        case: "bson-corpus/tests/decimal128-7.json: parseErrors: [basx583] *",
        of: BSON,
        evidence: LENIENT_DECIMAL,
    },
    Defect {
        case: "auth/tests/legacy/connection-string.json: should use username and password if specified (MONGODB-AWS)",
        of: AUTH_CASES,
        evidence: AWS_CREDENTIALS,
    },
    Defect {
        case: "auth/tests/legacy/connection-string.json: should use username, password and session token if specified (MONGODB-AWS)",
        of: AUTH_CASES,
        evidence: AWS_CREDENTIALS,
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
