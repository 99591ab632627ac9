//! SCTs and data tiles, judged by Cloudflare's `static_ct_api`.

use lite_keys::{KeyKind, SigningKey, VerifyError};
use lite_pki::sct::{
    CtEntry, Sct, SctError, SctList, SctVerifyError, TileLeaf, TileLeafError, leaf_index,
    leaf_index_extension,
};
use static_ct_api::Extensions;

use crate::authorities::issuing_ca;
use crate::issuance::{leaf_spec, precertificate, sct_for};
use lite_keys::HashAlgorithm;

fn precert_leaf(index: u64) -> TileLeaf {
    let key = SigningKey::generate(KeyKind::EcdsaP256);
    let ca = issuing_ca(KeyKind::EcdsaP256);
    let precertificate = precertificate(&ca, leaf_spec(&key));
    TileLeaf {
        timestamp: 1_790_000_000_123,
        entry: precertificate.entry().clone(),
        extensions: leaf_index_extension(index).unwrap(),
        precertificate: precertificate.certificate().der().to_vec(),
        chain: ca
            .chain()
            .iter()
            .map(|c| HashAlgorithm::Sha256.digest(c.der()).try_into().unwrap())
            .collect(),
    }
}

#[test]
fn the_leaf_index_is_the_one_of_static_ct_api() {
    for index in [0, 1, 908_820, (1 << 40) - 1] {
        let ours = leaf_index_extension(index).unwrap();
        let theirs = Extensions { leaf_index: index }.to_bytes();
        assert_eq!(ours, theirs);
        assert_eq!(leaf_index(&ours), Some(index));
    }
    assert_eq!(leaf_index_extension(1 << 40), None);
    assert_eq!(leaf_index(&[]), None);
    let twice = leaf_index_extension(5).unwrap().repeat(2);
    assert_eq!(leaf_index(&twice), None, "one extension of a kind");
    assert_eq!(leaf_index(&[1, 0, 0, 0, 0, 5, 0, 0, 0, 0, 7]), Some(7), "others are passed over");
}

#[test]
fn tile_leaves_are_those_of_static_ct_api() {
    let leaves = [precert_leaf(7), precert_leaf(8), x509_leaf()];
    let tile: Vec<u8> = leaves.iter().flat_map(|leaf| leaf.encode().unwrap()).collect();
    let mut rest = tile.as_slice();
    let theirs: Vec<_> =
        static_ct_api::TileIterator::new(tile.clone(), 3).map(Result::unwrap).collect();
    assert_eq!(theirs.len(), 3);
    for (ours, theirs) in leaves.iter().zip(theirs) {
        assert_eq!(TileLeaf::decode_from(&mut rest).as_ref(), Ok(ours));
        assert_eq!(theirs.merkle_tree_leaf(), ours.merkle_leaf().unwrap());
        assert_eq!(theirs.tile_leaf(), ours.encode().unwrap());
    }
    assert!(rest.is_empty());
}

fn x509_leaf() -> TileLeaf {
    TileLeaf {
        timestamp: 5,
        entry: CtEntry::X509(vec![0x30, 0]),
        extensions: leaf_index_extension(9).unwrap(),
        precertificate: Vec::new(),
        chain: vec![[7; 32]],
    }
}

#[test]
fn a_data_tile_that_is_cut_is_refused_at_each_byte() {
    let whole = precert_leaf(1).encode().unwrap();
    for length in 0..whole.len() {
        let mut rest = &whole[..length];
        assert_eq!(TileLeaf::decode_from(&mut rest), Err(TileLeafError::Length), "{length}");
    }
    let mut unknown = whole;
    unknown[9] = 2;
    assert_eq!(TileLeaf::decode_from(&mut unknown.as_slice()), Err(TileLeafError::EntryType));
}

fn sct() -> (SigningKey, CtEntry, Sct) {
    let log = SigningKey::generate(KeyKind::EcdsaP256);
    let entry = precert_leaf(0).entry;
    let sct = sct_for(&log, &entry);
    (log, entry, sct)
}

#[test]
fn an_sct_verifies_only_for_its_log_entry_time_and_extensions() {
    let (log, entry, sct) = sct();
    assert_eq!(sct.verify(log.public(), &entry), Ok(()));
    let other = SigningKey::generate(KeyKind::EcdsaP256);
    assert_eq!(sct.verify(other.public(), &entry), Err(SctVerifyError::Log));
    let refuse = |change: fn(&mut Sct), why: SctVerifyError| {
        let mut changed = sct.clone();
        change(&mut changed);
        assert_eq!(changed.verify(log.public(), &entry), Err(why));
    };
    let forged = SctVerifyError::Signature(VerifyError::Signature);
    refuse(|s| s.timestamp += 1, forged);
    refuse(|s| s.extensions = leaf_index_extension(0).unwrap(), forged);
    refuse(|s| s.hash_algorithm = 5, SctVerifyError::Algorithm);
    refuse(|s| s.signature_algorithm = 1, SctVerifyError::Algorithm);
    assert_eq!(sct.verify(log.public(), &CtEntry::X509(vec![0])), Err(forged));
}

#[test]
fn scts_and_lists_read_back_and_have_one_spelling() {
    let (.., sct) = sct();
    let bytes = sct.encode().unwrap();
    assert_eq!(Sct::decode(&bytes), Ok(sct.clone()));
    let signed = sct.digitally_signed().unwrap();
    let again = Sct::from_response(sct.log_id, sct.timestamp, sct.extensions.clone(), &signed);
    assert_eq!(again, Ok(sct.clone()));
    assert_eq!(Sct::decode(&[&bytes[..], &[0]].concat()), Err(SctError::Length));
    assert_eq!(Sct::decode(&bytes[..bytes.len() - 1]), Err(SctError::Length));
    assert_eq!(Sct::decode(&[&[1], &bytes[1..]].concat()), Err(SctError::Version));

    let list = SctList(vec![sct.clone(), sct.clone()]);
    let bytes = list.encode().unwrap();
    assert_eq!(SctList::decode(&bytes), Ok(list));
    assert_eq!(SctList::decode(&[0, 0]), Err(SctError::Empty));
    assert_eq!(SctList::decode(&[&bytes[..], &[0]].concat()), Err(SctError::Length));
    let many = SctList(vec![sct; 33]).encode().unwrap();
    assert_eq!(SctList::decode(&many), Err(SctError::TooMany));
}
