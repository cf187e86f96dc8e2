"""Acts survive the trip through JSON, nested ones too: each of them, with each field it has."""

import json

from hypothesis import given

from social import acts
from tests.social.everything import every_act


@given(act=every_act())
def test_an_act_written_as_json_is_read_back_as_it_was(act: acts.Act) -> None:
    assert acts.load(json.loads(json.dumps(acts.dump(act)))) == act
