"""The extractor of a node, which its parameters choose."""

from __future__ import annotations

from collections.abc import Callable

from superpoint_ros.config import ExtractorConfig
from superpoint_ros.features.loading import idle_settings, load_extractor
from superpoint_ros.ros.diagnostics import Diagnostics
from superpoint_ros.ros.parameters import Apply
from superpoint_ros.types import Extractor


class Extraction:
    """Loads it, and says what runs: its model and device in the diagnostics, in the log what changes nothing for it."""

    extractor: Extractor

    def __init__(self, config: ExtractorConfig, diagnostics: Diagnostics, warn: Callable[[str], None]) -> None:
        """Raises as ``prepare``."""
        self._diagnostics, self._warn = diagnostics, warn
        self.prepare(config)()

    def prepare(self, config: ExtractorConfig) -> Apply:
        """Loads the one of these settings; returns what makes it ``extractor``. Raises as ``load_extractor``."""
        extractor = load_extractor(config, to_match=True)

        def apply() -> None:
            self.extractor = extractor
            self._diagnostics.facts({"model": extractor.model, "device": getattr(extractor, "device", "cpu")})
            if idle := idle_settings(config):
                self._warn(f"{', '.join(f'extractor.{name}' for name in idle)} changes nothing for {config.model}")

        return apply
