"""django-helpdesk as its own documents set it up, storing tickets when it is told to; runs in an environment of its own.

    python rival_helpdesk.py DATABASE      then, on standard input: «form 100» or «http 100»; it answers with the seconds it took.

Form: the public form is filled in, checked and saved. HTTP: the same is posted to the public page through the whole of Django,
without a socket. Mail is thrown away, signals and the follow-up are its own. https://django-helpdesk.readthedocs.io
"""

from __future__ import annotations

import itertools
import sys
import time

import django  # type: ignore[import-not-found,unused-ignore]  # installed beside this benchmark alone
from django.conf import settings  # type: ignore[import-not-found,unused-ignore]

settings.configure(
    SECRET_KEY="bench",  # noqa: S106  # of nobody
    ALLOWED_HOSTS=["testserver"],
    DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": sys.argv[1]}},
    INSTALLED_APPS=[
        *(
            f"django.contrib.{name}"
            for name in ("admin", "auth", "contenttypes", "sessions", "messages", "sites", "humanize", "staticfiles")
        ),
        "rest_framework",
        "helpdesk",
    ],
    MIDDLEWARE=[
        "django.middleware.security.SecurityMiddleware",
        "django.contrib.sessions.middleware.SessionMiddleware",
        "django.middleware.common.CommonMiddleware",
        "django.contrib.auth.middleware.AuthenticationMiddleware",
        "django.contrib.messages.middleware.MessageMiddleware",
    ],
    TEMPLATES=[
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
    ],
    ROOT_URLCONF=__name__,
    STATIC_URL="/static/",
    SITE_ID=1,
    USE_TZ=True,
    EMAIL_BACKEND="django.core.mail.backends.dummy.EmailBackend",
    DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
    LOGGING_CONFIG=None,
    # As its documents say for a desk without the package for teams.
    HELPDESK_TEAMS_MODEL="auth.Group",
    HELPDESK_TEAMS_MIGRATION_DEPENDENCIES=[],
    HELPDESK_KBITEM_TEAM_GETTER=lambda _: None,
)
django.setup()

from django.core.management import call_command  # type: ignore[import-not-found,unused-ignore]  # noqa: E402  # after the setup
from django.test import Client  # type: ignore[import-not-found,unused-ignore]  # noqa: E402
from django.urls import include, path  # type: ignore[import-not-found,unused-ignore]  # noqa: E402
from helpdesk.forms import PublicTicketForm  # type: ignore[import-not-found,unused-ignore]  # noqa: E402
from helpdesk.models import Queue, Ticket  # type: ignore[import-not-found,unused-ignore]  # noqa: E402

urlpatterns = [path("", include("helpdesk.urls", namespace="helpdesk"))]
_numbers = itertools.count(1)


def _filled(queue: int) -> dict[str, object]:
    number = next(_numbers)
    return {
        "queue": queue,
        "title": "Не вывозят мусор",
        "body": f"Третий день не вывозят мусор, контейнеры переполнены. Барнаул, ул. Ленина, {number % 180}. Случай {number}.",
        "priority": "3",
        "submitter_email": f"citizen{number % 300}@example.org",
    }


def main() -> None:
    """Store tickets as told until the input ends."""
    call_command("migrate", verbosity=0)
    queue = Queue.objects.create(title="ЖКХ", slug="zhkh", allow_public_submission=True).id
    client = Client()
    print("ready", flush=True)
    for line in sys.stdin:
        how, count = line.split()
        before, began = Ticket.objects.count(), time.perf_counter()
        for _ in range(int(count)):
            if how == "form":
                form = PublicTicketForm(data=_filled(queue))
                if not form.is_valid():
                    raise SystemExit(str(form.errors))
                form.save(None)  # as the page does for somebody who is not logged in
            else:
                client.post("/tickets/submit/", _filled(queue))
        seconds = time.perf_counter() - began
        stored = Ticket.objects.count() - before
        print(seconds if stored == int(count) else f"only {stored} of {count} were stored", flush=True)


if __name__ == "__main__":
    main()
