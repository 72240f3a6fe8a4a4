"""What ships beside the code: models, samples and the schemas of results.

A checkout has them at its top, an installed package in its folder ``bundled``.
"""

from pathlib import Path

_INSTALLED = Path(__file__).resolve().with_name("bundled")
CHECKOUT = None if _INSTALLED.is_dir() else Path(__file__).resolve().parents[1]
_ROOT = CHECKOUT or _INSTALLED
MODELS = _ROOT / "models"
SAMPLES = _ROOT / "samples"
SCHEMAS = _ROOT / "results" / "schemas"


def bundled_model(name: str) -> Path:
    """Return the directory of a model that ships with the toolkit."""
    return MODELS / name
