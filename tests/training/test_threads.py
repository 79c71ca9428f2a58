"""How many threads a training takes if it is not told."""

import pytest

from ulmus import workers
from ulmus.cli.training import prepare_torch

torch = pytest.importorskip("torch", reason="needs the extra ulmus[train]")


@pytest.fixture(autouse=True)
def _three_cores(monkeypatch):
    monkeypatch.setattr(workers, "available_cores", lambda: 3)
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    torch.set_num_threads(2)
    yield
    torch.set_num_threads(1)


@pytest.mark.parametrize(
    ("told", "size", "wanted"),
    [(None, None, 3), (None, "3m", 3), (None, "tiny", 1), (2, "tiny", 2), (1, None, 1)],
)
def test_all_cores_unless_told_or_small(told, size, wanted):
    prepare_torch(told, size)
    assert torch.get_num_threads() == wanted


def test_the_environment_goes_before_the_number_of_cores(monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "2")
    prepare_torch(None, "3m")
    assert torch.get_num_threads() == 2
    prepare_torch(4, "3m")
    assert torch.get_num_threads() == 4
