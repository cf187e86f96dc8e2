"""Who is speaking: nobody is believed for another, whatever is signed, served or repeated."""

import base64
import hashlib
import hmac
import json
import threading

import pytest
from django.core.cache import cache

from bridge.activitypub import signatures
from bridge.models import Received
from social.models import Actor
from tests.bridge.security.claims import WORDS, shown
from tests.fakes.liar import AS2, Liar, Page, Somebody, key
from tests.fakes.world import Resident, World, followers


def test_an_actor_who_lists_the_key_is_believed(world: World, alice: Resident, evil: Liar) -> None:
    eve = evil.somebody("eve")
    assert eve.knocks(world, eve.says("Follow", alice.actor)) == 202
    world.settle()
    assert followers(alice.actor) == {eve.id}


def test_nobody_takes_the_name_of_somebody_elses_key(
    world: World, alice: Resident, evil: Liar
) -> None:
    """Whoever had it could speak for her, or silence her."""
    eve = evil.somebody("eve")
    thief = Somebody(evil, f"{evil.url}/u/thief", key("thief"))
    document = thief.document()
    document["publicKey"]["id"] = eve.key_id
    evil.serve("/u/thief", document)
    assert eve.knocks(world, eve.says("Follow", alice.actor)) == 202
    world.settle()
    alice.tell_bot(f"follow {thief.id}")
    world.settle()
    assert not Actor.objects.filter(uri=thief.id).exists()
    assert thief.knocks(world, thief.says("Follow", alice.actor), key_id=eve.key_id) == 401
    assert eve.knocks(world, eve.creates(eve.note(WORDS, to=alice.actor))) == 202
    world.settle()
    assert followers(alice.actor) == {eve.id}
    assert shown()


def claims_owner(evil: Liar, victim: Liar) -> Somebody:
    """Her key's document says that it belongs to him."""
    him, her = victim.somebody("him", pair="him"), Somebody(evil, f"{evil.url}/u/her", key("her"))
    claim = {**her.document(), "publicKey": {**her.document()["publicKey"], "owner": him.id}}
    evil.serve("/u/her", claim)
    return Somebody(evil, him.id, her.pair)


def claims_id(evil: Liar, victim: Liar) -> Somebody:
    """At her address stands his document, with her key in it."""
    him = victim.somebody("him", pair="him")
    forged = Somebody(evil, him.id, key("her"))
    evil.serve("/u/her", forged.document())
    return forged


def standalone_key(evil: Liar, victim: Liar) -> Somebody:
    """A document of a key alone, that says it is his."""
    him = victim.somebody("him", pair="him")
    pem = signatures.public_pem(key("her"))
    claim = {"id": f"{him.id}#main-key", "type": "Key", "owner": him.id, "publicKeyPem": pem}
    evil.serve("/u/her", {"@context": AS2, **claim})
    return Somebody(evil, him.id, key("her"))


FORGERIES = (claims_owner, claims_id, standalone_key)


def test_nobody_speaks_for_an_actor_who_does_not_list_the_key(
    world: World, alice: Resident, evil: Liar, victim: Liar
) -> None:
    for forge in FORGERIES:
        for fragment in ("#main-key", ""):
            cache.clear()  # each is asked for anew
            forged = forge(evil, victim)
            follow = forged.says("Follow", alice.actor)
            key_id = f"{evil.url}/u/her{fragment}"
            assert forged.knocks(world, follow, key_id=key_id) == 401, forge.__doc__
    assert not Received.objects.filter(network="activitypub").exists()
    assert not followers(alice.actor)


def test_a_redirect_to_another_servers_document_is_not_its_word(
    world: World, alice: Resident, evil: Liar, victim: Liar
) -> None:
    forged = Somebody(victim, f"{victim.url}/u/him", key("her"))
    victim.redirect("/u/him", evil.serve("/anything", forged.document()))
    assert forged.knocks(world, forged.says("Follow", alice.actor)) == 401
    assert not Actor.objects.filter(uri=forged.id).exists()


UPLOADED = ("text/html", "text/plain", "image/png", "application/json", "application/ld+json", "")


def test_a_file_uploaded_to_a_server_is_none_of_its_actors(
    world: World, alice: Resident, victim: Liar
) -> None:
    for kind in UPLOADED:
        cache.clear()
        forged = victim.somebody("media", pair="her")
        victim.pages["/u/media"] = Page(victim.pages["/u/media"].body, kind)
        assert forged.knocks(world, forged.says("Follow", alice.actor)) == 401, kind
    assert victim.fetches("/u/media") == len(UPLOADED)
    assert not Actor.objects.filter(uri=f"{victim.url}/u/media").exists()


def test_an_activity_whose_id_is_elsewhere_is_refused(
    world: World, alice: Resident, evil: Liar, victim: Liar
) -> None:
    eve = evil.somebody("eve")
    for place in (victim.url, world.url, "javascript:alert(1)"):
        follow = {**eve.says("Follow", alice.actor), "id": f"{place}/follow/1"}
        assert eve.knocks(world, follow) == 400
    assert not Received.objects.filter(network="activitypub").exists()


def test_several_actors_or_an_embedded_one_are_refused(
    world: World, alice: Resident, evil: Liar
) -> None:
    eve = evil.somebody("eve")
    for odd in ([eve.id], [eve.id, alice.actor], {"id": eve.id}, None, 5):
        assert eve.knocks(world, {**eve.says("Follow", alice.actor), "actor": odd}) == 400
    assert not followers(alice.actor)


def test_the_same_key_twice_in_one_object_is_read_in_no_way(
    world: World, alice: Resident, evil: Liar, victim: Liar
) -> None:
    eve, him = evil.somebody("eve"), victim.somebody("him", pair="him")
    for first, second in ((eve, him), (him, eve)):
        text = json.dumps(first.says("Follow", alice.actor))
        doubled = f'{text[:-1]}, "actor": "{second.id}"}}'.encode()
        assert eve.knocks(world, doubled) == 400
    assert not Received.objects.filter(network="activitypub").exists()


@pytest.mark.parametrize("pem_end", ["\n", ""])
def test_the_public_key_is_no_secret_to_sign_with(
    world: World, alice: Resident, evil: Liar, pem_end: str
) -> None:
    eve = evil.somebody("eve")
    body = json.dumps(eve.says("Follow", alice.actor)).encode()
    headers = eve.signs(world.inbox, body)
    covered = ("(request-target)", "host", "date", "digest")
    values = {name.lower(): value for name, value in headers.items()}
    lines = [f"{name}: {values.get(name, 'post /inbox')}" for name in covered]
    secret = (signatures.public_pem(eve.pair).strip() + pem_end).encode()
    mac = hmac.new(secret, "\n".join(lines).encode(), hashlib.sha256).digest()
    headers["Signature"] = (
        f'keyId="{eve.key_id}",algorithm="hmac-sha256",headers="{" ".join(covered)}",'
        f'signature="{base64.b64encode(mac).decode()}"'
    )
    assert world.status(body, headers) == 401
    assert not Received.objects.filter(network="activitypub").exists()


def test_a_request_heard_once_is_not_heard_again_however_its_signature_is_spelled(
    world: World, alice: Resident, evil: Liar
) -> None:
    world.twice = False  # here the repetition is the story
    eve = evil.somebody("eve")
    follow = eve.says("Follow", alice.actor)
    body = json.dumps(follow).encode()
    headers = eve.signs(world.inbox, body)
    assert world.status(body, headers) == 202
    world.settle()
    eve.knocks(world, eve.says("Undo", follow))
    world.settle()
    respelled = {**headers, "Signature": headers["Signature"] + ',junk="1"'}
    for again in (headers, respelled):
        assert world.status(body, again) == 202
    world.settle()
    assert not followers(alice.actor)


def test_nobody_keeps_out_an_activity_by_using_its_id_first(
    world: World, alice: Resident, evil: Liar, victim: Liar
) -> None:
    him, neighbour = victim.somebody("him", pair="him"), victim.somebody("her", pair="her")
    eve = evil.somebody("eve")
    note = him.note(WORDS, to=alice.actor)
    assert him.knocks(world, him.creates(note)) == 202
    world.settle()
    assert shown()
    delete = {**him.says("Delete", note["id"]), "id": f"{note['id']}#delete"}
    assert eve.knocks(world, delete) == 202
    assert neighbour.knocks(world, {**delete, "actor": neighbour.id}) == 202
    world.settle()
    assert shown()
    assert him.knocks(world, delete) == 202
    world.settle()
    assert not shown()


def test_a_new_key_is_fetched_once_and_a_flood_of_bad_signatures_fetches_no_more(
    world: World, alice: Resident, evil: Liar
) -> None:
    eve = evil.somebody("eve")
    eve.knocks(world, eve.says("Follow", alice.actor))
    renewed = evil.somebody("eve", pair="renewed")
    before = evil.fetches("/u/eve")
    for _ in range(10):
        assert renewed.knocks(world, renewed.says("Follow", alice.actor)) == 202
        liar = Somebody(evil, eve.id, key("somebody else"))
        assert liar.knocks(world, liar.says("Follow", alice.actor)) == 401
    assert evil.fetches("/u/eve") == before + 1


def test_goodbyes_of_people_nobody_met_are_answered_and_nobody_is_asked(
    world: World, alice: Resident, evil: Liar
) -> None:
    for number in range(20):
        stranger = Somebody(evil, f"{evil.url}/u/gone{number}", key("liar"))
        assert stranger.knocks(world, stranger.says("Delete", stranger.id)) == 202
        changed = stranger.says("Update", stranger.document())
        assert stranger.knocks(world, changed) == 202
    assert not evil.asked
    assert not Received.objects.filter(network="activitypub").exists()


def test_first_letters_of_one_actor_at_the_same_moment_are_all_taken(
    world: World, alice: Resident, evil: Liar
) -> None:
    eve = evil.somebody("eve")
    answers: list[int] = []

    def knock() -> None:
        answers.append(eve.knocks(world, eve.creates(eve.note("hello", to=alice.actor))))

    crowd = [threading.Thread(target=knock) for _ in range(8)]
    for one in crowd:
        one.start()
    for one in crowd:
        one.join()
    assert set(answers) == {202}


def test_the_address_of_a_page_leads_to_the_actor_on_its_own_server_alone(
    world: World, alice: Resident, evil: Liar, victim: Liar
) -> None:
    eve, him = evil.somebody("eve"), victim.somebody("him", pair="him")
    evil.serve("/@eve", eve.document())  # as Mastodon does: the page has the actor's document
    alice.tell_bot(f"follow {evil.url}/@eve")
    world.settle()
    assert "I asked @eve@" in alice.answers()[-1]
    alice.tell_bot(f"follow {evil.serve('/@him', him.document())}")
    world.settle()
    assert "That is no profile" in alice.answers()[-1]
    assert not Actor.objects.filter(uri=him.id).exists()
