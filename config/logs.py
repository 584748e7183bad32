"""What is written to the log: never what a patient or clinician wrote.

The text of an exception may quote a document or a row (PostgreSQL's DETAIL does), so only its type
and the place where it was raised are kept.
"""

import logging
import traceback


class PrivateFormatter(logging.Formatter):
    def formatException(self, exc_info):
        kind, _, raised_at = exc_info
        return "".join(traceback.format_tb(raised_at)) + kind.__name__
