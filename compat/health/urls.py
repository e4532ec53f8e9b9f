"""URLs of the health checks and the metrics."""

from django.conf.urls import url

from . import views

urlpatterns = [
    url(r"^healthz$", views.healthz, name="healthz"),
    url(r"^metrics$", views.metrics, name="metrics"),
]
