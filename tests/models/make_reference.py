"""Write reference.npz: what transformers computes for the tiny models of tests/support.

    python tests/models/make_reference.py

Needs the extra `ulmus[train]`. Logits at some places of a text, and the greedy continuation.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1] / "support"))

from tiny_llama import SHAPES, Tiny, text_tokens, write_model

FILE = Path(__file__).with_name("reference.npz")
PLACES = (0, 1, 30, 31, 32, 33, 63, 64, 69)
GREEDY_TOKENS = 24


def reference(shape: Tiny, folder: Path) -> dict[str, Any]:
    """Return logits (places, vocabulary) and greedy tokens by transformers."""
    import torch
    from transformers import LlamaForCausalLM

    torch.set_num_threads(1)
    model = LlamaForCausalLM.from_pretrained(write_model(folder, shape), dtype=torch.float32)
    tokens = torch.tensor(text_tokens()[None].astype(np.int64))
    with torch.no_grad():
        logits = model(tokens).logits[0].numpy()
        greedy = model.generate(
            tokens, attention_mask=torch.ones_like(tokens), do_sample=False,
            max_new_tokens=GREEDY_TOKENS, pad_token_id=0,
        )[0, tokens.shape[1] :].numpy()  # fmt: skip
    return {"logits": logits[list(PLACES)], "greedy": greedy.astype(np.int32)}


def main() -> None:
    """Write the file."""
    arrays = {}
    with tempfile.TemporaryDirectory() as place:
        for name, shape in SHAPES.items():
            for kind, array in reference(shape, Path(place) / name).items():
                arrays[f"{name}.{kind}"] = array
    np.savez_compressed(FILE, **arrays)
    print(FILE.name, FILE.stat().st_size, "bytes")


if __name__ == "__main__":
    main()
