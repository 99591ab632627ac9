//! Tests that cross crates: the stack, stock clients, conformance, crashes.
