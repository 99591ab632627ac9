#![no_main]
//! What is read as TUF metadata is written back to the same value.

use lite_tuf::{Role, Root, Signed, Snapshot, Targets, Timestamp};

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    check::<Root>(data);
    check::<Targets>(data);
    check::<Snapshot>(data);
    check::<Timestamp>(data);
});

fn check<R: Role + PartialEq + std::fmt::Debug>(data: &[u8]) {
    let Ok(signed) = Signed::<R>::parse(data) else { return };
    if let Ok(file) = signed.to_file() {
        assert_eq!(Signed::<R>::parse(&file).as_ref(), Ok(&signed));
    }
}
