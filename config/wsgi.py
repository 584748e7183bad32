"""The WSGI application that granian serves."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
# Whoever waits for a page or an answer has left by then; commands may take as long as they need.
os.environ.setdefault("TASKWARD_STATEMENT_TIMEOUT", "5")
application = get_wsgi_application()
