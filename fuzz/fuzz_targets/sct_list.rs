#![no_main]
//! SCT lists and data tile leaves have one spelling.

use lite_pki::sct::{SctList, TileLeaf, leaf_index};

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    if let Ok(list) = SctList::decode(data) {
        assert_eq!(list.encode().as_deref(), Some(data));
    }
    let mut rest = data;
    if let Ok(leaf) = TileLeaf::decode_from(&mut rest) {
        let read = &data[..data.len() - rest.len()];
        assert_eq!(leaf.encode().as_deref(), Some(read));
    }
    let _ = leaf_index(data);
});
