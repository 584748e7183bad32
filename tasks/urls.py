"""The pages of the worklist."""

from django.urls import path

from tasks import views

app_name = "tasks"
urlpatterns = [
    path("", views.home, name="home"),
    path("my", views.worklist, {"key": "my"}, name="my"),
    path("all", views.worklist, {"key": "all"}, name="all"),
    path("pool/<slug:slug>", views.pool, name="pool"),
    path("changes", views.changes, name="changes"),
    path("rows", views.rows, name="rows"),
    path("claim-next", views.claim_next, name="claim_next"),
    path("preferences", views.preferences, name="preferences"),
    path("t/<str:task_id>", views.task, name="task"),
    path("t/<str:task_id>/claim", views.claim, name="claim"),
    path("t/<str:task_id>/start", views.start, name="start"),
    path("t/<str:task_id>/resume", views.resume, name="resume"),
    path("t/<str:task_id>/complete", views.complete, name="complete"),
    path("t/<str:task_id>/release", views.release, name="release"),
    path("t/<str:task_id>/hold", views.hold, name="hold"),
    path("t/<str:task_id>/reject", views.reject, name="reject"),
    path("t/<str:task_id>/fail", views.fail, name="fail"),
    path("t/<str:task_id>/cancel", views.cancel, name="cancel"),
    path("t/<str:task_id>/note", views.note, name="note"),
]
