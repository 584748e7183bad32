#!/usr/bin/env python
"""Django's command line, with the embedded PostgreSQL running around it when it is the one in use."""

import os
import sys


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    from django.core.management import execute_from_command_line

    from config.database import running_database

    with running_database():
        execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
