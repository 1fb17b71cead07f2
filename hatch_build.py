"""Put the example apps into the wheel, where ``privy-middleware demo`` finds them."""

from __future__ import annotations

from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class ExampleApps(BuildHookInterface):
    """Add the example apps to a wheel; an editable install has them in the checkout."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Add the folder to the files of the wheel."""
        if version == "standard":
            build_data["force_include"]["example_apps"] = "privy_middleware/cli/bundled/example_apps"
