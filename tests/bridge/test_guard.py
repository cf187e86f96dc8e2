"""What no request may hold."""

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
