"""The five roles, and a pool for every role of the table of care team roles."""

from django.db import migrations

from accounts.care_team_roles import CARE_TEAM_ROLES
from accounts.pools import POOL_PERMISSIONS
from fhir.actor import Role


def create(apps, schema_editor):
    Group = apps.get_model("auth", "Group")
    Permission = apps.get_model("auth", "Permission")
    ContentType = apps.get_model("contenttypes", "ContentType")
    Pool = apps.get_model("accounts", "Pool")
    PoolGroupObjectPermission = apps.get_model("accounts", "PoolGroupObjectPermission")
    for role in Role:
        Group.objects.get_or_create(name=role.value)
    # Django makes permissions only after all migrations have run.
    content_type, _ = ContentType.objects.get_or_create(app_label="accounts", model="pool")
    permissions = [
        Permission.objects.get_or_create(
            codename=codename,
            content_type=content_type,
            defaults={"name": f"Can {codename.replace('_', ' ')}"},
        )[0]
        for codename in POOL_PERMISSIONS
    ]
    for care_team_role in CARE_TEAM_ROLES:
        group, _ = Group.objects.get_or_create(name=f"pool: {care_team_role.slug}")
        pool = Pool.objects.create(
            slug=care_team_role.slug,
            name=care_team_role.name,
            codes=care_team_role.codes,
            group=group,
        )
        for permission in permissions:
            PoolGroupObjectPermission.objects.create(
                content_object=pool, group=group, permission=permission
            )


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0001_initial"),
        ("auth", "0012_alter_user_first_name_max_length"),
        ("contenttypes", "0002_remove_content_type_name"),
    ]
    operations = [migrations.RunPython(create, migrations.RunPython.noop)]
