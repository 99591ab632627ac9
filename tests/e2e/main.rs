//! Tests that cross crates, one claim a file.

mod floors;
