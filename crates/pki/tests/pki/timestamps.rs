//! Timestamps of our own authority, judged by `openssl ts`, and requests of all shapes.

use lite_keys::{HashAlgorithm, KeyKind};
use lite_pki::chain::Purpose;
use lite_pki::oid;
use lite_pki::timestamp::{
    TimestampAuthority, TimestampError, TimestampRequest, TimestampRequestError, TimestampResponse,
    TimestampResponseError, TrustedAuthority,
};

use crate::authorities::{NOW, authority};
use crate::openssl::OpenSsl;

const MESSAGE: &[u8] = b"a signature";

fn timestamp_authority(kind: KeyKind) -> TimestampAuthority {
    let authority = authority(Purpose::TimeStamping, kind);
    let chain = authority.chain();
    TimestampAuthority::new(authority.key, chain, NOW).unwrap()
}

fn trusted(authority: &TimestampAuthority) -> TrustedAuthority {
    TrustedAuthority {
        chain: authority.chain().to_vec(),
        valid_from: Some(NOW),
        valid_until: Some(NOW),
    }
}

fn respond(authority: &TimestampAuthority, request: &TimestampRequest) -> Vec<u8> {
    authority.respond(request, &oid::SIGSTORE_TSA_POLICY, [0xFF; 20], NOW).unwrap()
}

#[test]
fn our_own_timestamps_verify() {
    for kind in [KeyKind::EcdsaP256, KeyKind::EcdsaP384] {
        let authority = timestamp_authority(kind);
        for hash in HashAlgorithm::ALL {
            for cert_req in [false, true] {
                let mut request = TimestampRequest::of_message(hash, MESSAGE);
                request.cert_req = cert_req;
                request.nonce = Some(vec![0x00, 0xFF, 0x01]);
                let response = TimestampResponse::from_der(&respond(&authority, &request)).unwrap();
                assert_eq!(response.nonce(), Some(&[0x00, 0xFF, 0x01][..]));
                assert_eq!(response.certificates().len(), usize::from(cert_req));
                assert_eq!(response.imprint().0, hash);
                let verified = response.verify(MESSAGE, &trusted(&authority)).unwrap();
                assert_eq!(verified.time, NOW);
                assert_eq!(verified.path, authority.chain());
            }
        }
    }
}

#[test]
fn openssl_reads_our_requests_and_accepts_our_answers() {
    let Some(openssl) = OpenSsl::find() else { return };
    let authority = timestamp_authority(KeyKind::EcdsaP256);
    openssl.put("root.pem", authority.chain()[1].to_pem());
    openssl.put("leaf.pem", authority.leaf().to_pem());
    openssl.put("data", MESSAGE);
    for (options, certificate) in [
        ("-sha256 -cert", ""),
        ("-sha256 -no_nonce -cert", ""),
        ("-sha256", "-untrusted leaf.pem"),
        ("-sha384 -no_nonce", "-untrusted leaf.pem"),
        ("-sha512 -cert -tspolicy 1.3.6.1.4.1.57264.2", ""),
    ] {
        openssl.agree(&format!("ts -query -data data {options} -out query.tsq"));
        let query = openssl.get("query.tsq");
        let request = TimestampRequest::from_der(&query).unwrap();
        assert_eq!(request.to_der(), query, "{options}");
        openssl.put("answer.tsr", respond(&authority, &request));
        let at = NOW.secs();
        let check =
            format!("ts -verify -in answer.tsr -CAfile root.pem -attime {at} {certificate}");
        openssl.agree(&format!("{check} -queryfile query.tsq"));
        openssl.agree(&format!("{check} -data data"));
        let text = openssl.agree("ts -reply -in answer.tsr -text");
        for part in ["Status: Granted.", "Accuracy: 0x01 seconds", "Ordering: no", "Version: 1"] {
            assert!(text.contains(part), "{part}: {text}");
        }
    }
}

#[test]
fn the_answer_has_the_shape_that_stock_clients_read() {
    let Some(openssl) = OpenSsl::find() else { return };
    let authority = timestamp_authority(KeyKind::EcdsaP256);
    let request = TimestampRequest::of_message(HashAlgorithm::Sha256, MESSAGE);
    openssl.put("answer.tsr", respond(&authority, &request));
    let text = openssl.agree("asn1parse -inform DER -in answer.tsr");
    let names: Vec<&str> = text
        .lines()
        .filter_map(|line| line.split_once("OBJECT").and_then(|(_, rest)| rest.split_once(':')))
        .map(|(_, name)| name.trim())
        .collect();
    assert_eq!(
        names,
        [
            "pkcs7-signedData",
            "sha256",
            "id-smime-ct-TSTInfo",
            "organizationName",
            "commonName",
            "sha256",
            "contentType",
            "id-smime-ct-TSTInfo",
            "signingTime",
            "messageDigest",
            "id-smime-aa-signingCertificateV2",
            "organizationName",
            "commonName",
            "ecdsa-with-SHA256",
        ]
    );
}

#[track_caller]
fn refuse_request(der: &[u8], why: TimestampRequestError) {
    assert_eq!(TimestampRequest::from_der(der), Err(why), "{der:02x?}");
}

#[test]
fn requests_are_refused_by_reason() {
    use TimestampRequestError as Why;
    let request = TimestampRequest::of_message(HashAlgorithm::Sha256, MESSAGE);
    let der = request.to_der();
    assert_eq!(TimestampRequest::from_der(&der), Ok(request.clone()));
    refuse_request(&[], Why::Malformed);
    refuse_request(&[&der[..], &[0]].concat(), Why::Malformed);
    refuse_request(&der[..der.len() - 1], Why::Malformed);
    refuse_request(&vec![0x30; 5000], Why::TooLarge);
    let mut version = der.clone();
    version[4] = 2;
    refuse_request(&version, Why::Version);

    let with = |change: fn(&mut TimestampRequest)| {
        let mut changed = request.clone();
        change(&mut changed);
        changed.to_der()
    };
    refuse_request(&with(|r| r.digest.truncate(20)), Why::DigestLength);
    refuse_request(&with(|r| r.nonce = Some(vec![1; 129])), Why::TooLarge);
    refuse_request(&with(|r| r.nonce = Some(vec![0, 1])), Why::Malformed);
    refuse_request(&with(|r| r.nonce = Some(vec![])), Why::Malformed);

    // SHA-1, with the right length for SHA-1.
    let sha1 = unhex("302602010130213009 06052b0e03021a 0500 0414");
    refuse_request(&[sha1, vec![9; 20]].concat(), Why::WeakHash);
    let mut extended = der.clone();
    extended.extend([0xA0, 0x02, 0x30, 0x00]);
    extended[1] += 4;
    refuse_request(&extended, Why::Extension);
}

#[test]
fn answers_are_refused_by_reason() {
    use TimestampResponseError as Why;
    let authority = timestamp_authority(KeyKind::EcdsaP256);
    let request = TimestampRequest::of_message(HashAlgorithm::Sha256, MESSAGE);
    let der = respond(&authority, &request);
    let refuse = |der: &[u8], why| assert_eq!(TimestampResponse::from_der(der), Err(why));
    refuse(&[], Why::Malformed);
    refuse(&vec![0; 70_000], Why::TooLarge);
    refuse(&[&der[..], &[0]].concat(), Why::Malformed);
    refuse(&[0x30, 0x05, 0x30, 0x03, 0x02, 0x01, 0x02], Why::NotGranted);
    refuse(&[0x30, 0x05, 0x30, 0x03, 0x02, 0x01, 0x00], Why::Malformed);
}

#[test]
fn every_changed_byte_is_noticed() {
    let authority = timestamp_authority(KeyKind::EcdsaP256);
    let mut request = TimestampRequest::of_message(HashAlgorithm::Sha256, MESSAGE);
    request.cert_req = true;
    let der = respond(&authority, &request);
    let trusted = trusted(&authority);
    let mut accepted = Vec::new();
    for at in 0..der.len() {
        let mut changed = der.clone();
        changed[at] ^= 1;
        let verdict =
            TimestampResponse::from_der(&changed).map(|r| r.verify(MESSAGE, &trusted).is_ok());
        if verdict == Ok(true) {
            accepted.push(at);
        }
    }
    // What RFC 5652 leaves unsigned and nobody reads: the version and digest algorithms of
    // SignedData, and the tag that makes the (here needless) certificates revocation lists.
    let lists =
        der.windows(4).position(|w| w == [&[0xA0, 0x82], &leaf_length(&authority)[..]].concat());
    accepted.retain(|at| Some(*at) != lists);
    assert!(accepted.iter().all(|at| *at < 50), "{accepted:?}");
}

fn leaf_length(authority: &TimestampAuthority) -> [u8; 2] {
    u16::try_from(authority.leaf().der().len()).unwrap().to_be_bytes()
}

#[test]
fn a_timestamp_proves_only_its_message_by_its_authority() {
    let (one, two) =
        (timestamp_authority(KeyKind::EcdsaP256), timestamp_authority(KeyKind::EcdsaP256));
    let request = TimestampRequest::of_message(HashAlgorithm::Sha256, MESSAGE);
    let response = TimestampResponse::from_der(&respond(&one, &request)).unwrap();
    let verdict = |message: &[u8], authority: &TimestampAuthority| {
        response.verify(message, &trusted(authority)).map(|verified| verified.time)
    };
    assert_eq!(verdict(MESSAGE, &one), Ok(NOW));
    assert_eq!(verdict(b"another", &one), Err(TimestampError::Imprint));
    assert_eq!(verdict(MESSAGE, &two), Err(TimestampError::OtherSigner));
    assert!(response.names(&trusted(&one)));
    assert!(!response.names(&trusted(&two)));
    let mut leafless = trusted(&one);
    leafless.chain.remove(0);
    let refused = response.verify(MESSAGE, &leafless).map(|verified| verified.time);
    assert_eq!(refused, Err(TimestampError::UnknownSigner));
}

fn unhex(text: &str) -> Vec<u8> {
    let text = text.replace(' ', "");
    let digit = |i: usize| u8::from_str_radix(&text[i..i + 2], 16).unwrap();
    (0..text.len() / 2).map(|i| digit(2 * i)).collect()
}
