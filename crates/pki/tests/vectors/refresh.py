"""Cuts the vectors of this folder out of a checkout of sigstore-conformance.

    python3 refresh.py PATH/test/assets/bundle-verify

A vector keeps, from one bundle and its trusted root, what a PKI test reads: the leaf, the message
that was stamped, the timestamps, and the authorities. Everything is base64 of the original bytes.
"""

import base64
import json
import pathlib
import sys

CASES = """bundle-with-sct-with-extensions intoto-with-custom-trust-root invalid-ct-key_fail
rekor2-dsse-happy-path rekor2-happy-path rekor2-timestamp-outside-trust-root-tsa-validity_fail
rekor2-timestamp-outside-tsa-cert-validity_fail rekor2-timestamp-payload-mismatch_fail
rekor2-timestamp-untrusted-tsa-with-embedded-cert_fail
rekor2-timestamp-untrusted-tsa-without-embedded-cert_fail rekor2-timestamp-with-embedded-cert
rekor2-timestamp-with-expired-cert-chain rekor2-timestamp-with-incorrect-time_fail
rekor2-timestamp-without-embedded-cert trust-root-tsa-validity-end-inclusive""".split()


def chains(authorities):
    return [
        {
            "chain": [c["rawBytes"] for c in a["certChain"]["certificates"]],
            "start": a.get("validFor", {}).get("start"),
            "end": a.get("validFor", {}).get("end"),
        }
        for a in authorities
    ]


def message(bundle):
    """The bytes a timestamp is over: the signature."""
    if "messageSignature" in bundle:
        return bundle["messageSignature"]["signature"]
    return bundle["dsseEnvelope"]["signatures"][0]["sig"]


def leaf(material):
    if "certificate" in material:
        return material["certificate"]["rawBytes"]
    return material["x509CertificateChain"]["certificates"][0]["rawBytes"]


source = pathlib.Path(sys.argv[1])
for case in CASES:
    bundle = json.loads((source / case / "bundle.sigstore.json").read_text())
    root = json.loads((source / case / "trusted_root.json").read_text())
    material = bundle["verificationMaterial"]
    stamps = material.get("timestampVerificationData", {}).get("rfc3161Timestamps", [])
    vector = {
        "leaf": leaf(material),
        "message": message(bundle),
        "timestamps": [s["signedTimestamp"] for s in stamps],
        "certificateAuthorities": chains(root["certificateAuthorities"]),
        "timestampAuthorities": chains(root.get("timestampAuthorities", [])),
        "ctlogs": [c["publicKey"]["rawBytes"] for c in root["ctlogs"]],
    }
    out = pathlib.Path(__file__).parent / f"{case}.json"
    out.write_text(json.dumps(vector, indent=1) + "\n")
