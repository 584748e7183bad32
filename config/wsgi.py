"""The WSGI application that granian serves."""

import gc
import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
# Whoever waits for a page or an answer has left by then; commands may take as long as they need.
os.environ.setdefault("TASKWARD_STATEMENT_TIMEOUT", "5")
application = get_wsgi_application()
# What is loaded stays, and one request makes few circles: looking through everything for them every
# 2,000 objects took 8 % of a claim.
gc.freeze()
gc.set_threshold(20_000, 20, 50)
