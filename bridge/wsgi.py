"""Server entry. In the embedded form the worker and the scheduler live in this process too."""

import os
import threading
import time

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "bridge.settings")
application = get_wsgi_application()

if os.environ.get("OWNROOM_PARTS") == "all":
    from bridge import embedded

    embedded.start()


def _follow(parent: int) -> None:
    """The server's main process may be killed outright; nothing of it stays behind."""
    while os.getppid() == parent:
        time.sleep(0.5)
    os._exit(1)


if os.environ.get("OWNROOM_PARTS"):
    threading.Thread(target=_follow, args=(os.getppid(),), daemon=True).start()
