"""The pages of the worklist."""

from django.urls import path

from tasks.views import attention, board, buttons, dialogs, lists, live, people, preferences

app_name = "tasks"
urlpatterns = [
    path("", lists.home, name="home"),
    path("my", lists.worklist, {"key": "my"}, name="my"),
    path("all", lists.worklist, {"key": "all"}, name="all"),
    path("pool/<slug:slug>", lists.pool, name="pool"),
    path("changes", live.changes, name="changes"),
    path("rows", live.rows, name="rows"),
    path("claim-next", buttons.claim_next, name="claim_next"),
    path("preferences", preferences.preferences, name="preferences"),
    path("availability", people.availability, name="availability"),
    path("people", people.people, name="people"),
    path("people/leave", people.leave, name="leave"),
    path("board", board.first_board, name="first_board"),
    path("board/<slug:slug>", board.board, name="board"),
    path("board/<slug:slug>/move", board.move, name="board_move"),
    path("board/<slug:slug>/balance", board.even_out, name="board_balance"),
    path("board/<slug:slug>/t/<str:task_id>/assign", board.assign, name="board_assign"),
    path("board/<slug:slug>/t/<str:task_id>/undo", board.undo, name="board_undo"),
    path("t/<str:task_id>", lists.task, name="task"),
    path("t/<str:task_id>/claim", buttons.claim, name="claim"),
    path("t/<str:task_id>/start", buttons.start, name="start"),
    path("t/<str:task_id>/resume", buttons.resume, name="resume"),
    path("t/<str:task_id>/complete", buttons.complete, name="complete"),
    path("t/<str:task_id>/release", buttons.release, name="release"),
    path("t/<str:task_id>/hold", buttons.hold, name="hold"),
    path("t/<str:task_id>/reject", buttons.reject, name="reject"),
    path("t/<str:task_id>/fail", buttons.fail, name="fail"),
    path("t/<str:task_id>/cancel", buttons.cancel, name="cancel"),
    path("t/<str:task_id>/note", buttons.note, name="note"),
    path("t/<str:task_id>/next-stage", buttons.next_stage, name="next_stage"),
    path("t/<str:task_id>/reroute", dialogs.reroute, name="reroute"),
    path("drift", attention.attention, name="drift"),
    path("drift/<str:task_id>/repair", attention.repair, name="repair"),
    path("t/<str:task_id>/assign", dialogs.assign, name="assign"),
    path("t/<str:task_id>/escalate", dialogs.escalate, name="escalate"),
    path("t/<str:task_id>/prioritize", dialogs.prioritize, name="prioritize"),
    path("t/<str:task_id>/stage", dialogs.stage, name="stage"),
    path("t/<str:task_id>/take-back", dialogs.take_back, name="take_back"),
    path("t/<str:task_id>/raw/<int:version>", lists.raw, name="raw"),
    path("t/<str:task_id>/<slug:code>/targets", dialogs.targets, name="targets"),
    path("t/<str:task_id>/<slug:code>/outcome", dialogs.outcome, name="outcome"),
]
