from django.conf.urls import url

from deploy import views

app_name = "deploy"

urlpatterns = [
    url(r"^$", views.services, name="services"),
    url(r"^services/(?P<uid>[-\w]+)/$", views.service, name="service"),
    url(r"^services/(?P<uid>[-\w]+)/start/$", views.start, name="start"),
    url(r"^services/(?P<uid>[-\w]+)/entries/$", views.Entries.as_view(), name="entries"),
    url(r"^deployments/(?P<pk>[0-9]{1,9})/$", views.deployment, name="deployment"),
    url(r"^deployments/(?P<pk>[0-9]{1,9})/cancel/$", views.cancel, name="cancel"),
    url(r"^deployments/(?P<pk>[0-9]{1,9})/log/$", views.raw_log, name="log"),
    url(r"^tasks/$", views.tasks, name="tasks"),
]
