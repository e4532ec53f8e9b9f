"""
A site with an admin, for a browser: `python -m tests.compat.patches.security.admin_site`.

It prints its URL and the key of an administrator's session, and ends with its standard input.
DEBUG=1 in the environment: the admin's scripts as they were written, not the short ones.
"""

import datetime
import os
import socketserver
import sys
import threading
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer

import compat

compat.install()

import django
from django.conf import settings

settings.configure(
    SECRET_KEY="for tests",
    DEBUG=bool(os.environ.get("DEBUG")),
    ALLOWED_HOSTS=["*"],
    ROOT_URLCONF=__name__,
    STATIC_URL="/static/",
    INSTALLED_APPS=[
        "django.contrib." + app for app in "contenttypes auth sessions messages".split()
    ]
    + ["django.contrib.admin", "django.contrib.staticfiles"],
    DATABASES={
        "default": {
            "ENGINE": "django.db.backends.sqlite3",
            "NAME": os.path.join(os.environ["SITE"], "db.sqlite3"),
            "OPTIONS": {"timeout": 20},
        }
    },
    MIDDLEWARE=[
        "django.contrib.sessions.middleware.SessionMiddleware",
        "django.middleware.csrf.CsrfViewMiddleware",
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
)
django.setup()

from django.conf.urls import url
from django.contrib import admin
from django.contrib.auth.models import User
from django.contrib.staticfiles.handlers import StaticFilesHandler
from django.core.management import call_command
from django.core.wsgi import get_wsgi_application
from django.db import connection, models
from django.http import HttpResponse
from django.test import Client


class Base(models.Model):
    name = models.CharField(max_length=50)

    class Meta:
        abstract = True
        app_label = "auth"  # any that is installed

    def __str__(self):
        return self.name


class Tag(Base):
    pass


class Author(Base):
    slug = models.SlugField()
    born = models.DateField(null=True, blank=True)
    notes = models.TextField(blank=True)


class Book(Base):
    author = models.ForeignKey(Author, models.CASCADE)
    printed = models.DateTimeField(null=True, blank=True)
    tags = models.ManyToManyField(Tag, blank=True)


class Chapter(Base):
    book = models.ForeignKey(Book, models.CASCADE)
    slug = models.SlugField()


class Books(admin.StackedInline):
    model = Book
    extra = 1
    filter_horizontal = ["tags"]


class Chapters(admin.TabularInline):
    model = Chapter
    extra = 1
    prepopulated_fields = {"slug": ["name"]}


@admin.register(Author)
class Authors(admin.ModelAdmin):
    list_display = ["name", "slug"]
    prepopulated_fields = {"slug": ["name"]}
    inlines = [Books]
    fieldsets = [
        (None, {"fields": ["name", "slug", "born"]}),
        ("More", {"fields": ["notes"], "classes": ["collapse"]}),
    ]


@admin.register(Book)
class BookAdmin(admin.ModelAdmin):
    inlines = [Chapters]
    filter_horizontal = ["tags"]
    date_hierarchy = None


admin.site.register(Tag)
urlpatterns = [
    url("^admin/", admin.site.urls),
    url("^favicon.ico$", lambda request: HttpResponse()),  # browsers ask for it
]


class Server(socketserver.ThreadingMixIn, WSGIServer):
    daemon_threads = True


class Quiet(WSGIRequestHandler):
    def log_message(self, *arguments):
        pass


class Everything(StaticFilesHandler):
    """Serves the static files of a site that is not in DEBUG, too, as nginx would."""

    def serve(self, request):
        from django.contrib.staticfiles.views import serve

        return serve(request, self.file_path(request.path), insecure=True)


def main():
    call_command("migrate", verbosity=0)
    with connection.schema_editor() as editor:
        for model in (Tag, Author, Book, Chapter):
            editor.create_model(model)
    call_command("migrate", verbosity=0)  # their permissions and content types
    for name in ("ink", "paper", "type"):
        Tag.objects.create(name=name)
    for name in ("Ada", "Bob", "Cem"):
        author = Author.objects.create(name=name, slug=name.lower(), born=datetime.date(2000, 1, 2))
    Book.objects.create(name="First", author=author)
    client = Client()
    client.force_login(User.objects.create_superuser("admin", "a@example.org", "secret"))
    server = Server(("127.0.0.1", 0), Quiet)
    server.set_app(Everything(get_wsgi_application()))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    key = client.cookies[settings.SESSION_COOKIE_NAME].value
    print("http://127.0.0.1:%d/admin/auth/" % server.server_port, key, flush=True)
    sys.stdin.read()


if __name__ == "__main__":
    main()
