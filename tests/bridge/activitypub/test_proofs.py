"""FEP-8b32, against the two published vectors, and against what a liar might change."""

from copy import deepcopy
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from bridge.activitypub import proofs
from bridge.activitypub.keys import BadSignature

KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
OWN = proofs.multikey(KEY.public_key())
METHOD = "https://social.test/ap/u/alice#ed25519-key"
CREATED = "2026-11-23T18:45:10.120Z"
NOTE: dict[str, Any] = {
    "@context": [
        "https://www.w3.org/ns/activitystreams",
        "https://w3id.org/security/data-integrity/v1",
    ],
    "id": "https://social.test/ap/o/1",
    "type": "Note",
    "content": "<p>Grüße \N{THUMBS UP SIGN}</p>",
    "count": 1.0,
}
SIGNED = proofs.add(NOTE, KEY, verification_method=METHOD, created=CREATED)

# The same key pair in both vectors.
PUBLISHED = "z6MkrJVnaZkeFzdQyMZu1cgjg7k1pZZ6pvBQ7XJPt4swbTQ2"
PUBLISHED_PRIVATE = "z3u2en7t5LR2WtQH5PfFqMqwVHBeXouLzo6haApm8XHqvjxq"
# FEP-8b32, fep-8b32.feature: no @context in the proof.
FEP: dict[str, Any] = {
    "@context": [
        "https://www.w3.org/ns/activitystreams",
        "https://w3id.org/security/data-integrity/v1",
    ],
    "type": "Create",
    "actor": "https://server.example/users/alice",
    "object": {"type": "Note", "content": "Hello world"},
    "proof": {
        "type": "DataIntegrityProof",
        "cryptosuite": "eddsa-jcs-2022",
        "verificationMethod": "https://server.example/users/alice#ed25519-key",
        "proofPurpose": "assertionMethod",
        "proofValue": "z3sXaxjKs4M3BRicwWA9peyNPJvJqxtGsDmpt1jjoHCjgeUf"
        "71TRFz56osPSfDErszyLp5Ks1EhYSgpDaNM977Rg2",
        "created": "2023-02-24T23:36:38Z",
    },
}
# W3C, Data Integrity EdDSA Cryptosuites v1.0, appendix B: @context in the proof.
W3C: dict[str, Any] = {
    "@context": [
        "https://www.w3.org/ns/credentials/v2",
        "https://www.w3.org/ns/credentials/examples/v2",
    ],
    "id": "urn:uuid:58172aac-d8ba-11ed-83dd-0b3aef56cc33",
    "type": ["VerifiableCredential", "AlumniCredential"],
    "name": "Alumni Credential",
    "description": "A minimum viable example of an Alumni Credential.",
    "issuer": "https://vc.example/issuers/5678",
    "validFrom": "2023-01-01T00:00:00Z",
    "credentialSubject": {"id": "did:example:abcdefgh", "alumniOf": "The School of Examples"},
    "proof": {
        "type": "DataIntegrityProof",
        "cryptosuite": "eddsa-jcs-2022",
        "created": "2023-02-24T23:36:38Z",
        "verificationMethod": f"did:key:{PUBLISHED}#{PUBLISHED}",
        "proofPurpose": "assertionMethod",
        "@context": [
            "https://www.w3.org/ns/credentials/v2",
            "https://www.w3.org/ns/credentials/examples/v2",
        ],
        "proofValue": "z2HnFSSPPBzR36zdDgK8PbEHeXbR56YF24jwMpt3R1eHXQzJ"
        "DMWS93FCzpvJpwTWd3GAVFuUfjoJdcnTMuVor51aX",
    },
}


def changed(**values: Any) -> dict[str, Any]:
    return {**deepcopy(SIGNED), **values}


def with_proof(**values: Any) -> dict[str, Any]:
    proof = {**SIGNED["proof"], **values}
    return changed(proof={name: value for name, value in proof.items() if value is not None})


REFUSED: dict[str, dict[str, Any]] = {
    "no proof": NOTE,
    "other text": changed(content="<p>Bye</p>"),
    "one more key": changed(to="https://www.w3.org/ns/activitystreams#Public"),
    "another context": changed(**{"@context": "https://www.w3.org/ns/activitystreams"}),
    "contexts in another order": changed(**{"@context": NOTE["@context"][::-1]}),
    "a proof as text": changed(proof="x"),
    "an empty list of proofs": changed(proof=[]),
    "another date": with_proof(created="2026-11-23T18:45:11Z"),
    "no date": with_proof(created=None),
    "another method": with_proof(verificationMethod="https://evil.test/#key"),
    "another purpose": with_proof(proofPurpose="authentication"),
    "another suite": with_proof(cryptosuite="eddsa-rdfc-2022"),
    "another type": with_proof(type="RsaSignature2017"),
    "no value": with_proof(proofValue=None),
    "an empty value": with_proof(proofValue="z"),
    "a value in another base": with_proof(proofValue="uAAAA"),
    "a value with letters that are none": with_proof(proofValue="z0OIl"),
    "a value of a megabyte": with_proof(proofValue="z" + "2" * 1_000_000),
    "a proof that has ended": with_proof(expires="2026-01-01T00:00:00Z"),
    "a proof that ends never": with_proof(expires="never"),
    "a number without canonical form": changed(count=2**60),
}


@pytest.mark.parametrize("document", REFUSED.values(), ids=REFUSED.keys())
def test_a_document_is_not_proven_with(document: dict[str, Any]) -> None:
    assert not proofs.check(document, OWN)


@pytest.mark.parametrize("key", ["", "z", "z6Mk", "u6Mk", PUBLISHED, OWN[:-1], OWN + "1"])
def test_a_document_is_not_proven_by_another_key(key: str) -> None:
    assert not proofs.check(SIGNED, key)


@pytest.mark.parametrize(
    "key",
    ["", "z", "zzzz", "z" + "1" * 40, "z4MXj1wBzi9jUstyPMS4jQqB6KdJaiatPkAtVtGc6bQEQEEsKTic", "zé"],
)
def test_a_key_that_is_not_ed25519_is_refused(key: str) -> None:
    with pytest.raises(BadSignature):
        proofs.from_multikey(key)


def test_what_we_prove_is_proven_and_the_rest_stays_as_it_was() -> None:
    assert proofs.check(SIGNED, OWN)
    assert {name: value for name, value in SIGNED.items() if name != "proof"} == NOTE
    assert SIGNED["proof"]["@context"] == NOTE["@context"]
    assert SIGNED["proof"]["created"] == "2026-11-23T18:45:10Z"
    assert SIGNED["proof"]["verificationMethod"] == METHOD


def test_an_older_signature_beside_the_proof_does_not_matter() -> None:
    assert proofs.check(changed(signature={"type": "RsaSignature2017"}), OWN)
    both = {**NOTE, "signature": {"type": "RsaSignature2017"}}
    assert "signature" not in proofs.add(both, KEY, verification_method=METHOD, created=CREATED)


def test_our_proof_is_found_among_others() -> None:
    others = [{"type": "DataIntegrityProof", "cryptosuite": "bbs-2023"}, SIGNED["proof"]]
    assert proofs.check(changed(proof=others), OWN)


def test_contexts_may_be_added_after_the_signed_ones() -> None:
    assert proofs.check(changed(**{"@context": [*NOTE["@context"], "https://a.test/ns"]}), OWN)


def test_a_context_signed_but_not_written_in_the_proof_is_found() -> None:
    assert proofs.check(with_proof(**{"@context": None}), OWN)


@pytest.mark.parametrize("document", [FEP, W3C], ids=["FEP-8b32", "W3C"])
def test_the_published_vectors_are_proven(document: dict[str, Any]) -> None:
    assert proofs.check(document, PUBLISHED)
    assert not proofs.check({**document, "id": "https://evil.test/1"}, PUBLISHED)


def test_we_write_the_published_proof_byte_for_byte() -> None:
    private = Ed25519PrivateKey.from_private_bytes(proofs.multibase(PUBLISHED_PRIVATE)[2:])
    assert proofs.multikey(private.public_key()) == PUBLISHED
    plain = {name: value for name, value in W3C.items() if name != "proof"}
    made = proofs.add(
        plain,
        private,
        verification_method=W3C["proof"]["verificationMethod"],
        created="2023-02-24T23:36:38Z",
    )
    assert made == W3C


@given(st.binary(min_size=32, max_size=32))
def test_a_multikey_survives_the_way_out_and_back(seed: bytes) -> None:
    public = Ed25519PrivateKey.from_private_bytes(seed).public_key()
    assert proofs.from_multikey(proofs.multikey(public)) == public


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@given(JSON, st.sampled_from([*SIGNED["proof"], "expires", "id"]), JSON)
def test_no_document_makes_the_check_raise(content: Any, name: str, value: Any) -> None:
    assert proofs.check(changed(content=content), OWN) == (content == NOTE["content"])
    proofs.check(with_proof(**{name: value}), OWN)
    proofs.check(changed(proof=content), str(value))
