"""The log never holds what somebody wrote."""

import logging
import sys

from config.logs import PrivateFormatter

WRITTEN = "Amara Okonkwo, potassium 6.1"


def test_an_exception_is_logged_by_type_and_place_alone():
    try:
        raise ValueError(WRITTEN)
    except ValueError:
        record = logging.LogRecord("fhir", logging.ERROR, "x", 1, "It failed.", (), sys.exc_info())
    text = PrivateFormatter().format(record)
    assert "It failed." in text and "ValueError" in text and "test_logs.py" in text
    assert WRITTEN not in text
