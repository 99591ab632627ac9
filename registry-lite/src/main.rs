//! `registry-lite`: the image registry in a process of its own.

use std::process::ExitCode;

fn main() -> ExitCode {
    lite_http::standalone::main::<registry_lite::Alone>()
}
