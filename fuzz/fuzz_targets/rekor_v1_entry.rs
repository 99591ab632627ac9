//! Foreign bytes as a proposed entry of Rekor v1: a leaf that comes out says its kind, fits a tiled
//! log and is found again.
#![no_main]

use lite_bundle::body::{Body, BodyError, MAX_LEAF_BYTES};
use lite_entries::{Rules, accept, kind_of, search_keys};

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    if let Ok(accepted) = accept(data, &Rules::default()) {
        let leaf = &accepted.leaf;
        assert!(leaf.len() <= MAX_LEAF_BYTES);
        assert_eq!(kind_of(leaf), Some((accepted.kind.to_owned(), accepted.version.to_owned())));
        assert!(!search_keys(leaf).is_empty());
        let read = Body::parse(accepted.kind, accepted.version, leaf);
        assert!(matches!(read, Ok(_) | Err(BodyError::UnknownKind)));
    }
});
