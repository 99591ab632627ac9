//! Lets the linker keep one copy of functions whose code is the same: generic code makes many, and
//! the one binary should stay small.

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    // There rustc brings its own linker, LLD, since 1.90; others may not know the option.
    if std::env::var("TARGET").is_ok_and(|target| target == "x86_64-unknown-linux-gnu") {
        println!("cargo::rustc-link-arg-bins=-Wl,--icf=all");
    }
}
