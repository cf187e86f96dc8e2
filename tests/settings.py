"""Settings of the fast suite: loopback peers allowed, and a database of its own.

In a file, because a database in memory cannot be shared between threads that write.
"""

import os
import tempfile

os.environ.update(
    OWNROOM_DATA=tempfile.mkdtemp(prefix="ownroom-test-"),
    OWNROOM_DOMAIN="social.test",
    OWNROOM_SCHEME="http",
    OWNROOM_HOMESERVER_URL="http://127.0.0.1:1",
    OWNROOM_SERVER_NAME="hs.test",
    OWNROOM_ALLOW_PRIVATE="127.0.0.0/8",
    OWNROOM_SECRET_KEY="only-for-tests",
    OWNROOM_ENV_FILE=os.devnull,
)
for name in ("REDIS_URL", "DATABASE_URL"):
    if name in os.environ and not os.environ.get("OWNROOM_TEST_SERVICES"):
        del os.environ[name]

from bridge.settings import *  # noqa: E402, F403

if DATABASES["default"]["ENGINE"] == "django.db.backends.sqlite3":  # noqa: F405
    DATABASES["default"]["TEST"] = {"NAME": str(OWNROOM_DATA / "test.sqlite3")}  # noqa: F405
else:  # whoever serves a test keeps no line, or the database could not be dropped in the end
    DATABASES["default"]["CONN_MAX_AGE"] = 0  # noqa: F405
MIDDLEWARE = [*MIDDLEWARE, "tests.fakes.served.Watch"]  # noqa: F405
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
