"""Which files are mined: not vendored, generated or packaging (docs/mining.md)."""

from __future__ import annotations

import re

_VENDORED = re.compile(
    r"(?:^|/)(?:_?vendor(?:ed|ized)?|_?third[-_]?party|3rdparty|_?extern(?:al|als|s)?|_?bundled?|"
    r"deps|site-packages|node_modules|migrations|alembic|build|dist|\.?venv|env|_generated|generated|"
    r"gen|snapshots?|fixtures|testdata|test_data|test-data|compat_vendor|libs?/python\d)/"
)
_UNFIT_NAME = re.compile(
    r"(?:^|/)(?:\w+_pb2(?:_grpc)?|_?_?version(?:_?info)?(?:_?_?)|versioneer|parsetab|lextab|y?tab|setup|conf|"
    r"conftest|noxfile|tasks|fabfile|ez_setup|distribute_setup|get-pip|manage|release|bootstrap|_mapping)\.py$"
)
_TEST = re.compile(
    r"(?:^|/)(?:tests?|testing|unittests?|t)/|(?:^|/)(?:test_[^/]*|[^/]*_tests?|tests?|conftest)\.py$|"
    r"(?:^|/)test[a-z]*\.py$"
)


def refusal(path: str) -> str | None:
    """Return why a path is not mined, or None."""
    if _VENDORED.search(path.lower()):
        return "vendored or generated"
    if _UNFIT_NAME.search(path.lower()):
        return "packaging or generated"
    return None


def is_test(path: str) -> bool:
    """Tell whether a path is a test."""
    return bool(_TEST.search(path.lower()))
