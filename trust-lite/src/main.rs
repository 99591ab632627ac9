//! `trust-lite`, a process of its own. See `trust-lite --help`.

use std::process::ExitCode;

fn main() -> ExitCode {
    lite_http::standalone::main::<trust_lite::Alone>()
}
