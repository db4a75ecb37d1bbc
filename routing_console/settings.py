"""All settings, read from environment variables (the table is in README.md)."""

from pathlib import Path
from typing import Any
from urllib.parse import quote

import environ
from csp.constants import NONE, SELF
from django.core.exceptions import ImproperlyConfigured

from routing_console import data_folder
from routing_console.project_root import BASE_DIR

env = environ.Env()

DATA_DIR = Path(env.str("ROUTING_CONSOLE_DATA_DIR", default=str(data_folder.DEFAULT_DIR))).resolve()
DEBUG = env.bool("DJANGO_DEBUG", default=False)

# Plain http without TLS in front: set by `manage.py up`, which listens on this machine only.
INSECURE_HTTP = env.bool("ROUTING_CONSOLE_INSECURE_HTTP", default=False)
# TLS ends at a proxy that sets X-Forwarded-Proto itself (and drops the client's).
BEHIND_TLS_PROXY = env.bool("ROUTING_CONSOLE_BEHIND_TLS_PROXY", default=False)


def _secret_key() -> str:
    # Empty is no default: Django refuses to use it, so that only commands that sign nothing run.
    key_file = data_folder.secret_key_file(DATA_DIR)
    from_file = key_file.read_text().strip() if key_file.is_file() else ""
    key: str = env.str("DJANGO_SECRET_KEY", default=from_file)
    return key


def _at_least(least: int, name: str, *, default: int) -> int:
    told: str = env.str(name, default=str(default)).strip()
    if not told.isdecimal() or int(told) < least:
        raise ImproperlyConfigured(f"{name} must be a whole number from {least}, not “{told}”.")
    return int(told)


SECRET_KEY = _secret_key()
# The Ed25519 private key that signs releases, in PEM (line breaks may be written \n); empty:
# one is made in the data folder when the first release is published.
SIGNING_KEY_PEM = env.str("ROUTING_CONSOLE_SIGNING_KEY", default="", multiline=True)
# Where a key management service holds that key: the dotted path of a function that gives a signer
# (docs/keys.md).
SIGNER = env.str("ROUTING_CONSOLE_SIGNER", default="")
ALLOWED_HOSTS = env.list("DJANGO_ALLOWED_HOSTS", default=["localhost", "127.0.0.1", "[::1]"])
CSRF_TRUSTED_ORIGINS = env.list("DJANGO_CSRF_TRUSTED_ORIGINS", default=[])

INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django_htmx",
    "rest_framework",
    "drf_spectacular",
    "csp",
    "routing_console",
    "policies",
    "evaluations",
]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "routing_console.slashes.SlashMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "csp.middleware.CSPMiddleware",
    "policies.views.origin.OriginMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]
ROOT_URLCONF = "routing_console.urls"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
LANGUAGE_CODE = "en-gb"
USE_TZ = True
TIME_ZONE = "UTC"

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
                "policies.views.navigation.navigation",
            ]
        },
    }
]

# --- Database ---------------------------------------------------------------------------
_SQLITE_OPTIONS: dict[str, Any] = {
    # A deferred transaction that reads and then writes fails at once when another wrote
    # meanwhile; IMMEDIATE waits its turn. With WAL, readers never wait.
    "transaction_mode": "IMMEDIATE",
    "timeout": 20,
    "init_command": "PRAGMA journal_mode=WAL;PRAGMA synchronous=NORMAL;",
}


def _database() -> dict[str, Any]:
    database: dict[str, Any] = env.db_url(
        "DATABASE_URL", default=f"sqlite:///{quote(str(data_folder.database_file(DATA_DIR)))}"
    )
    if database["ENGINE"] == "django.db.backends.sqlite3":
        return database | {"OPTIONS": _SQLITE_OPTIONS, "CONN_MAX_AGE": 60}
    pool = {
        "min_size": 1,
        "max_size": _at_least(1, "DATABASE_POOL_SIZE", default=12),
        "timeout": 10,
        # Beyond it the next request tries anew. Left at 300, waits between tries double with an
        # outage, and pages stay away for as long again after it.
        "reconnect_timeout": 5,
    }
    # A server whose machine is gone closes no connection: its silence ends them after 10 s.
    gone = {"keepalives_idle": 5, "keepalives_interval": 2, "tcp_user_timeout": 10_000}
    options = {"connect_timeout": 5, "pool": pool} | database.get("OPTIONS", {})
    # With the check a pooled connection that the server closed is replaced before it is used.
    return database | {"OPTIONS": gone | options, "CONN_MAX_AGE": 0, "CONN_HEALTH_CHECKS": True}


DATABASES = {"default": _database()}

# --- Delivery to routers ----------------------------------------------------------------
# Requests a second that one router token may make in the long run, and how many at once.
DELIVERY_RATE = _at_least(1, "ROUTING_CONSOLE_DELIVERY_RATE", default=2_000)
DELIVERY_BURST = _at_least(1, "ROUTING_CONSOLE_DELIVERY_BURST", default=20_000)
# Routers that one process lets wait for the next release; each takes some 10 kB of memory.
DELIVERY_WAITERS = _at_least(1, "ROUTING_CONSOLE_DELIVERY_WAITERS", default=20_000)
# What a plane knows, kept so that it starts and serves with everything else down.
_SNAPSHOT = str(data_folder.delivery_snapshot(DATA_DIR))
DELIVERY_SNAPSHOT_FILE = Path(env.str("ROUTING_CONSOLE_DELIVERY_SNAPSHOT", default=_SNAPSHOT))

# --- Redis: cache and broker ------------------------------------------------------------
# redis-py says unix://, Celery says redis+socket:// for the same socket: either may be given.
REDIS_URL = env.str("REDIS_URL", default=f"unix://{data_folder.broker_socket(DATA_DIR)}")
REDIS_URL = REDIS_URL.replace("redis+socket://", "unix://", 1)
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.redis.RedisCache",
        "LOCATION": REDIS_URL,
        "KEY_PREFIX": "console",
        "OPTIONS": {"socket_connect_timeout": 2, "socket_timeout": 2},
    }
}

CELERY_BROKER_URL = REDIS_URL.replace("unix://", "redis+socket://", 1)
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
# An unacknowledged task of a killed worker is handed out again after the visibility
# timeout, so that must be longer than the longest task may run.
CELERY_TASK_TIME_LIMIT = _at_least(1, "ROUTING_CONSOLE_TASK_LIMIT_S", default=240)
CELERY_TASK_SOFT_TIME_LIMIT = max(CELERY_TASK_TIME_LIMIT - 30, 1)
CELERY_BROKER_TRANSPORT_OPTIONS = {
    "visibility_timeout": _at_least(1, "ROUTING_CONSOLE_VISIBILITY_TIMEOUT_S", default=300),
    # How often a worker looks for such tasks; at the defaults one came back only by chance.
    "unacked_restore_interval": 5,
    "unacked_restore_throttle": 1,
    "socket_connect_timeout": 5,
    # Whoever queues a task while the broker is down learns it at once, not after six seconds;
    # workers have a retry loop of their own.
    "max_retries": 1,
    "interval_start": 0,
    "interval_step": 0.2,
}
CELERY_TASK_DEFAULT_QUEUE = "console"
# Receivers may take long to answer: their worker has many threads, and no other work waits there.
CELERY_TASK_ROUTES = {"policies.try_message": {"queue": "webhooks"}}
CELERY_TASK_SERIALIZER = "json"
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_TASK_IGNORE_RESULT = True  # what a task did is in the database
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_CANCEL_LONG_RUNNING_TASKS_ON_CONNECTION_LOSS = True
CELERY_WORKER_SOFT_SHUTDOWN_TIMEOUT = 3.0  # then a running task goes back to the broker
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_TIMEZONE = TIME_ZONE


def _every(seconds: float, task: str) -> dict[str, Any]:
    # What no worker took within its period is stale: the next one does the same work.
    return {"task": task, "schedule": seconds, "options": {"expires": seconds}}


CELERY_BEAT_SCHEDULE = {
    "roll up outcomes": _every(60.0, "evaluations.roll_up_outcomes"),
    "let demo routers report": _every(10.0, "evaluations.let_demo_routers_report"),
    "resume stalled runs": _every(30.0, "evaluations.resume_stalled_runs"),
    "measure missing impacts": _every(30.0, "evaluations.measure_missing_impacts"),
    "judge changes": _every(60.0, "evaluations.judge_changes"),
    "publish scheduled": _every(15.0, "policies.publish_scheduled"),
    "renew releases": _every(3600.0, "policies.renew_releases"),
    "settle catalogue": _every(3600.0, "policies.settle_catalogue"),
    "settle lapsed approvals": _every(60.0, "policies.settle_lapsed_approvals"),
    "deliver news": _every(10.0, "policies.deliver_news"),
    "watch fleets": _every(15.0, "policies.watch_fleets"),
    "forget gone routers": _every(24 * 3600.0, "policies.forget_gone_routers"),
    "forget old deliveries": _every(24 * 3600.0, "policies.forget_old_deliveries"),
    "repair objects": _every(120.0, "policies.repair_objects"),
}

# --- Static delivery --------------------------------------------------------------------
# s3://bucket/prefix or file:///path: each signed release is kept there as objects, too, for
# routers beyond what planes can serve. Whoever may read those needs no token: unset, none are.
PUBLISH_TO = env.str("ROUTING_CONSOLE_PUBLISH_TO", default="")
if PUBLISH_TO and not PUBLISH_TO.startswith(("s3://", "file:///")):
    raise ImproperlyConfigured(
        f"ROUTING_CONSOLE_PUBLISH_TO is s3://bucket/prefix or file:///path, not {PUBLISH_TO!r}."
    )

# Queued with a change request's id when it has new content, another base or another evidence plan.
TASKS_ON_NEW_CONTENT = ["evaluations.measure_change_impact", "evaluations.judge_change"]
# Queued with its id, and that of who submitted it, when it is submitted for review.
TASKS_ON_SUBMISSION = ["evaluations.evaluate_submitted"]

# --- Routers ----------------------------------------------------------------------------
# A router that reported nothing for so long, not even that it ends, keeps no release waiting. It is
# longer than any outage of database or console: who is cut off has not confirmed anything.
ROUTER_GONE_AFTER_S = _at_least(60, "ROUTING_CONSOLE_ROUTER_GONE_AFTER_S", default=86_400)
# What it reported is kept for as many days, and with it when releases reached whom.
ROUTER_KEPT_DAYS = _at_least(1, "ROUTING_CONSOLE_ROUTER_KEPT_DAYS", default=30)
# Events that one token may report a second, in outcomes and feedback; ten seconds' worth at once.
REPORT_RATE = _at_least(1, "ROUTING_CONSOLE_REPORT_RATE", default=5000)
# Routers that run something else than the release in force for so long are drift, and told.
DRIFT_AFTER_S = _at_least(60, "ROUTING_CONSOLE_DRIFT_AFTER_S", default=600)

# --- Mail and webhooks ------------------------------------------------------------------
# Where people reach this console, for the links in mails and webhooks.
CONSOLE_URL = env.str("ROUTING_CONSOLE_URL", default="").rstrip("/")
# smtp+tls://user:password@host:587; unset, no mail is sent (`consolemail://` prints it).
_EMAIL = env.email_url("EMAIL_URL", default="dummymail://")
EMAIL_BACKEND = _EMAIL["EMAIL_BACKEND"]
EMAIL_HOST, EMAIL_PORT = _EMAIL["EMAIL_HOST"] or "localhost", _EMAIL["EMAIL_PORT"] or 25
EMAIL_HOST_USER = _EMAIL["EMAIL_HOST_USER"] or ""
EMAIL_HOST_PASSWORD = _EMAIL["EMAIL_HOST_PASSWORD"] or ""
EMAIL_USE_TLS = _EMAIL.get("EMAIL_USE_TLS", False)
EMAIL_USE_SSL = _EMAIL.get("EMAIL_USE_SSL", False)
EMAIL_FILE_PATH = _EMAIL["EMAIL_FILE_PATH"] or None
EMAIL_TIMEOUT = 10
DEFAULT_FROM_EMAIL = env.str("ROUTING_CONSOLE_MAIL_FROM", default="routing-console@localhost")
# Plain http and private addresses for webhooks: only where whoever may add a webhook may also
# reach everything that this machine reaches.
WEBHOOK_ALLOW_PRIVATE = env.bool("ROUTING_CONSOLE_WEBHOOK_ALLOW_PRIVATE", default=False)

# --- Static files -----------------------------------------------------------------------
STATIC_URL = "/static/"
STATIC_ROOT = Path(
    env.str("ROUTING_CONSOLE_STATIC_ROOT", default=str(data_folder.static_root(DATA_DIR)))
)
STATICFILES_DIRS = [BASE_DIR / "static"]
STATICFILES_FINDERS = [
    "django.contrib.staticfiles.finders.FileSystemFinder",
    "django.contrib.staticfiles.finders.AppDirectoriesFinder",
    "routing_console.finders.PlotlyFinder",
]
_PLAIN_STATIC = "django.contrib.staticfiles.storage.StaticFilesStorage"
_HASHED_STATIC = "whitenoise.storage.CompressedManifestStaticFilesStorage"
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": _PLAIN_STATIC if DEBUG else _HASHED_STATIC},
}
# While debugging, files come straight from the tree; else only what collectstatic made.
WHITENOISE_USE_FINDERS = DEBUG
WHITENOISE_AUTOREFRESH = DEBUG

# --- People and sessions ----------------------------------------------------------------
# One-click sign-in as a demo account; `up` sets it when it has loaded the demo.
DEMO_SIGN_IN = env.bool("ROUTING_CONSOLE_DEMO_SIGN_IN", default=False)

LOGIN_URL = "sign-in"
LOGIN_REDIRECT_URL = "/"
LOGOUT_REDIRECT_URL = LOGIN_URL
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in (
        "UserAttributeSimilarityValidator",
        "MinimumLengthValidator",
        "CommonPasswordValidator",
        "NumericPasswordValidator",
    )
]
# A policy with some forty rules opened in the studio sends more than Django's thousand fields.
DATA_UPLOAD_MAX_NUMBER_FIELDS = 5000
SESSION_COOKIE_AGE = 14 * 24 * 3600
SESSION_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_HTTPONLY = True  # htmx reads the token from the page, never from the cookie

# --- What browsers are told -------------------------------------------------------------
SECURE_SSL_REDIRECT = not (DEBUG or INSECURE_HTTP)
SESSION_COOKIE_SECURE = SECURE_SSL_REDIRECT
CSRF_COOKIE_SECURE = SECURE_SSL_REDIRECT
SECURE_HSTS_SECONDS = _at_least(0, "DJANGO_HSTS_SECONDS", default=31_536_000)
SECURE_HSTS_INCLUDE_SUBDOMAINS = True
SECURE_HSTS_PRELOAD = True
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if BEHIND_TLS_PROXY else None
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF, "data:"],
        "connect-src": [SELF],
        "font-src": [SELF],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
        "base-uri": [NONE],
    }
}

# --- REST -------------------------------------------------------------------------------
REST_FRAMEWORK: dict[str, Any] = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "policies.api.authentication.PersonalTokenAuthentication",
        "rest_framework.authentication.SessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    # JSON only: the browsable pages need inline scripts, which the policy above forbids.
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["policies.api.bodies.StrictJSONParser"],
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "EXCEPTION_HANDLER": "policies.api.problem.exception_handler",
    "TEST_REQUEST_DEFAULT_FORMAT": "json",
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Routing Console",
    "DESCRIPTION": "Author, prove, review, publish, watch and reverse model-routing policies.",
    "VERSION": "1",
    "SERVE_INCLUDE_SCHEMA": False,
    "SCHEMA_PATH_PREFIX": r"/api/v1",
    "COMPONENT_SPLIT_REQUEST": True,
    "POSTPROCESSING_HOOKS": [
        "drf_spectacular.hooks.postprocess_schema_enums",
        "policies.api.schema.add_problems",
        "policies.api.delivery_schema.add_delivery",
    ],
    # Several fields are called `kind`, `state` or `verdict`; each set of values has its name.
    "ENUM_NAME_OVERRIDES": {
        "ComponentKind": "policies.models.components.ComponentKind",
        "RunStatus": "evaluations.models.runs.RunStatus",
        "ModelStatus": "policies.models.catalogue.ModelStatus",
        "CheckKind": "policies.models.changes.CheckKind",
        "RiskRole": "policies.governance.risk_rules.ROLE_CHOICES",
        "ReleaseKind": "policies.models.releases.ReleaseKind",
        "Verdict": "policies.models.changes.Verdict",
        "ReviewVerdict": "policies.models.changes.ReviewVerdict",
        "Role": "policies.governance.roles.Role",
        "ChangeState": "policies.models.changes.STATE_CHOICES",
        "RuleChangeKind": "policies.models.rule_changes.RuleChangeKind",
        "RuleChangeState": "policies.models.rule_changes.RuleChangeState",
    },
}

# --- Stopping a server process ----------------------------------------------------------
# How long it says "draining" before it closes its port: a load balancer has to ask meanwhile.
DRAIN_NOTICE_S = env.float("ROUTING_CONSOLE_DRAIN_NOTICE_S", default=0.0)

# --- Metrics ----------------------------------------------------------------------------
# A bearer token for /metrics; without one only this machine reads it, and nobody by a proxy.
METRICS_TOKEN = env.str("ROUTING_CONSOLE_METRICS_TOKEN", default="")

# --- Logs, to standard output -----------------------------------------------------------
# `line` for people, `json` for programs: one object a line.
_LOG_FORMATS = {"line": "LineFormatter", "json": "JSONFormatter"}
_LOG_FORMAT = env.str("ROUTING_CONSOLE_LOG_FORMAT", default="line")
if _LOG_FORMAT not in _LOG_FORMATS:
    raise ImproperlyConfigured(f"ROUTING_CONSOLE_LOG_FORMAT is line or json, not {_LOG_FORMAT!r}.")
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "chosen": {
            "()": f"routing_console.logs.{_LOG_FORMATS[_LOG_FORMAT]}",
            "fmt": "{asctime} {levelname} {name}: {message}",
            "style": "{",
        },
    },
    "filters": {"request id": {"()": "routing_console.logs.WithRequestId"}},
    "handlers": {
        "stdout": {
            "class": "logging.StreamHandler",
            "stream": "ext://sys.stdout",
            "formatter": "chosen",
            "filters": ["request id"],
        },
    },
    "root": {"handlers": ["stdout"], "level": env.str("ROUTING_CONSOLE_LOG_LEVEL", default="INFO")},
    # Django's own default mails the admins and prints only while debugging.
    "loggers": {"django": {"handlers": [], "propagate": True}},
}
