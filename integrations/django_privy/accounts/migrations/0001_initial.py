"""Create the table of accounts."""

from typing import Any, ClassVar

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    """Create ``PrivyAccount``, with one user for each issuer and DID."""

    initial: ClassVar[Any] = True

    dependencies: ClassVar[Any] = [migrations.swappable_dependency(settings.AUTH_USER_MODEL)]

    operations: ClassVar[Any] = [
        migrations.CreateModel(
            name="PrivyAccount",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("issuer", models.CharField(max_length=255)),
                ("did", models.CharField(max_length=255, verbose_name="DID")),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                (
                    "user",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="privy_accounts",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "verbose_name": "Privy account",
                "constraints": [
                    models.UniqueConstraint(fields=("issuer", "did"), name="privy_accounts_issuer_did"),
                ],
            },
        ),
    ]
