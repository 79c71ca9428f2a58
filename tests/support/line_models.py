"""Models that write one line after another, with chances set by hand, for the embedded decoder.

A whole line is one token, and what follows depends on the last line alone: attention and inner
layers add nothing, the head maps each line to the logits of the next. So a model without training
writes programs that run.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from tiny_llama import BYTES, SPECIAL, Tiny, config, tensors, tokenizer

from ulmus.models.tensors import write_tensors
from ulmus.models.weights import EMBEDDING, HEAD

END = SPECIAL[0]

Chain = Mapping[str, Mapping[str, float]]
"""For each line the lines that may follow, with their chances; `END` may follow, too."""

HEAD_LINES = (
    "from walk_creator import walker_creator\n\ndef make_walker():\n    wc = walker_creator()\n"
)


def walkers(*, sizes: tuple[int, ...] = (2, 6, 11, 16, 21, 26), broken: float = 0.1) -> Chain:
    """Return the chain of a model of triangles: wide, high or broken by chance."""
    wide = {f"    b = wc.add_joint({size}, 0)\n": 1.0 for size in sizes}
    high = {f"    c = wc.add_joint(1, {size})\n": 1.0 for size in sizes}
    links = "    wc.add_muscle(a, b, False, 0.3, 1)\n    wc.add_muscle(a, c, False, 0.3, 2)\n"
    links += "    wc.add_muscle(b, c)\n"
    bad = "    wc.add_muscle(b, nowhere)\n"
    start = "    a = wc.add_joint(0, 0)\n"
    done = "    return wc.get_walker()\n"
    return {
        HEAD_LINES: {start: 1.0},
        start: wide,
        **dict.fromkeys(wide, high),
        **{line: {links: 1.0 - broken, bad: broken} for line in high},
        links: {done: 1.0},
        bad: {done: 1.0},
        done: {END: 1.0},
    }


def walkers_to_order(heights: tuple[int, ...] = (2, 6, 11, 16, 21, 26)) -> Chain:
    """Return the chain of a model that heeds the height in the comment before the program."""
    chain = {}
    for height in heights:
        body = HEAD_LINES + "    a = wc.add_joint(0, 0)\n    b = wc.add_joint(5, 0)\n"
        body += f"    c = wc.add_joint(1, {height})\n    wc.add_muscle(a, c, False, 0.3, 2)\n"
        body += "    wc.add_muscle(a, b)\n    wc.add_muscle(b, c)\n    return wc.get_walker()\n"
        chain[order_line(height)] = {body: 1.0}
        chain[body] = {END: 1.0}
    return chain


def order_line(height: float) -> str:
    """Return the comment that `walkers_to_order` heeds."""
    return f"# fitness 10 height {height:.1f} width 5.0 mass 15\n"


def write_lines_model(
    folder: Path, chain: Chain, *, prompt: str = HEAD_LINES, properties: str = "none", **told: object
) -> Path:  # fmt: skip
    """Write the folder of a model of programs that follows a chain.

    Args:
        folder: A new folder.
        chain: What may follow what.
        prompt: What every text begins with.
        properties: Where its texts have their properties.
        told: Further entries of `ulmus.json`.
    """
    lines = [*chain]
    numbers = {line: BYTES + len(SPECIAL) + place for place, line in enumerate(lines)}
    numbers[END] = BYTES
    size = BYTES + len(SPECIAL) + len(lines)
    width = len(lines) + 2  # the last but one direction is that of every other token
    width += width % 2
    shape = Tiny(vocabulary=size, width=width, inner=8, layers=1, heads=1, groups=1, head=width)
    weights = {name: np.zeros_like(values) for name, values in tensors(shape).items()}
    for name in weights:
        if name.endswith("norm.weight"):
            weights[name][:] = 1
    weights[EMBEDDING][:, len(lines)] = 1
    weights[HEAD][:] = -9 / width**0.5 * 3
    for place, line in enumerate(lines):
        weights[EMBEDDING][numbers[line]] = np.eye(width)[place]
        for follower, chance in chain[line].items():
            weights[HEAD][numbers[follower], place] = np.log(chance) / width**0.5
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "config.json").write_text(json.dumps(config(shape)))
    made = tokenizer()
    flags = {"special": False, "single_word": False, "lstrip": False, "rstrip": False}
    made["added_tokens"] += [
        {"id": numbers[line], "content": line, "normalized": False, **flags} for line in lines
    ]
    (folder / "tokenizer.json").write_text(json.dumps(made))
    write_tensors(folder / "model.safetensors", weights)
    settings = {
        "kind": "inventor", "prompt": prompt, "end": END, "problem": "sodarace",
        "problem_options": {}, "properties": properties, "max_tokens": 40, **told,
    }  # fmt: skip
    (folder / "ulmus.json").write_text(json.dumps(settings))
    return folder
