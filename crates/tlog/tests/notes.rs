//! Notes and checkpoints against Cloudflare's `signed_note` and `tlog_tiles`.

use lite_keys::{KeyKind, SigningKey};
use lite_tlog::{Checkpoint, NoteSigner, NoteVerifier, SignedNote, TilePath};
use proptest::prelude::*;
use signed_note::{Note, StandardVerifier, VerifierList};

#[test]
fn another_implementation_verifies_our_checkpoint() {
    let signer = NoteSigner::new("log.example", SigningKey::generate(KeyKind::Ed25519)).unwrap();
    let ours = Checkpoint::new("log.example", 70_000, [7; 32]).sign(&signer).unwrap();
    let theirs = Note::from_bytes(ours.to_string().as_bytes()).unwrap();
    let vkey = signer.verifier().to_vkey().unwrap();
    let known = VerifierList::new(vec![Box::new(StandardVerifier::new(&vkey).unwrap())]);
    let (verified, unverified) = theirs.verify(&known).unwrap();
    assert_eq!((verified.len(), unverified.len()), (1, 0));
    let checkpoint = tlog_tiles::Checkpoint::from_bytes(theirs.text()).unwrap();
    assert_eq!(checkpoint.origin(), "log.example");
    assert_eq!((checkpoint.size(), checkpoint.hash().0), (70_000, [7; 32]));
}

#[test]
fn the_example_of_the_go_implementation_verifies() {
    // golang.org/x/mod/sumdb/note, the package's example.
    let vkey = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";
    let text = "If you think cryptography is the answer to your problem,\n\
                then you don't know what your problem is.\n";
    let line = "— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n";
    let note = SignedNote::parse(format!("{text}\n{line}").as_bytes()).unwrap();
    let verifier = NoteVerifier::from_vkey(vkey).unwrap();
    assert_eq!(note.verify(&verifier).unwrap().name(), "PeterNeumann");
}

proptest! {
    #[test]
    fn no_bytes_make_the_note_parser_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        let _ = SignedNote::parse(&bytes);
    }

    #[test]
    fn what_is_read_as_a_note_is_written_again(text in "[a-z—\n ]{0,20}\n\n(— [a-z]{0,3} [A-Za-z0-9+/]{8}\n){0,3}") {
        if let Ok(note) = SignedNote::parse(text.as_bytes()) {
            prop_assert_eq!(note.to_string(), text);
        }
    }

    #[test]
    fn what_is_read_as_a_tile_path_is_written_again(path in "tile/[0-9]{1,2}/(x[0-9]{3}/){0,2}[0-9]{3}(\\.p/[0-9]{1,3})?") {
        if let Ok(tile) = path.parse::<TilePath>() {
            prop_assert_eq!(tile.to_string(), path);
        }
    }
}
