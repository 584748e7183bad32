"""How fast Taskward is beside the SQL that it sends: `make bench`, or `python -m bench --help`.

A database of N Tasks is loaded, the web server is driven over HTTP, and pgbench runs, on the same
rows, the statements that one such request sends. docs/performance.md is written by it.
"""
