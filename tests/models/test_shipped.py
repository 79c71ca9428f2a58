"""The models that ship with ulmus: they load, they are described, and they write edits."""

from __future__ import annotations

import json
import random

import pytest

from ulmus.catalogue import make_operator
from ulmus.diffs.prompts import Layout
from ulmus.errors import ModelError
from ulmus.experiment import prepare_part
from ulmus.models import conformance, shelf
from ulmus.models.shelf import (
    ADAPTER_NAME,
    DEFAULT_MODEL,
    SHIPPED,
    ShelvedModel,
    find_model,
    open_model,
    read_taught,
)
from ulmus.models.tensors import TensorFile
from ulmus.operators.diff import GENERAL_MODEL, DiffSettings
from ulmus.problems.sodarace.problem import Sodarace
from ulmus.records import Prompt

FOLDERS = sorted(folder for folder in SHIPPED.iterdir() if folder.is_dir())
ADAPTERS = [folder.name for folder in FOLDERS if (folder / ADAPTER_NAME).is_file()]
NAMES = [folder.name for folder in FOLDERS if folder.name not in ADAPTERS]
TITLES = ("## Data", "## Recipe", "## Scores", "## Limits")


def test_the_default_model_ships():
    assert DEFAULT_MODEL in NAMES
    assert find_model("") == SHIPPED / DEFAULT_MODEL
    assert GENERAL_MODEL in NAMES


@pytest.mark.parametrize("name", NAMES)
def test_a_shipped_model_is_complete_and_described(name):
    model, taught = open_model(name)
    assert taught == read_taught(SHIPPED / name)
    layout = Layout(style=taught.style, form=taught.form)
    text = layout.prompt("x = 1\ny = x + 2\n", "Change a number")
    conformance.check_model(model, [Prompt(text, seed) for seed in range(3)])
    card = (SHIPPED / name / "README.md").read_text("utf-8")
    assert all(title in card for title in TITLES)


@pytest.mark.parametrize("name", ADAPTERS)
def test_a_shipped_adapter_is_complete_and_described(name):
    folder = SHIPPED / name
    told = json.loads((folder / ADAPTER_NAME).read_text("utf-8"))
    assert (told["base_model_name_or_path"], told["r"]) == ("smollm2-135m", 16)
    tensors = TensorFile(folder / "adapter_model.safetensors")
    # SmolLM2-135M: 30 layers, 7 products in each, two factors of each
    assert len(tensors.names) == 30 * 7 * 2
    assert read_taught(folder).form == "numbered"
    card = (folder / "README.md").read_text("utf-8")
    assert all(title in card for title in TITLES)


@pytest.mark.parametrize("name", ADAPTERS)
def test_an_adapter_without_its_base_says_how_to_get_it(name, monkeypatch):
    monkeypatch.setattr(shelf, "cached_models", lambda: SHIPPED / "nowhere")
    with pytest.raises(ModelError, match=r"ulmus models convert smollm2"):
        open_model(name)


def test_the_default_model_changes_the_square():
    operator = make_operator("diff", DiffSettings())
    square = Sodarace(seed_program="square").seeds()[0]
    parents = [[square]] * 32
    proposals = operator.propose(parents, [random.Random(index) for index in range(32)])
    children = {proposal.program.hash for proposal in proposals if proposal.program is not None}
    # Half of the answers give a child that may run; 8 of 32 is four standard errors below.
    assert len(children) >= 8
    again = make_operator("diff", DiffSettings(siblings=5))
    some = again.propose(parents[20:25], [random.Random(index) for index in range(20, 25)])
    assert [p.program for p in some] == [p.program for p in proposals[20:25]]


@pytest.mark.parametrize("effects", [{"More height.": 1.5}, {"More height.": "often"}, ["x"]])
def test_bad_shares_of_effects_are_named(tmp_path, effects):
    (tmp_path / "ulmus.json").write_text(json.dumps({"effects": effects}), "utf-8")
    with pytest.raises(ModelError, match="effects"):
        read_taught(tmp_path)


def test_effects_are_read(tmp_path):
    (tmp_path / "ulmus.json").write_text('{"effects": {"More height.": 0.5}}', "utf-8")
    assert read_taught(tmp_path).effects == {"More height.": 0.5}


def test_it_is_compiled_before_the_workers_ask_it(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[int] = []
    complete = ShelvedModel.complete
    monkeypatch.setattr(
        ShelvedModel,
        "complete",
        lambda self, prompts, sampling: (
            asked.append(len(prompts)) or complete(self, prompts, sampling)
        ),  # type: ignore[func-returns-value]
    )
    prepare_part(make_operator("diff"))
    prepare_part(make_operator("syntax"))
    assert asked == [1]
