"""URLs of the health checks and the metrics."""

try:
    from django.urls import re_path as url
except ImportError:  # before Django 2.0
    from django.conf.urls import url

from . import views

urlpatterns = [
    url(r"^healthz$", views.healthz, name="healthz"),
    url(r"^metrics$", views.metrics, name="metrics"),
]
