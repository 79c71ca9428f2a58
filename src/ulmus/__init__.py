"""ulmus: evolution through large models. Importing it is cheap; submodules are loaded on use."""

from __future__ import annotations

__version__ = "0.1.0"
__all__ = ["__version__"]
