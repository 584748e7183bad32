"""The views that people keep of their lists: to look at, to share with another pool, to remove."""

from django.contrib import admin

from tasks.models.views import SavedView


@admin.register(SavedView)
class SavedViewAdmin(admin.ModelAdmin):
    list_display = ["name", "owner", "base", "pool"]
    list_filter = ["pool"]
    list_select_related = ["owner", "pool"]
    search_fields = ["name", "owner__username"]
    autocomplete_fields = ["pool"]
    readonly_fields = ["owner", "base", "query"]

    def has_add_permission(self, request):
        """A view is kept where it is looked at."""
        return False
