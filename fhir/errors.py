"""Every refusal is a FhirError: it knows its HTTP status and its OperationOutcome issues.

A rule's own error stands beside the rule (BadTransition in tasks/transitions.py); the general ones
are here. Issue codes: https://hl7.org/fhir/R4/valueset-issue-type.html
"""

import logging
from collections.abc import Sequence
from dataclasses import dataclass

from django.db import DataError
from django.utils.translation import gettext as _

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Issue:
    """One issue of an OperationOutcome. Diagnostics never quote what a patient or clinician wrote."""

    diagnostics: str
    code: str = "invalid"
    severity: str = "error"
    expression: str | None = None

    def as_json(self) -> dict:
        issue = {
            "severity": self.severity,
            "code": self.code,
            "diagnostics": self.diagnostics,
        }
        if self.expression:
            issue["expression"] = [self.expression]
        return issue


def operation_outcome(issues: Sequence[Issue]) -> dict:
    """https://hl7.org/fhir/R4/operationoutcome.html"""
    return {"resourceType": "OperationOutcome", "issue": [issue.as_json() for issue in issues]}


def information(diagnostics: str) -> dict:
    """An OperationOutcome that says that all went well."""
    return operation_outcome([Issue(diagnostics, "informational", "information")])


class FhirError(Exception):
    """The request could not be done."""

    status = 400
    code = "invalid"
    headers: dict[str, str] = {}

    def __init__(
        self,
        diagnostics: str | None = None,
        *,
        expression: str | None = None,
        issues: Sequence[Issue] | None = None,
    ):
        said = str(diagnostics or _(self.__class__.__doc__))
        self.issues = list(issues or [Issue(said, self.code, "error", expression)])
        super().__init__(self.issues[0].diagnostics)

    def as_outcome(self) -> dict:
        return operation_outcome(self.issues)


class MalformedRequest(FhirError):
    """The request is not well-formed."""

    status = 400
    code = "structure"


class InvalidSearch(FhirError):
    """The search could not be understood."""

    status = 400
    code = "invalid"


class NotSignedIn(FhirError):
    """Sign in first: send a bearer token."""

    status = 401
    code = "login"
    headers = {"WWW-Authenticate": 'Bearer realm="Taskward"'}


class Forbidden(FhirError):
    """You may not do this."""

    status = 403
    code = "forbidden"


class NotFound(FhirError):
    """There is no such resource for you."""

    status = 404
    code = "not-found"


class MethodNotAllowed(FhirError):
    """This interaction is not supported here."""

    status = 405
    code = "not-supported"

    def __init__(self, diagnostics: str | None = None, *, allow: str = ""):
        super().__init__(diagnostics)
        self.headers = {"Allow": allow} if allow else {}


class NotAcceptable(FhirError):
    """Only application/fhir+json can be sent."""

    status = 406
    code = "not-supported"


class Conflict(FhirError):
    """Somebody else was first."""

    status = 409
    code = "conflict"


class Gone(FhirError):
    """This resource was deleted."""

    status = 410
    code = "deleted"


class LengthRequired(FhirError):
    """Send the length of the body (Content-Length); bodies in chunks are not taken."""

    status = 411
    code = "structure"


class VersionConflict(FhirError):
    """The resource has changed since the version that you name."""

    status = 412
    code = "conflict"


class TooLarge(FhirError):
    """This is larger than the server takes."""

    status = 413
    code = "too-long"


class UnsupportedMediaType(FhirError):
    """This media type is not supported."""

    status = 415
    code = "not-supported"


class InvalidResource(FhirError):
    """The resource is not valid."""

    status = 422
    code = "invalid"


class BusinessRuleViolation(FhirError):
    """A rule of the workflow does not allow this."""

    status = 422
    code = "business-rule"


class DatabaseUnavailable(FhirError):
    """The database does not answer. Nothing was changed; try again."""

    status = 503
    code = "transient"
    headers = {"Retry-After": "2"}


class TooCostly(FhirError):
    """This would take too long; ask for less."""

    status = 422
    code = "too-costly"


class Unexpected(FhirError):
    """The server failed. Nothing was changed; the operator finds the fault in the log."""

    status = 500
    code = "exception"


def of_database(error: Exception) -> FhirError:
    """What one of Django's database errors means to the client, by its SQLSTATE."""
    state = getattr(error.__cause__, "sqlstate", None) or ""
    if state in ("40001", "40P01", "55P03"):
        return Conflict(_("Two changes were in each other's way; try again."))
    if state == "57014":
        return TooCostly()
    if state.startswith("22") or isinstance(error, DataError):
        return MalformedRequest(_("A value cannot be stored."))
    logger.error("The database does not answer (SQLSTATE %s).", state or "none")
    return DatabaseUnavailable()
