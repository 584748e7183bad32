"""The pages of the worklist: one function a page, one a button.

A button's function calls one action and answers with the parts of the page that changed, or, when
the browser runs no scripts, with a redirect to the page. Refusals are FhirErrors: fhir.pages turns
them into a page or a toast; only the two that a person can act on, a lost claim (409) and a stale
page (412), are answered here (tasks.views.changed), with what is true now.
"""
