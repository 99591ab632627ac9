//! `rekor-lite`, a process of its own. See `rekor-lite --help`.

use std::process::ExitCode;

fn main() -> ExitCode {
    lite_http::standalone::main::<rekor_lite::Alone>()
}
