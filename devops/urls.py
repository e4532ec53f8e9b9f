"""URLs of the reference site."""

from django.conf.urls import include, url
from django.contrib import admin
from django.contrib.auth import views as auth_views

urlpatterns = [
    url(r"^admin/", admin.site.urls),
    url(r"^accounts/login/$", auth_views.LoginView.as_view(), name="login"),
    url(r"^accounts/logout/$", auth_views.LogoutView.as_view(), name="logout"),
    url(r"", include("compat.health.urls")),
    url(r"", include("deploy.urls")),
]

handler500 = "deploy.errors.server_error"
