"""Every setting of Taskward; docs/operating.md explains the environment variables.

What is missing or unknown stops the start with a sentence, rather than a surprise later.
"""

import os
import secrets
import tempfile
from contextlib import suppress
from datetime import timedelta
from pathlib import Path

from django.core.exceptions import ImproperlyConfigured
from django.utils.csp import CSP

from config.database import TOP, data_folder, django_database


def env_bool(name: str, *, default: bool) -> bool:
    value = os.environ.get(name, "").strip().lower()
    if value in ("", "1", "true", "yes", "on", "0", "false", "no", "off"):
        return default if not value else value in ("1", "true", "yes", "on")
    raise ImproperlyConfigured(f"{name} must be true or false.")


def env_int(name: str, *, default: int) -> int:
    value = os.environ.get(name, "").strip()
    if value and not value.lstrip("-").isdigit():
        raise ImproperlyConfigured(f"{name} must be a whole number.")
    return int(value) if value else default


def env_list(name: str, *, default: list[str]) -> list[str]:
    value = os.environ.get(name, "")
    return [item.strip() for item in value.split(",") if item.strip()] or default


def env_secret(name: str, *, folder: Path) -> str:
    """The variable, or a random value that is kept in a file only the owner can read."""
    if os.environ.get(name):
        return os.environ[name]
    file = folder / name.lower()
    if not file.exists():
        folder.mkdir(parents=True, exist_ok=True)
        # Written whole under another name first: two that start at once must not read half of it.
        with tempfile.NamedTemporaryFile("w", dir=folder, prefix=f".{file.name}") as new:
            new.write(secrets.token_urlsafe(50))
            new.flush()
            with suppress(FileExistsError):
                os.link(new.name, file)
    return file.read_text()


TASKWARD_DATA = data_folder()
TASKWARD_SITE_NAME = os.environ.get("TASKWARD_SITE_NAME", "Northgate Family Health")
TASKWARD_LOGO = os.environ.get("TASKWARD_LOGO", "")
"""The address of a picture on this server that stands before the site's name."""
TASKWARD_BRAND = env_list("TASKWARD_BRAND", default=[])
TASKWARD_ON_BRAND = env_list("TASKWARD_ON_BRAND", default=[])
TASKWARD_BRAND_TINT = env_list("TASKWARD_BRAND_TINT", default=[])
"""Colours as #rrggbb, of the light and the dark theme (accounts.branding)."""
TASKWARD_IDLE_MINUTES = env_int("TASKWARD_IDLE_MINUTES", default=5)
"""How long nobody may be there before a session locks itself; 0 for never."""
if not 0 <= TASKWARD_IDLE_MINUTES <= 30:
    raise ImproperlyConfigured("TASKWARD_IDLE_MINUTES must be 1 to 30, or 0 for no lock.")
TASKWARD_UNDO_SECONDS = env_int("TASKWARD_UNDO_SECONDS", default=10)
"""For how long a page says what was done, and offers to take it back."""
TASKWARD_SSO_URL = os.environ.get("TASKWARD_SSO_URL", "")
"""Where the sign-in page sends those who sign in elsewhere; empty for nowhere."""
TASKWARD_SSO_LABEL = os.environ.get("TASKWARD_SSO_LABEL", "")
TASKWARD_STATS_SMALLEST = env_int("TASKWARD_STATS_SMALLEST", default=1)
"""Groups of fewer Tasks than this are left out of statistics."""
TASKWARD_SLA_GOAL = env_int("TASKWARD_SLA_GOAL", default=90)
"""Of a hundred Tasks, how many should be claimed within the time that their pool allows."""
VERSION = "0.1.0"

DEBUG = env_bool("TASKWARD_DEBUG", default=False)
SECRET_KEY = env_secret("TASKWARD_SECRET_KEY", folder=TASKWARD_DATA)
ALLOWED_HOSTS = env_list("TASKWARD_ALLOWED_HOSTS", default=["localhost", "127.0.0.1", "[::1]"])
CSRF_TRUSTED_ORIGINS = env_list("TASKWARD_TRUSTED_ORIGINS", default=[])
BEHIND_TLS = env_bool("TASKWARD_BEHIND_TLS", default=False)
"""Served through a proxy that speaks https and sets X-Forwarded-Proto."""

ROOT_URLCONF = "config.urls"
WSGI_APPLICATION = "config.wsgi.application"
INSTALLED_APPS = [
    "config.apps.AdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.postgres",
    "rest_framework",
    "django_filters",
    "django_htmx",
    "guardian",
    "oauth2_provider",
    "corsheaders",
    "axes",
    "procrastinate.contrib.django",
    "drf_spectacular_sidecar",
    "fhir",
    "accounts",
    "communications",
    "tasks",
]
# Which web pages of other origins may use the API (clients.md 28): none, unless they are named.
CORS_ALLOWED_ORIGINS = env_list("TASKWARD_CORS_ORIGINS", default=[])
MIDDLEWARE = [
    # It would look at every answer for nobody.
    *(["corsheaders.middleware.CorsMiddleware"] if CORS_ALLOWED_ORIGINS else []),
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.middleware.csp.ContentSecurityPolicyMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.auth.middleware.LoginRequiredMiddleware",
    "accounts.identity.ActorMiddleware",
    "accounts.locale.LocaleMiddleware",
    "accounts.lock.IdleLockMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "fhir.pages.ErrorPageMiddleware",
    "axes.middleware.AxesMiddleware",
]
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [TOP / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.template.context_processors.i18n",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    }
]

DATABASES = {"default": django_database()}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = [
    "axes.backends.AxesStandaloneBackend",
    "django.contrib.auth.backends.ModelBackend",
    "guardian.backends.ObjectPermissionBackend",
]
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.Argon2PasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
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
LOGIN_URL = "accounts:login"
LOGIN_REDIRECT_URL = "/worklist/"
LOGOUT_REDIRECT_URL = "accounts:login"
# guardian's anonymous user would be one more account that can own permissions.
ANONYMOUS_USER_NAME = None
# Ten wrong passwords lock the pair of account and address for fifteen minutes (security.md S7).
AXES_FAILURE_LIMIT = 10
AXES_COOLOFF_TIME = timedelta(minutes=15)
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
AXES_LOCKOUT_TEMPLATE = "accounts/locked.html"
AXES_VERBOSE = False

SESSION_ENGINE = "accounts.sessions"
SESSION_COOKIE_AGE = 12 * 60 * 60
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_HTTPONLY = True
CSRF_FAILURE_VIEW = "fhir.pages.csrf_failure"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = BEHIND_TLS
if BEHIND_TLS:
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    SECURE_HSTS_SECONDS = 365 * 24 * 60 * 60
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
SECURE_CSP = {
    "default-src": [CSP.SELF],
    "img-src": [CSP.SELF, "data:"],
    "object-src": [CSP.NONE],
    "base-uri": [CSP.NONE],
    "form-action": [CSP.SELF],
    "frame-ancestors": [CSP.NONE],
}

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["accounts.identity.BearerAuthentication"],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_PARSER_CLASSES": ["fhir.parsers.FhirJsonParser"],
    "DEFAULT_RENDERER_CLASSES": ["fhir.renderers.FhirJsonRenderer"],
    "EXCEPTION_HANDLER": "fhir.views.exception_handler",
    "UNAUTHENTICATED_USER": None,
}
RECORD_HOSTS = frozenset(env_list("TASKWARD_RECORD_HOSTS", default=[]))
"""Servers to whose records a task may link: what it names anywhere else is no link."""
FHIR_PATHS = ["api/fhir", "fhir/R4"]
"""Where the FHIR API answers (requirements.md T8)."""
SITE_URL = os.environ.get("TASKWARD_URL", "").rstrip("/") or (
    f"http://{os.environ.get('HOST') or '127.0.0.1'}:{os.environ.get('PORT') or '8000'}"
)
FHIR_BASE_URL = f"{SITE_URL}/{FHIR_PATHS[0]}"
"""How receivers of notifications know this server: they did not ask at any address."""
DELIVERY_LIMIT = env_int("TASKWARD_DELIVERY_LIMIT", default=10)
"""Seconds that a receiver has to acknowledge a notification."""
DELIVERY_PAUSE = env_int("TASKWARD_DELIVERY_PAUSE", default=20)
"""Seconds between attempts at most, in the first two hours of failing."""
DELIVERY_DAYS = env_int("TASKWARD_DELIVERY_DAYS", default=7)
"""After so long without an acknowledgement a Subscription is turned off."""
DELIVERY_LOOPS = env_int("TASKWARD_DELIVERY_LOOPS", default=4)
"""Receivers that the worker talks to at a time."""
EVENT_DAYS = env_int("TASKWARD_EVENT_DAYS", default=30)
"""How long events that have been told can be asked for again."""
CORS_URLS_REGEX = f"^/({'|'.join(FHIR_PATHS)}|oauth2/token)"
CORS_ALLOW_CREDENTIALS = True
CORS_ALLOW_METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]
CORS_ALLOW_HEADERS = [
    *("accept", "authorization", "cache-control", "content-type", "prefer", "x-medplum"),
    *("idempotency-key", "if-match", "if-modified-since", "if-none-exist", "if-none-match"),
]
CORS_EXPOSE_HEADERS = ["ETag", "Last-Modified", "Location", "Retry-After", "WWW-Authenticate"]
# A FHIR path never redirects: a POST would lose its body (clients.md 1).
APPEND_SLASH = False
DATA_UPLOAD_MAX_MEMORY_SIZE = 10 * 1024 * 1024
DATA_UPLOAD_MAX_NUMBER_FILES = 10
FILE_UPLOAD_HANDLERS = ["tasks.uploads.CountingUploadHandler"]

OAUTH2_PROVIDER = {
    "ACCESS_TOKEN_EXPIRE_SECONDS": 15 * 60,
    "REFRESH_TOKEN_EXPIRE_SECONDS": 12 * 60 * 60,
    "ROTATE_REFRESH_TOKEN": True,
    "REFRESH_TOKEN_REUSE_PROTECTION": True,
    "PKCE_REQUIRED": True,
    "ALLOWED_REDIRECT_URI_SCHEMES": ["https", "http"],
    "SCOPES": {
        "system/*.cruds": "Everything, as the client's own user",
        "system/*.rs": "Read everything, as the client's own user",
        "user/*.cruds": "Everything that you may do",
        "user/*.rs": "Everything that you may read",
    },
    "DEFAULT_SCOPES": ["system/*.cruds"],
}

# Background work stands in the jobs.py of an app ("tasks" is the name of one of ours).
PROCRASTINATE_AUTODISCOVER_MODULE_NAME = "jobs"

LANGUAGE_CODE = "en"
LANGUAGES = [("en", "English"), ("es", "Español")]
LOCALE_PATHS = [TOP / "locale"]
TIME_ZONE = os.environ.get("TASKWARD_TIME_ZONE", "UTC")
USE_TZ = True
STATIC_URL = "/static/"
STATICFILES_DIRS = [TOP / "static"]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.InMemoryStorage"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}
# Straight from the apps' folders: nothing to collect before the first start.
WHITENOISE_USE_FINDERS = True

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "plain": {
            "()": "config.logs.PrivateFormatter",
            "format": "{asctime} {levelname} {name}: {message}",
            "style": "{",
        }
    },
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "plain"}},
    "root": {"handlers": ["console"], "level": "WARNING"},
}
