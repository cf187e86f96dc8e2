"""Every setting, from the environment or a `.env` beside manage.py; docs/admin.md has the table."""

import contextlib
import ipaddress
import os
import secrets
from pathlib import Path

import environ
from django.core.exceptions import ImproperlyConfigured

BASE_DIR = Path(__file__).resolve().parent.parent
VERSION = "0.1.0"

env = environ.Env()
environ.Env.read_env(os.environ.get("OWNROOM_ENV_FILE", str(BASE_DIR / ".env")))


def _number(name: str, default: int) -> int:
    try:
        return int(env.str(name, default=str(default)))
    except ValueError:
        raise ImproperlyConfigured(f"{name} is a whole number, not “{env.str(name)}”") from None


def _switch(name: str) -> bool:
    """Only what is plainly yes or no: a typing error must not leave a door open."""
    said = env.str(name, default="false").strip().lower()
    if said not in {"true", "yes", "on", "1", "false", "no", "off", "0"}:
        raise ImproperlyConfigured(f"{name} is true or false, not “{said}”")
    return said in {"true", "yes", "on", "1"}


OWNROOM_DATA = Path(env.str("OWNROOM_DATA", default=str(BASE_DIR / "data")))
try:
    OWNROOM_DATA.mkdir(parents=True, exist_ok=True)
except OSError as error:
    why = f"{error.strerror}: {error.filename}"
    raise ImproperlyConfigured(f"OWNROOM_DATA: the folder cannot be made. {why}") from error
OWNROOM_DOMAIN = env.str("OWNROOM_DOMAIN", default="").lower()
OWNROOM_SCHEME = env.str("OWNROOM_SCHEME", default="https")
OWNROOM_ORIGIN = f"{OWNROOM_SCHEME}://{OWNROOM_DOMAIN}"
OWNROOM_HANDLE_DOMAIN = env.str("OWNROOM_HANDLE_DOMAIN", default=OWNROOM_DOMAIN).lower()
OWNROOM_HOMESERVER_URL = env.str("OWNROOM_HOMESERVER_URL", default="").rstrip("/")
OWNROOM_SERVER_NAME = env.str("OWNROOM_SERVER_NAME", default="")
OWNROOM_REGISTRATION = Path(
    env.str("OWNROOM_REGISTRATION", default=str(OWNROOM_DATA / "registration.yaml"))
)
OWNROOM_SECURE_FETCH = _switch("OWNROOM_SECURE_FETCH")
OWNROOM_ADMINS = tuple(who.strip() for who in env.list("OWNROOM_ADMINS", default=[]))
OWNROOM_ROOM_GHOSTS = _number("OWNROOM_ROOM_GHOSTS", 100)  # who speak in a group's room
OWNROOM_SIGNUPS = env.str("OWNROOM_SIGNUPS", default="local")  # or "anyone", or "invited"
try:
    OWNROOM_ALLOW_PRIVATE = tuple(
        ipaddress.ip_network(network.strip(), strict=False)
        for network in env.list("OWNROOM_ALLOW_PRIVATE", default=[])
        if network.strip()
    )
except ValueError as error:
    raise ImproperlyConfigured(f"OWNROOM_ALLOW_PRIVATE: {error}") from error
OWNROOM_MEDIA_HOST = env.str("OWNROOM_MEDIA_HOST", default="").lower()  # files are served there
# Of the files that others attach; a homeserver takes 50 MiB unless told otherwise.
OWNROOM_MEDIA_LIMIT = _number("OWNROOM_MEDIA_LIMIT", 40) * 1024 * 1024
OWNROOM_MEDIA_QUOTA = _number("OWNROOM_MEDIA_QUOTA", 10_240) * 1024 * 1024  # 0: none
OWNROOM_MEDIA_DAYS = _number("OWNROOM_MEDIA_DAYS", 180)  # unused for so long; 0: for ever
OWNROOM_HOMESERVER_ADMIN_TOKEN = env.str("OWNROOM_HOMESERVER_ADMIN_TOKEN", default="")
REDIS_URL = env.str("REDIS_URL", default="")


def _secret() -> str:
    """Made once and kept: it seals the signing keys, so a lost one is a lost identity."""
    path = OWNROOM_DATA / "secret_key"
    if not path.exists():
        draft = path.with_suffix(f".{os.getpid()}")
        draft.touch(mode=0o600)
        draft.write_text(secrets.token_urlsafe(48))
        with contextlib.suppress(FileExistsError):
            os.link(draft, path)  # whoever comes first wins; two processes agree on one key
        draft.unlink()
    return path.read_text().strip()


SECRET_KEY = env.str("OWNROOM_SECRET_KEY", default="") or _secret()
DEBUG = False
ALLOWED_HOSTS = ["*"]  # every document is built from OWNROOM_DOMAIN, never from the Host header
ROOT_URLCONF = "bridge.urls"
WSGI_APPLICATION = "bridge.wsgi.application"
APPEND_SLASH = False
DATA_UPLOAD_MAX_MEMORY_SIZE = 100 * 1024 * 1024  # each door sets its own, smaller limit

INSTALLED_APPS = [
    "django.contrib.admin.apps.SimpleAdminConfig",  # bridge/admin.py names what is shown
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "rest_framework",
    "csp",
    "social.web",
    "social.apps.Social",
    "bridge.apps.Bridge",
]
MIDDLEWARE = [
    "bridge.guard.kept_by_nobody",
    "bridge.guard.DatabaseAway",
    "bridge.guard.no_nul",
    "bridge.guard.files_apart",
    "bridge.guard.short_way",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "csp.middleware.CSPMiddleware",
]
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ]
        },
    }
]

DATABASES = {
    "default": env.db_url_config(
        env.str("DATABASE_URL", default="") or f"sqlite:///{OWNROOM_DATA / 'ownroom.sqlite3'}"
    )
}
if not DATABASES["default"].get("ENGINE"):
    raise ImproperlyConfigured("DATABASE_URL is no such URL: postgres://NAME:PASSWORD@HOST/DB")
if DATABASES["default"]["ENGINE"] == "django.db.backends.sqlite3":
    DATABASES["default"] |= {
        "CONN_MAX_AGE": None,
        "OPTIONS": {
            # IMMEDIATE: a transaction that reads first and then writes must not be told "locked".
            "transaction_mode": "IMMEDIATE",
            "timeout": 20,
            "init_command": (
                "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA temp_store=MEMORY;"
            ),
        },
    }
else:
    DATABASES["default"] |= {"CONN_MAX_AGE": 60, "CONN_HEALTH_CHECKS": True}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

CACHES = {
    "default": {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": REDIS_URL}
    if REDIS_URL
    else {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}
}

LANGUAGE_CODE = "en"
USE_I18N = True
USE_TZ = True
TIME_ZONE = "UTC"
STATIC_URL = "/static/"
STATIC_ROOT = OWNROOM_DATA / "static"
STATIC_ROOT.mkdir(exist_ok=True)
WHITENOISE_USE_FINDERS = True  # `up` needs no collectstatic

SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = OWNROOM_SCHEME == "https"
SESSION_COOKIE_SAMESITE = "Lax"
X_FRAME_OPTIONS = "DENY"
CSRF_TRUSTED_ORIGINS = [OWNROOM_ORIGIN] if OWNROOM_DOMAIN else []
_FILES = [f"{OWNROOM_SCHEME}://{OWNROOM_MEDIA_HOST}"] if OWNROOM_MEDIA_HOST else []
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": ["'none'"],
        "style-src": ["'self'"],
        "script-src": ["'self'"],
        "img-src": ["'self'", *_FILES],  # of others nothing is loaded from where they live
        "media-src": ["'self'", *_FILES],
        "font-src": ["'self'"],
        "form-action": ["'self'"],
        "base-uri": ["'none'"],
        "frame-ancestors": ["'none'"],
    }
}

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.AllowAny"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["rest_framework.parsers.JSONParser"],
    "UNAUTHENTICATED_USER": None,
}

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "%(asctime)s %(levelname)s %(name)s %(message)s"}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["stderr"], "level": "WARNING"},
    "loggers": {
        "ownroom": {"level": "INFO"},
        "django.request": {"level": "ERROR"},  # a 404 is an answer, not an event
        "django.security.DisallowedHost": {"level": "CRITICAL"},  # anybody may ask for any name
        "nio": {"level": "ERROR"},  # its errors are raised by bridge/matrix/client.py
        "kombu.connection": {"level": "ERROR"},  # it misses a host name for the broker in memory
    },
}
