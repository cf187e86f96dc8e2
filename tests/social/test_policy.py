"""What this server allows: hosts judged one by one or as a crowd."""

import pytest
from pytest_django import DjangoAssertNumQueries

from social import policy
from social.models import Instance, Site

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("host", ["bad.example", "deep.under.bad.example", "bad.example:8443"])
def test_a_blocked_server_is_refused_with_everything_under_it(host: str) -> None:
    Instance.objects.create(host="bad.example", policy="blocked")
    assert policy.host_refused(host) == policy.BLOCKED


def test_a_name_that_only_ends_alike_is_not_refused() -> None:
    Instance.objects.create(host="bad.example", policy="blocked")
    assert policy.host_refused("notbad.example") == ""


def test_with_the_allow_list_whoever_is_not_on_it_is_refused() -> None:
    Site.objects.create(allow_list_only=True)
    Instance.objects.create(host="good.example", policy="allowed")
    Instance.objects.create(host="worse.good.example", policy="blocked")
    said = policy.hosts_refused(["good.example", "worse.good.example", "new.example"])
    assert said == {
        "worse.good.example": policy.BLOCKED,
        "new.example": "this server is not on the allow-list",
    }


def test_a_crowd_is_judged_with_two_questions(
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    Instance.objects.create(host="host7.example", policy="blocked")
    with django_assert_num_queries(2):
        said = policy.hosts_refused(f"host{number}.example" for number in range(500))
    assert list(said) == ["host7.example"]
