"""Runs one `manage.py` command as a child, so that the leash can end it whatever it turns into."""

import signal
import subprocess
import sys
from pathlib import Path

MANAGE = Path(__file__).resolve().parent.parent.parent / "manage.py"


def main() -> int:
    child = subprocess.Popen([sys.executable, str(MANAGE), *sys.argv[1:]])
    signal.signal(signal.SIGTERM, lambda *_: child.terminate())
    return child.wait()


if __name__ == "__main__":
    sys.exit(main())
