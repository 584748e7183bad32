"""Tasks in Django admin: what is set up there, and resources to look at."""

from tasks.admin import resources, rules, types

__all__ = ["resources", "rules", "types"]
