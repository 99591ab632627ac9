//! `tsa-lite`, a process of its own. See `tsa-lite --help`.

use std::process::ExitCode;

fn main() -> ExitCode {
    lite_http::standalone::main::<tsa_lite::Alone>()
}
