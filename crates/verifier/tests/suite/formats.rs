//! Versions of the format, kinds of entries, and what may stand in either.

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P521_SHA256_ASN1_SIGNING, EcdsaKeyPair};
use lite_bundle::{Content, MediaType, Signer};
use lite_keys::{HashAlgorithm, KeyKind};
use lite_verifier::{Policy, Reason};

use crate::judged::{accept, refuse};
use crate::stack::{ARTIFACT, Hand, NOW, Parts, Stack, me};

#[test]
fn every_version_of_the_format_is_read_with_the_signer_that_it_has() {
    let stack = Stack::new();
    let hand = stack.hand(KeyKind::EcdsaP256);
    let managed = Hand::managed(KeyKind::EcdsaP256);
    for media_type in MediaType::ALL {
        // v0.1 demands a SET, and the others take it.
        for (hand, policy) in
            [(&hand, Policy::identity(me())), (&managed, Policy::key(managed.key.public().clone()))]
        {
            let mut bundle = stack.v1(hand, "hashedrekord");
            bundle.media_type = media_type;
            if !media_type.is_v0_3() {
                bundle.signer = hand.chain();
            }
            accept(&stack, &bundle, &policy);
        }
        let mut bundle = stack.message(&hand);
        bundle.media_type = media_type;
        bundle.signer = if media_type.is_v0_3() { hand.chain() } else { bundle.signer };
        refuse(&stack, &bundle, &Policy::identity(me()), Reason::BundleMalformed);
    }
}

#[test]
fn each_version_demands_its_evidence() {
    let stack = Stack::new();
    let hand = stack.hand(KeyKind::EcdsaP256);
    let policy = Policy::identity(me());
    for media_type in MediaType::ALL {
        let mut good = stack.v1(&hand, "hashedrekord");
        good.timestamps = vec![stack.stamp(0, good.content.signature(), NOW)];
        good.media_type = media_type;
        if !media_type.is_v0_3() {
            good.signer = hand.chain();
        }
        let old = media_type == MediaType::V0_1;

        let mut bundle = good.clone();
        bundle.entries[0].inclusion_promise = None;
        if old {
            refuse(&stack, &bundle, &policy, Reason::SetMissing);
        } else {
            accept(&stack, &bundle, &policy);
        }
        let mut bundle = good.clone();
        bundle.entries[0].inclusion_proof = None;
        if old {
            accept(&stack, &bundle, &policy);
        } else {
            refuse(&stack, &bundle, &policy, Reason::InclusionProofMissing);
        }
        let mut bundle = good.clone();
        bundle.entries[0].inclusion_proof.as_mut().unwrap().checkpoint = None;
        if old {
            accept(&stack, &bundle, &policy);
        } else {
            refuse(&stack, &bundle, &policy, Reason::CheckpointMissing);
        }
    }
}

#[test]
fn every_kind_of_v1_entry_is_compared_with_the_bundle() {
    let stack = Stack::new();
    // Rekor v1 has no place for Ed25519ph; envelopes are signed with the pure form.
    for (key, kinds) in [
        (KeyKind::EcdsaP256, ["hashedrekord", "dsse", "intoto"].as_slice()),
        (KeyKind::EcdsaP384, &["hashedrekord", "dsse", "intoto"]),
        (KeyKind::Ed25519, &["dsse", "intoto"]),
        (KeyKind::Rsa(2048), &["hashedrekord", "dsse", "intoto"]),
    ] {
        let (hand, managed) = (stack.hand(key), Hand::managed(key));
        for kind in kinds {
            accept(&stack, &stack.v1(&hand, kind), &Policy::identity(me()));
            let policy = Policy::key(managed.key.public().clone());
            accept(&stack, &stack.v1(&managed, kind), &policy);
            // Another signature of the same signer over the same artifact: the log has it, too.
            let mut bundle = stack.v1(&hand, kind);
            let mut other = stack.v1(&stack.hand(key), kind);
            std::mem::swap(&mut bundle.entries, &mut other.entries);
            let reason = Reason::EntryVerifierMismatch;
            refuse(&stack, &bundle, &Policy::identity(me()), reason);
        }
    }
}

#[test]
fn a_kind_of_entry_belongs_to_a_kind_of_content() {
    let stack = Stack::new();
    let hand = stack.hand(KeyKind::EcdsaP256);
    let policy = Policy::identity(me());
    for (of, with) in
        [("hashedrekord", "dsse"), ("dsse", "hashedrekord"), ("hashedrekord", "intoto")]
    {
        let mut bundle = stack.v1(&hand, of);
        bundle.entries = stack.v1(&hand, with).entries;
        refuse(&stack, &bundle, &policy, Reason::EntryKindUnknown);
    }
}

#[test]
fn an_older_client_signs_with_sha_256_whatever_the_curve() {
    let stack = Stack::new();
    let hand = Hand::managed(KeyKind::EcdsaP521);
    let mut bundle = stack.message(&hand);
    let Content::Message(message) = &mut bundle.content else { unreachable!("it is a message") };
    let pkcs8 = hand.key.to_pkcs8_der();
    let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P521_SHA256_ASN1_SIGNING, &pkcs8).unwrap();
    message.signature = pair.sign(&SystemRandom::new(), ARTIFACT).unwrap().as_ref().to_vec();
    message.digest = Some((HashAlgorithm::Sha256, HashAlgorithm::Sha256.digest(ARTIFACT)));
    // Rekor v2 takes no such signature, and the entry would be of another digest.
    bundle.entries.clear();
    bundle.timestamps.clear();
    let mut policy = Policy::key(hand.key.public().clone());
    policy.insecure.insecure_skip_log = true;
    accept(&stack, &bundle, &policy);
}

#[test]
fn authorities_may_have_the_public_instances_curve() {
    let stack = Stack::of(&Parts { authorities: KeyKind::EcdsaP384, ..Parts::default() });
    let hand = stack.hand(KeyKind::EcdsaP256);
    accept(&stack, &stack.message(&hand), &Policy::identity(me()));
    let mut bundle = stack.message(&hand);
    bundle.timestamps = vec![stack.stamp_with(0, bundle.content.signature(), NOW, true)];
    accept(&stack, &bundle, &Policy::identity(me()));
}

#[test]
fn a_chain_holds_what_is_needed_and_nothing_else() {
    let stack = Stack::new();
    let hand = stack.hand(KeyKind::EcdsaP256);
    let (mut bundle, policy) = (stack.v1(&hand, "hashedrekord"), Policy::identity(me()));
    bundle.media_type = MediaType::V0_2;
    let der = |certificate: &lite_pki::Certificate| certificate.der().to_vec();
    let [issuer, root] = stack.ca_chain() else { unreachable!("an authority has two") };
    let Signer::CertificateChain(leaf) = hand.chain() else { unreachable!("it has a certificate") };
    let mut with = |more: &[Vec<u8>]| {
        bundle.signer = Signer::CertificateChain([leaf.as_slice(), more].concat());
        bundle.clone()
    };
    accept(&stack, &with(&[der(issuer)]), &policy);
    refuse(&stack, &with(&[der(issuer), der(issuer)]), &policy, Reason::ChainHoldsStranger);
    refuse(&stack, &with(&[der(issuer), der(root)]), &policy, Reason::ChainHoldsRoot);
    let other = Stack::new();
    refuse(&stack, &with(&[der(&other.ca_chain()[0])]), &policy, Reason::ChainHoldsStranger);
    refuse(&stack, &with(&leaf), &policy, Reason::ChainHoldsStranger);
}
