"""Settings of newsarchive, read from the environment; README.md lists them all."""

import contextlib
import os
import secrets
import tempfile
from pathlib import Path

from django.core.exceptions import ImproperlyConfigured

BASE_DIR = Path(__file__).resolve().parent.parent
DATA_DIR = Path(os.environ.get("NEWSARCHIVE_DATA") or BASE_DIR / "var").resolve()
try:
    DATA_DIR.mkdir(parents=True, exist_ok=True)
    if not os.access(DATA_DIR, os.W_OK):
        raise PermissionError(13, "it cannot be written to")
except OSError as error:
    raise ImproperlyConfigured(
        f"NEWSARCHIVE_DATA={DATA_DIR} cannot be used: {error.strerror}."
    ) from error

# local: this machine only; lan: plain HTTP for trusted hosts; https: behind a proxy that does TLS.
MODE = os.environ.get("NEWSARCHIVE_MODE", "local")
if MODE not in ("local", "lan", "https"):
    raise ImproperlyConfigured(f"NEWSARCHIVE_MODE is {MODE!r}; it must be local, lan or https.")


def _whole_number(name: str, default: int) -> int:
    value = os.environ.get(name, str(default))
    if not value.isdecimal():
        raise ImproperlyConfigured(f"{name} is {value!r}; it must be a whole number.")
    return int(value)


def _secret_key() -> str:
    """Return the key in the data folder, made on the first run and readable by its owner only."""
    path = DATA_DIR / "secret-key"
    if not path.exists():
        # Whole or not there at all, also when two processes start at once.
        with tempfile.NamedTemporaryFile("w", dir=DATA_DIR) as file:
            file.write(secrets.token_urlsafe(64))
            file.flush()
            with contextlib.suppress(FileExistsError):
                os.link(file.name, path)
    return path.read_text()


SECRET_KEY = os.environ.get("NEWSARCHIVE_SECRET_KEY") or _secret_key()
DEBUG = os.environ.get("NEWSARCHIVE_DEBUG") == "1"
ALLOWED_HOSTS = [
    host.strip()
    for host in os.environ.get("NEWSARCHIVE_HOSTS", "127.0.0.1,localhost,[::1]").split(",")
]

INSTALLED_APPS = [
    "articles",
    "search",  # before haystack: its rebuild_index and update_index replace haystack's
    "haystack",
    "axes",
    "corsheaders",
    "csp",
    "django_tasks",
    "django_tasks_db",
    "simple_history",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.sitemaps",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
]
MIDDLEWARE = [
    "corsheaders.middleware.CorsMiddleware",
    "newsarchive.api.errors_as_json",
    "newsarchive.limiting.client_address",
    "newsarchive.limiting.limited",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "newsarchive.caching.CompressionMiddleware",
    "newsarchive.caching.ConditionalMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "articles.preferences.vary_by_preferences",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "newsarchive.privacy.PrivateMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "simple_history.middleware.HistoryRequestMiddleware",
    "axes.middleware.AxesMiddleware",
]
ROOT_URLCONF = "newsarchive.urls"
WSGI_APPLICATION = "newsarchive.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "articles.preferences.preferences",
            ],
        },
    }
]

# SQLite keeps every committed row through a kill or a power cut (WAL, synchronous=FULL), and
# IMMEDIATE transactions wait for each other instead of failing in the middle.
DATABASES = {
    "default": {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": DATA_DIR / "archive.sqlite3",
        "CONN_MAX_AGE": 60,
        "OPTIONS": {
            "timeout": 20,
            "transaction_mode": "IMMEDIATE",
            "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;",
        },
    }
}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

HAYSTACK_CONNECTIONS = {
    "default": {
        "ENGINE": os.environ.get("NEWSARCHIVE_ENGINE", "search.engines.whoosh.WhooshEngine"),
        "PATH": DATA_DIR / "index",
        "SILENTLY_FAIL": False,
    }
}

TASKS = {"default": {"BACKEND": "django_tasks_db.DatabaseBackend"}}

LANGUAGE_CODE = "zh-hans"
LANGUAGES = [("zh-hans", "简体中文"), ("zh-hant", "繁體中文"), ("en", "English")]
LOCALE_PATHS = [BASE_DIR / "locale"]
LANGUAGE_COOKIE_AGE = 365 * 24 * 3600
LANGUAGE_COOKIE_HTTPONLY = True
LANGUAGE_COOKIE_SAMESITE = "Lax"
USE_I18N = True
USE_TZ = True
TIME_ZONE = os.environ.get("NEWSARCHIVE_TIME_ZONE", "Asia/Shanghai")

# What may be uploaded at once, and the folders of this machine that may be imported in the admin.
NEWSARCHIVE_UPLOAD_MB = _whole_number("NEWSARCHIVE_UPLOAD_MB", 200)
NEWSARCHIVE_IMPORT_FOLDERS = [
    folder
    for folder in os.environ.get("NEWSARCHIVE_IMPORT_FOLDERS", "").split(os.pathsep)
    if folder
]
FILE_UPLOAD_HANDLERS = ["articles.uploads.LimitedUploadHandler"]
FILE_UPLOAD_TEMP_DIR = DATA_DIR / "uploads" / "arriving"
FILE_UPLOAD_TEMP_DIR.mkdir(parents=True, exist_ok=True)
DATA_UPLOAD_MAX_NUMBER_FILES = 20_000

# Bodies are edited as a form field; the sanitiser takes 2,000,000 characters, nine bytes each.
DATA_UPLOAD_MAX_MEMORY_SIZE = 20_000_000

STATIC_URL = "static/"
STATICFILES_DIRS = [BASE_DIR / "static"]
STATIC_ROOT = DATA_DIR / "static"
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}

AUTHENTICATION_BACKENDS = [
    "axes.backends.AxesStandaloneBackend",
    "django.contrib.auth.backends.ModelBackend",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in (
        "UserAttributeSimilarityValidator",
        "MinimumLengthValidator",
        "CommonPasswordValidator",
        "NumericPasswordValidator",
    )
]
LOGIN_URL = "login"
LOGIN_REDIRECT_URL = "front"
AXES_FAILURE_LIMIT = 10
AXES_COOLOFF_TIME = 0.25  # hours
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
AXES_LOCKOUT_CALLABLE = "articles.logins.locked_out"
AXES_RESET_COOL_OFF_ON_FAILURE_DURING_LOCKOUT = False  # the page says when to come back
AXES_ENABLE_ADMIN = False  # the audit log has them
AXES_VERBOSE = False

# 1: everything needs a login.
NEWSARCHIVE_PRIVATE = os.environ.get("NEWSARCHIVE_PRIVATE") == "1"

# Requests to API and exports that a client may make in a minute; 0: any number.
NEWSARCHIVE_API_PER_MINUTE = _whole_number("NEWSARCHIVE_API_PER_MINUTE", 600)

# How many proxies stand before the site and add to X-Forwarded-For who asked them.
NEWSARCHIVE_PROXIES = _whole_number("NEWSARCHIVE_PROXIES", 0)

# Pages of other sites may read what programs read, without a reader's cookies.
CORS_URLS_REGEX = r"^/(api/|feeds/|outlets/[^/]+/latest\.atom$)"
CORS_ALLOW_ALL_ORIGINS = True
CORS_ALLOW_METHODS = ("GET", "HEAD", "OPTIONS")
CORS_ALLOW_HEADERS = ("accept", "content-type", "if-none-match")
CORS_EXPOSE_HEADERS = (
    "ETag",
    "RateLimit-Limit",
    "RateLimit-Remaining",
    "RateLimit-Reset",
    "Retry-After",
)

CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": ["'none'"],
        "script-src": ["'self'"],
        "style-src": ["'self'"],
        "img-src": ["'self'"],
        "font-src": ["'self'"],
        "connect-src": ["'self'"],
        "form-action": ["'self'"],
        "base-uri": ["'none'"],
        "object-src": ["'none'"],
        "frame-src": ["'none'"],
        "frame-ancestors": ["'none'"],
    }
}
X_FRAME_OPTIONS = "DENY"
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
if MODE == "https":
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    SECURE_SSL_REDIRECT = True
    SECURE_HSTS_SECONDS = 365 * 24 * 3600
    SECURE_HSTS_INCLUDE_SUBDOMAINS = True
    SECURE_HSTS_PRELOAD = True
    SESSION_COOKIE_SECURE = True
    CSRF_COOKIE_SECURE = True
    LANGUAGE_COOKIE_SECURE = True

# ask: a link in place of each remote picture, loaded when the reader asks; always; never.
NEWSARCHIVE_PICTURES = os.environ.get("NEWSARCHIVE_PICTURES", "ask")
if NEWSARCHIVE_PICTURES not in ("ask", "always", "never"):
    raise ImproperlyConfigured(
        f"NEWSARCHIVE_PICTURES is {NEWSARCHIVE_PICTURES!r}; it must be ask, always or never."
    )

# Who is named to the sites that pictures are fetched from: a mail address, or one on the web.
NEWSARCHIVE_CONTACT = os.environ.get("NEWSARCHIVE_CONTACT", "")
if not (NEWSARCHIVE_CONTACT.isascii() and NEWSARCHIVE_CONTACT.isprintable()):
    raise ImproperlyConfigured("NEWSARCHIVE_CONTACT must be plain ASCII: it is sent in a header.")

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "handlers": {"console": {"class": "logging.StreamHandler"}},
    "root": {"handlers": ["console"], "level": "WARNING"},
}
