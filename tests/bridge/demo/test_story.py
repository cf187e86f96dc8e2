"""The demo's story, where it does not begin; tests/live runs it."""

import socket

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
