//! Foreign bytes as a leaf: search keys are found without a fall, none twice, and each is read back
//! from its bytes.
#![no_main]

use std::collections::BTreeSet;

use lite_entries::{SearchKey, key_of_pem, key_of_ssh, search_keys};

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let keys = search_keys(data);
    assert_eq!(keys.iter().collect::<BTreeSet<_>>().len(), keys.len());
    let keys = keys.into_iter().chain(key_of_pem(data)).chain(key_of_ssh(data));
    for key in keys.chain(SearchKey::parse(data)) {
        assert_eq!(SearchKey::parse(&key.to_bytes()), Some(key));
    }
});
