"""Tasks in Django admin: what is set up there, and resources to look at."""

from tasks.admin import handover, resources, rules, types, views

__all__ = ["handover", "resources", "rules", "types", "views"]
