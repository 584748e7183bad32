from django.contrib import admin

from accounts.admin import ReadOnlyAdmin
from communications.models import Communication

admin.site.register(Communication, ReadOnlyAdmin)
