//! Compiles the snippets of the guide, and of other pages that show code, with the doctests.

/// Names each page once.
macro_rules! pages {
    ($($name:ident = $page:literal,)*) => {$(
        #[doc = include_str!(concat!("../", $page))]
        struct $name;
    )*};
}

pages! {
    Readme = "README.md",
    Connecting = "docs/guide/connecting.md",
    Crud = "docs/guide/crud.md",
    Cursors = "docs/guide/cursors.md",
    Sessions = "docs/guide/sessions.md",
    Timeouts = "docs/guide/timeouts.md",
    Errors = "docs/guide/errors.md",
    Tuning = "docs/guide/tuning.md",
    Authentication = "docs/authentication.md",
    Tls = "docs/tls.md",
    FromPymongo = "docs/coming-from-pymongo.md",
    FromTheOfficialDriver = "docs/coming-from-mongodb-driver.md",
}
