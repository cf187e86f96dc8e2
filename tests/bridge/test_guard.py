"""What no request may hold, and who has a short way in."""

import pytest
from django.test import Client


@pytest.mark.parametrize(
    "address",
    [
        "/@ali%00ce",
        "/@alice/a%00b",
        "/tags/%00",
        "/authorize_interaction?uri=%00",
        "/ap/u/ali%00ce",
        "/ap/o/%00",
        "/.well-known/webfinger?resource=acct:a%00@social.test",
        "/_matrix/app/v1/users/%00",
        "/admin/login/?next=%00",
    ],
)
def test_u_0000_in_an_address_is_refused_before_any_look_up(client: Client, address: str) -> None:
    assert client.get(address).status_code == 400


def test_an_inbox_of_such_a_name_is_refused_too(client: Client) -> None:
    answer = client.post("/ap/u/a%00/inbox", b"{}", content_type="application/activity+json")
    assert answer.status_code == 400


@pytest.mark.parametrize("inbox", ["/inbox", "/ap/u/alice/inbox", "/ap/actor/inbox"])
def test_who_knocks_at_an_inbox_gets_a_bare_answer(client: Client, inbox: str) -> None:
    answer = client.post(inbox, b"{}", content_type="text/plain")
    assert answer.status_code == 415
    assert set(answer.headers) == {"Content-Type", "Content-Length", "X-Content-Type-Options"}
    assert answer.headers["Content-Length"] == str(len(answer.content))


@pytest.mark.django_db
def test_whatever_else_is_asked_goes_the_whole_way(client: Client) -> None:
    assert "Content-Security-Policy" in client.get("/inbox").headers
    assert "Content-Security-Policy" in client.post("/nowhere", {}).headers
    admin = Client(enforce_csrf_checks=True)
    assert admin.post("/admin/login/", {"username": "a", "password": "b"}).status_code == 403
