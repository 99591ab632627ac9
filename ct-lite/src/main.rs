//! `ct-lite`, a process of its own. See `ct-lite --help`.

use std::process::ExitCode;

fn main() -> ExitCode {
    lite_http::standalone::main::<ct_lite::Alone>()
}
