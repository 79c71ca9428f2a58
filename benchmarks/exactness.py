"""How near the logits of the embedded decoder are to the exact ones, beside transformers' own.

    python benchmarks/exactness.py [MODEL] [--texts 6] [--tokens 300] [--name N]

Both compute in float32; the exact ones are those of transformers with the same weights in float64.
One row per text, the first tokens of a file of ours: largest and median error over its positions.
MODEL is a folder or a name of `ulmus models list`; a name of a hub works if it can be reached.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
from tokenizers import Tokenizer

import ulmus
from machine import print_rows, write_rows
from ulmus.models.local import LocalModel
from ulmus.models.shelf import find_model


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("model", nargs="?", default="smollm2-135m")
    parser.add_argument("--texts", type=int, default=6)
    parser.add_argument("--tokens", type=int, default=300)
    parser.add_argument("--name", default="exactness")
    told = parser.parse_args()
    import torch
    from transformers import AutoModelForCausalLM

    folder = find_model(told.model)
    ours = LocalModel(folder).decoder
    single = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32)
    double = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32).double()
    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    rows = []
    for file in sorted(Path(ulmus.__file__).parent.glob("*.py"))[1 : told.texts + 1]:
        tokens = np.array(tokenizer.encode(file.read_text()).ids[: told.tokens], np.int32)
        with torch.no_grad():
            batch = torch.tensor([tokens.tolist()])
            exact = double(batch).logits[0].numpy()
            theirs = np.abs(single(batch).logits[0].numpy() - exact).max(1)
        errors = np.abs(ours.logits(tokens) - exact).max(1)
        rows.append(
            {
                "text": file.name,
                "tokens": len(tokens),
                "largest_logit": round(float(np.abs(exact).max()), 1),
                "ulmus_largest": f"{errors.max():.1e}",
                "transformers_largest": f"{theirs.max():.1e}",
                "ulmus_median": f"{np.median(errors):.1e}",
                "transformers_median": f"{np.median(theirs):.1e}",
            }
        )
    print_rows(rows)
    write_rows(told.name, rows)


if __name__ == "__main__":
    main()
