"""Settings of the property tests: no deadline, for machines under load, and nothing left in the source tree."""

from __future__ import annotations

from pathlib import Path

from hypothesis import settings
from hypothesis.configuration import set_hypothesis_home_dir

set_hypothesis_home_dir(Path(__file__).parents[1] / ".cache" / "hypothesis")
settings.register_profile("ash", deadline=None, database=None)
settings.load_profile("ash")
