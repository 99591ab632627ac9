"""Verdicts of sigstore-python on many bundles in one process.

Reads a JSON object a line: `bundle`, `artifact` and `root` are paths, `identity` and `issuer` texts.
Writes a JSON object a line: `accepted`, and `why` it is not.
"""

import hashlib
import json
import logging
import sys
import warnings
from pathlib import Path

from sigstore.models import Bundle, TrustedRoot
from sigstore.verify import Verifier, policy

warnings.filterwarnings("ignore")
logging.disable(logging.CRITICAL)


def verify(job):
    artifact = Path(job["artifact"]).read_bytes()
    verifier = Verifier(trusted_root=TrustedRoot.from_file(job["root"]))
    text = Path(job["bundle"]).read_text()
    bundle = Bundle.from_json(text)
    expected = policy.Identity(identity=job["identity"], issuer=job["issuer"])
    if "dsseEnvelope" not in json.loads(text):
        verifier.verify_artifact(artifact, bundle, expected)
        return
    # Which artifact a statement is about is left to the caller.
    _, payload = verifier.verify_dsse(bundle, expected)
    digest = hashlib.sha256(artifact).hexdigest()
    if not any(s["digest"].get("sha256") == digest for s in json.loads(payload)["subject"]):
        raise ValueError("the statement is about something else")


for line in sys.stdin:
    try:
        verify(json.loads(line))
        verdict = {"accepted": True, "why": ""}
    except BaseException as error:  # Whatever it raises, it does not accept.
        verdict = {"accepted": False, "why": f"{type(error).__name__}: {error}"[:300]}
    print(json.dumps(verdict), flush=True)
