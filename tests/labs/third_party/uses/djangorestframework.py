"""A model's pages, made with the framework and read as a client reads them."""

import django
from django.conf import settings

settings.configure(
    SECRET_KEY="use",
    ROOT_URLCONF="__main__",
    ALLOWED_HOSTS=["*"],
    STATIC_URL="/static/",
    INSTALLED_APPS=[
        "django.contrib.contenttypes",
        "django.contrib.auth",
        "django.contrib.sessions",
        "django.contrib.staticfiles",
        "rest_framework",
        "rest_framework.authtoken",
        "django_filters",
    ],
    MIDDLEWARE=[
        "django.contrib.sessions.middleware.SessionMiddleware",
        "django.contrib.auth.middleware.AuthenticationMiddleware",
    ],
    TEMPLATES=[{"BACKEND": "django.template.backends.django.DjangoTemplates", "APP_DIRS": True}],
    DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}},
    REST_FRAMEWORK={
        "DEFAULT_FILTER_BACKENDS": ["django_filters.rest_framework.DjangoFilterBackend"],
        "DEFAULT_PAGINATION_CLASS": "rest_framework.pagination.PageNumberPagination",
        "PAGE_SIZE": 2,
    },
)
django.setup()

from django.contrib.auth.models import Group, User
from django.core.management import call_command
from rest_framework import permissions, routers, serializers, viewsets
from rest_framework.authentication import TokenAuthentication
from rest_framework.authtoken.models import Token
from rest_framework.schemas import get_schema_view
from rest_framework.test import APIClient


class GroupSerializer(serializers.ModelSerializer):
    class Meta:
        model = Group
        fields = ("url", "id", "name")


class Groups(viewsets.ModelViewSet):
    queryset = Group.objects.order_by("id")
    serializer_class = GroupSerializer
    filterset_fields = ["name"]
    authentication_classes = [TokenAuthentication]
    permission_classes = [permissions.IsAuthenticatedOrReadOnly]


router = routers.DefaultRouter()
router.register("groups", Groups)

from django.conf.urls import include, url

urlpatterns = [
    url("^schema$", get_schema_view(title="use", public=True)),
    url("^", include(router.urls)),
]


def check():
    call_command("migrate", verbosity=0)
    token = Token.objects.create(user=User.objects.create_user("ann")).key
    client = APIClient()
    assert client.post("/groups/", {"name": "a"}).status_code == 401
    client.credentials(HTTP_AUTHORIZATION="Token " + token)
    for name in ("a", "b", "c"):
        assert client.post("/groups/", {"name": name}, format="json").status_code == 201
    assert client.post("/groups/", {"name": "a"}, format="multipart").status_code == 400
    page = client.get("/groups/").json()
    assert page["count"] == 3 and len(page["results"]) == 2, page
    assert [g["id"] for g in client.get("/groups/", {"name": "b"}).json()["results"]] == [2]
    assert client.patch("/groups/2/", {"name": "z"}, format="json").json()["name"] == "z"
    html = client.get("/groups/", HTTP_ACCEPT="text/html")
    assert html.status_code == 200 and b"Django REST framework" in html.content
    assert client.options("/groups/").json()["actions"]["POST"]["name"]["required"]
    assert client.get("/schema").status_code == 200
    assert client.delete("/groups/2/").status_code == 204


check()
print("ok")
