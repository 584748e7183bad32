from django.contrib import admin

from accounts.admin import ReadOnlyAdmin
from communications.models import Communication, Snippet

admin.site.register(Communication, ReadOnlyAdmin)


@admin.register(Snippet)
class SnippetAdmin(admin.ModelAdmin):
    list_display = ("name", "text")
    search_fields = ("name", "text")
