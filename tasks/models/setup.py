"""What admins set up: kinds of work, the reasons people choose from, and the rules that route work."""

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.core.validators import MinValueValidator
from django.db import models
from django.utils.translation import gettext_lazy as _

from fhir.models import ReferenceField


class Priority(models.TextChoices):
    """https://hl7.org/fhir/R4/valueset-request-priority.html in its order of urgency."""

    ROUTINE = "routine", _("Routine")
    URGENT = "urgent", _("Urgent")
    ASAP = "asap", "ASAP"
    STAT = "stat", _("Stat")


class TaskCategory(models.Model):
    """What kinds of work have in common (requirements.md S81); one of the codings of Task.code."""

    system = models.CharField(max_length=255)
    code = models.CharField(max_length=64)
    title = models.CharField(max_length=100)
    description = models.TextField(blank=True)
    position = models.PositiveSmallIntegerField(default=0)

    class Meta:
        ordering = ["position", "title"]
        verbose_name_plural = _("task categories")
        constraints = [
            models.UniqueConstraint(fields=["system", "code"], name="one_row_per_task_category")
        ]

    def __str__(self) -> str:
        return self.title


class TaskType(models.Model):
    """A kind of work, known by a coding of Task.code."""

    system = models.CharField(max_length=255)
    code = models.CharField(max_length=64)
    title = models.CharField(
        max_length=100, help_text=_("Task.code.text of the tasks of this type.")
    )
    description = models.TextField(blank=True)
    category = models.ForeignKey(
        TaskCategory, on_delete=models.PROTECT, null=True, blank=True, related_name="types"
    )
    focus_types = ArrayField(
        models.CharField(max_length=64),
        default=list,
        blank=True,
        help_text=_("Resource types that Task.focus may be, separated by commas; none: any."),
    )
    pool = models.ForeignKey(
        "accounts.Pool",
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="task_types",
        verbose_name=_("default pool"),
        help_text=_("Where its tasks go unless whoever creates one says otherwise."),
    )
    priority = models.CharField(max_length=8, choices=Priority, blank=True)
    due_minutes = models.PositiveIntegerField(
        null=True, blank=True, help_text=_("Due so many minutes after it was asked for.")
    )
    due_days = models.PositiveSmallIntegerField(
        null=True,
        blank=True,
        help_text=_(
            "Or: due at the end of the clinic's day, so many days later (0: the same day)."
        ),
    )
    requires_licence = models.BooleanField(
        default=False,
        help_text=_("Only for those with a licence of the state where the patient lives."),
    )
    active = models.BooleanField(default=True, help_text=_("Offered when a task is created."))

    class Meta:
        ordering = ["title"]
        constraints = [
            models.UniqueConstraint(fields=["system", "code"], name="one_row_per_task_type"),
            models.CheckConstraint(
                condition=models.Q(due_minutes=None) | models.Q(due_days=None),
                name="one_due_rule_per_task_type",
                violation_error_message=_("Say when it is due in minutes or in days, not both."),
            ),
        ]

    def __str__(self) -> str:
        return self.title


class Stage(models.Model):
    """A step of a kind of work on its way to the end: Task.businessStatus."""

    task_type = models.ForeignKey(TaskType, on_delete=models.CASCADE, related_name="stages")
    position = models.PositiveSmallIntegerField(default=0)
    system = models.CharField(max_length=255)
    code = models.CharField(max_length=64)
    display = models.CharField(max_length=100)

    class Meta:
        ordering = ["task_type", "position", "id"]
        constraints = [
            models.UniqueConstraint(
                fields=["task_type", "system", "code"], name="one_row_per_stage"
            )
        ]

    def __str__(self) -> str:
        return self.display


class PlannedSubtask(models.Model):
    """A Task of another type that is made together with each one of this type, as part of it."""

    task_type = models.ForeignKey(TaskType, on_delete=models.CASCADE, related_name="subtasks")
    position = models.PositiveSmallIntegerField(default=0)
    subtype = models.ForeignKey(TaskType, on_delete=models.PROTECT, related_name="subtask_of")
    title = models.CharField(
        max_length=100, blank=True, help_text=_("What it is called here; else its type's title.")
    )

    class Meta:
        ordering = ["task_type", "position", "id"]

    def __str__(self) -> str:
        return self.title or str(self.subtype)


class ReasonChoice(models.Model):
    """A coded reason that people choose from: of one kind of work, or of all that have none."""

    class Kind(models.TextChoices):
        HOLD = "hold", _("Hold")
        CANCEL = "cancel", _("Cancel")
        REJECT = "reject", _("Reject")
        FAIL = "fail", _("Could not be done")
        REROUTE = "reroute", _("Reroute")

    task_type = models.ForeignKey(
        TaskType, on_delete=models.CASCADE, null=True, blank=True, related_name="reasons"
    )
    kind = models.CharField(max_length=8, choices=Kind)
    position = models.PositiveSmallIntegerField(default=0)
    system = models.CharField(max_length=255)
    code = models.CharField(
        max_length=64, help_text=_("The code “other” asks for a text and is written as only that.")
    )
    display = models.CharField(max_length=100)

    class Meta:
        ordering = ["kind", "position", "id"]
        constraints = [
            models.UniqueConstraint(
                fields=["task_type", "kind", "system", "code"],
                nulls_distinct=False,
                name="one_row_per_reason",
            )
        ]

    def __str__(self) -> str:
        return self.display


class Rule(models.Model):
    """Work that moves by itself: when something happens, and meets conditions, do something."""

    class Trigger(models.TextChoices):
        MESSAGE = "message", _("A new message")
        RESOURCE = "resource", _("A new or changed resource")
        UNCLAIMED = "unclaimed", _("A task waits unclaimed for")
        OVERDUE = "overdue", _("A task is overdue for")
        UNANSWERED = "unanswered", _("A patient's message waits unanswered for")
        STALLED = "stalled", _("Nobody has touched a task under way for")

    class Text(models.TextChoices):
        ANY = "", _("With or without text")
        PRESENT = "present", _("With text")
        ABSENT = "absent", _("Without text")

    slug = models.SlugField(unique=True)
    name = models.CharField(max_length=100)
    description = models.TextField(blank=True)
    position = models.PositiveSmallIntegerField(
        default=100, help_text=_("Rules are looked at in this order.")
    )
    active = models.BooleanField(default=False)
    stop = models.BooleanField(
        _("stop here"),
        default=False,
        help_text=_("When this rule applies, those after it are not looked at for the same event."),
    )
    trigger = models.CharField(max_length=12, choices=Trigger)

    resource_type = models.CharField(
        max_length=64, blank=True, help_text=_("Of a new or changed resource: DiagnosticReport.")
    )
    only_new = models.BooleanField(
        default=False, help_text=_("Look at a resource when it is created, not when it is changed.")
    )
    criteria = models.CharField(
        max_length=1000,
        blank=True,
        help_text=_(
            "A search that the resource (or, of rules on time, the task) must meet and did not meet before: status=final"
        ),
    )
    abnormal = models.BooleanField(
        _("abnormal result"),
        default=False,
        help_text=_(
            "Only a DiagnosticReport of which an Observation has an abnormal interpretation."
        ),
    )
    categories = ArrayField(
        models.CharField(max_length=255),
        default=list,
        blank=True,
        help_text=_("Communication.category is one of these, as system|code, separated by commas."),
    )
    sender_types = ArrayField(
        models.CharField(max_length=64),
        default=list,
        blank=True,
        help_text=_("The sender is one of these: Patient, RelatedPerson, Practitioner …"),
    )
    states = ArrayField(
        models.CharField(max_length=64),
        default=list,
        blank=True,
        help_text=_("The patient lives in one of these states: IL, WI"),
    )
    text = models.CharField(max_length=8, choices=Text, blank=True, default=Text.ANY)
    needs_answer = models.BooleanField(
        default=False,
        help_text=_("The message or its thread is marked as one that needs a response."),
    )
    minutes = models.PositiveIntegerField(
        null=True,
        blank=True,
        validators=[MinValueValidator(1)],
        help_text=_("Of rules on time: after so many minutes."),
    )
    checked = models.DateTimeField(null=True, editable=False)
    """Of rules on time: everything that came due until then has been looked at."""

    class Meta:
        ordering = ["position", "id"]

    def __str__(self) -> str:
        return self.name


class RuleAction(models.Model):
    """One of the things that a rule does, in their order."""

    class Kind(models.TextChoices):
        CREATE = "create", _("Create a task")
        PRIORITY = "priority", _("Raise the priority")
        ESCALATE = "escalate", _("Escalate")
        REROUTE = "reroute", _("Reroute")
        NOTIFY = "notify", _("Notify")

    class Whom(models.TextChoices):
        COORDINATORS = "coordinators", _("The coordinators of the pool")
        OWNER = "owner", _("The owner")
        REQUESTER = "requester", _("The requester")
        PERSON = "person", _("The person named above")

    class Strategy(models.TextChoices):
        PULL = "pull", _("It waits until somebody claims it")
        LEAST_LOADED = "least-loaded", _("The one with the fewest open tasks")
        ROUND_ROBIN = "round-robin", _("In turn")
        SAME_PERSON = "same-person", _("Who had this patient last")

    rule = models.ForeignKey(Rule, on_delete=models.CASCADE, related_name="actions")
    position = models.PositiveSmallIntegerField(default=0)
    kind = models.CharField(max_length=12, choices=Kind)
    task_type = models.ForeignKey(
        TaskType, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    pool = models.ForeignKey(
        "accounts.Pool", on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    person = ReferenceField(help_text=_("Practitioner/x: instead of a pool, or whom to notify."))
    strategy = models.CharField(
        "assignment",
        max_length=16,
        choices=Strategy,
        default=Strategy.PULL,
        help_text=_("Who of the pool gets it."),
    )
    priority = models.CharField(
        max_length=8, choices=Priority, blank=True,
        help_text=_("Empty: of a new task that of its type, else one step up."),
    )  # fmt: skip
    reason = models.ForeignKey(
        ReasonChoice,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        limit_choices_to={"kind": ReasonChoice.Kind.REROUTE},
    )
    whom = models.CharField(max_length=16, choices=Whom, blank=True)
    text = models.CharField(
        max_length=500, blank=True, help_text=_("The note or the notice. Name no patient in it.")
    )

    class Meta:
        ordering = ["rule", "position", "id"]

    def __str__(self) -> str:
        return self.get_kind_display()


class RuleRun(models.Model):
    """What a rule did about one event. The row is what makes it happen once."""

    class State(models.TextChoices):
        DONE = "done", _("Done")
        FAILED = "failed", _("Failed, will be tried again")
        GIVEN_UP = "given-up", _("Failed")

    rule = models.ForeignKey(Rule, on_delete=models.PROTECT, related_name="runs")
    event = models.CharField(max_length=255, db_collation="C")
    """`Type/id/_history/version`, or what a rule on time waited for and since which version."""
    happened = models.DateTimeField()
    """When the event happened."""
    ran = models.DateTimeField()
    state = models.CharField(max_length=8, choices=State)
    result = models.TextField()
    """In words, without anything of a patient."""
    tasks = ArrayField(models.CharField(max_length=80), default=list)
    """References of the Tasks that it made or changed."""
    wrote = ArrayField(models.CharField(max_length=160), default=list)
    """The versions that it wrote, as `Type/id/_history/version`: they start none of its own kind."""
    cause = models.ForeignKey("self", on_delete=models.PROTECT, null=True, related_name="caused")
    """The run that wrote the version which this one is about."""
    tries = models.PositiveSmallIntegerField(default=1)

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(fields=["rule", "event"], name="one_run_per_rule_and_event")
        ]
        indexes = [
            # What is to be tried again.
            models.Index(fields=["id"], name="rulerun_failed", condition=models.Q(state="failed")),
            # Which run wrote a version.
            GinIndex(fields=["wrote"], name="rulerun_wrote"),
        ]

    def __str__(self) -> str:
        return f"{self.rule_id}: {self.event}"
