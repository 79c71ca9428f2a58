"""Every sandbox tier keeps every promise."""

from __future__ import annotations

import pytest

from ulmus.records import Job, Outcome, Status
from ulmus.sandbox.base import Sandbox
from ulmus.sandbox.conformance import CHECKS, Check, check_sandbox
from ulmus.sandbox.wasm import WasmSandbox

TIERS: tuple[Sandbox, ...] = (WasmSandbox(),)


@pytest.mark.parametrize("sandbox", TIERS, ids=lambda tier: type(tier).__name__)
@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
def test_tier_keeps_the_promise(sandbox: Sandbox, check: Check) -> None:
    assert isinstance(sandbox, Sandbox)
    check(sandbox)


class Careless:
    """A tier that runs nothing and says that all is well."""

    identity = "careless"

    def run(self, jobs: list[Job]) -> list[Outcome]:
        return [Outcome(Status.OK, value=1) for _ in jobs]


def test_the_suite_names_every_broken_promise() -> None:
    with pytest.raises(AssertionError) as caught:
        check_sandbox(Careless())
    broken = {line.split(":")[0] for line in str(caught.value).splitlines()[1:]}
    kept = {check.__name__ for check in CHECKS} - broken
    assert kept <= {"equal_jobs_have_equal_outcomes", "values_can_be_handed_to_workers"}
