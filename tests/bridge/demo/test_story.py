"""The demo's story, where it does not begin; tests/live runs it."""

import signal
import socket

import pytest

from bridge.demo import story


def test_a_demo_leaves_another_one_on_its_port_alone(tmp_path, capsys):
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        kept = tmp_path / str(port) / "of the other"
        kept.mkdir(parents=True)
        assert story.tell(port=port, stay=False, folder=tmp_path) == 1
    assert kept.exists()
    assert f"Port {port} is in use" in capsys.readouterr().err


@pytest.mark.parametrize("sign", [signal.SIGINT, signal.SIGTERM])
def test_a_demo_that_was_started_behind_an_ampersand_hears_that_it_shall_end(sign):
    before = {each: signal.getsignal(each) for each in (signal.SIGINT, signal.SIGTERM)}
    signal.signal(sign, signal.SIG_IGN)  # as a shell without a terminal does
    try:
        story.listen()
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(sign)
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)
