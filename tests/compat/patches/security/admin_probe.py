"""Source that probes of the admin begin with."""

# A site with a Shelf of Books and of Notes (generic), and `client(*permissions)`: a staff user's.
ADMIN = """
import django
from django.conf import settings
settings.configure(
    SECRET_KEY="probe", ALLOWED_HOSTS=["*"], ROOT_URLCONF="__main__", STATIC_URL="/static/",
    PASSWORD_HASHERS=["django.contrib.auth.hashers.MD5PasswordHasher"],
    INSTALLED_APPS=["django.contrib." + app for app in (
        "contenttypes", "auth", "sessions", "messages", "admin", "admindocs")],
    DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}},
    MIDDLEWARE=[
        "django.contrib.sessions.middleware.SessionMiddleware",
        "django.contrib.auth.middleware.AuthenticationMiddleware",
        "django.contrib.messages.middleware.MessageMiddleware",
    ],
    TEMPLATES=[{
        "BACKEND": "django.template.backends.django.DjangoTemplates", "APP_DIRS": True,
        "DIRS": os.environ.get("TEMPLATE_DIRS", "").split(),
        "OPTIONS": {"context_processors": [
            "django.template.context_processors.request",
            "django.contrib.auth.context_processors.auth",
            "django.contrib.messages.context_processors.messages"]},
    }],
)
django.setup()

from django.conf.urls import include, url
from django.contrib import admin
from django.contrib.auth.models import Permission, User
from django.contrib.contenttypes.admin import GenericTabularInline
from django.contrib.contenttypes.fields import GenericForeignKey
from django.contrib.contenttypes.models import ContentType
from django.core.management import call_command
from django.db import connection, models
from django.test import Client

class Base(models.Model):
    class Meta:
        abstract = True
        app_label = "auth"  # any that is installed

class Shelf(Base):
    name = models.CharField(max_length=9)

class Book(Base):
    shelf = models.ForeignKey(Shelf, models.CASCADE)
    title = models.CharField(max_length=9)

class Note(Base):
    content_type = models.ForeignKey(ContentType, models.CASCADE)
    object_id = models.PositiveIntegerField()
    shelf = GenericForeignKey()
    text = models.CharField(max_length=9)

class Books(admin.TabularInline):
    model = Book

class Notes(GenericTabularInline):
    model = Note

class Shelves(admin.ModelAdmin):
    list_display = ["id", "name"]
    list_editable = ["name"]
    inlines = [Books, Notes]

admin.site.register(Shelf, Shelves)
urlpatterns = [
    url("^admin/doc/", include("django.contrib.admindocs.urls")),
    url("^admin/", admin.site.urls),
]
call_command("migrate", verbosity=0)
with connection.schema_editor() as editor:
    for model in (Shelf, Book, Note):
        editor.create_model(model)
# What `migrate` gives to the models of an app, and these came too late for.
for model in (Shelf, Book, Note):
    kind = ContentType.objects.get_for_model(model)
    for name in ("add", "change", "delete"):
        codename = "%s_%s" % (name, model._meta.model_name)
        Permission.objects.create(codename=codename, content_type=kind, name=codename)

def client(*permissions):
    user = User.objects.create_user("staff%d" % User.objects.count(), is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename__in=permissions))
    client = Client()
    client.force_login(user)
    return client

def forms(prefix, *rows, **counts):
    data = {"TOTAL_FORMS": len(rows), "INITIAL_FORMS": counts.get("initial", 0)}
    for number, row in enumerate(rows):
        data.update({"%d-%s" % (number, name): value for name, value in row.items()})
    return {"%s-%s" % (prefix, name): value for name, value in data.items()}
# Shared up to here.
"""
