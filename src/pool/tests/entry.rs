//! Every entry answers exactly once, and says whether bytes may have left.
