"""What a training starts from, and the folder in which its result is kept.

Four beginnings: nothing (a new network and a tokenizer of its own), a model folder of ours or of
anybody, a name on the hub, or an adapter folder to go on with. Two ends: a model folder in the
layout of Hugging Face, or an adapter folder in the layout of peft. Both hold `ulmus.json`, which
says how the model wants to be asked, and a card for people.
"""

from __future__ import annotations

import json
import warnings
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from tokenizers import Tokenizer
from torch import Tensor, nn

from ulmus.errors import ConfigError, TrainingError
from ulmus.models.shelf import names
from ulmus.training.copying import can_copy, teach_copying
from ulmus.training.growing import grow
from ulmus.training.lora import adapt, adapt_as, adapter_config, adapter_weights
from ulmus.training.networks import Llama, Shape, allowed_pairs, shape_named, trains_here
from ulmus.training.tokenizer import (
    check_fits,
    end_token,
    mark_tokens,
    read_tokenizer,
    train_tokenizer,
)

ADAPTER_FROM = 50_000_000
"""Weights from which a base gets an adapter if nobody says otherwise."""


@dataclass
class Trainee:
    """A network that is being trained, with what belongs to it.

    Attributes:
        net: Has `hidden(tokens, positions, parts)` and `logits(hidden)`; see `Llama`.
        tokenizer: Its tokenizer.
        base: Where it came from, for the card.
        adapter: An adapter is trained, not the network.
    """

    net: Llama | Borrowed
    tokenizer: Tokenizer
    base: str
    adapter: bool = False

    @property
    def num_weights(self) -> int:
        """Number of all weights."""
        return sum(weight.numel() for weight in self.net.parameters())


class Borrowed(nn.Module):
    """A causal language model of transformers, with an adapter or without."""

    def __init__(self, model: Any):
        """Wrap a model that transformers or peft made."""
        super().__init__()
        self.model = model

    def _inner(self) -> Any:
        return self.model.get_base_model() if hasattr(self.model, "peft_config") else self.model

    def hidden(self, tokens: Tensor, positions: Tensor, parts: Tensor) -> Tensor:
        """Return the last layer's units; see `Llama.hidden`."""
        plain = parts.shape[0] == 1 and int(parts.max()) <= 1  # one text, seen from left to right
        mask = None if plain else allowed_pairs(parts)[:, None]
        result: Tensor = self._inner().get_decoder()(
            input_ids=tokens, position_ids=positions, attention_mask=mask, use_cache=False
        )[0]
        return result

    def logits(self, hidden: Tensor) -> Tensor:
        """Return (..., vocabulary) for (..., width)."""
        result: Tensor = self._inner().get_output_embeddings()(hidden)
        return result


def new_network(
    size: str, texts: Iterable[str], vocabulary: int, *, whole_lines: bool, numbered: bool,
    context: int, seed: int,
) -> Trainee:  # fmt: skip
    """Make a network of a named size with a tokenizer that is learned from the data."""
    shape_named(size, 1)  # an unknown size is named before the work begins
    tokenizer = train_tokenizer(texts, vocabulary, whole_lines=whole_lines, numbered=numbered)
    net = Llama(shape_named(size, tokenizer.get_vocab_size(), context), seed)
    if numbered and can_copy(net):
        *marks, ends = mark_tokens(tokenizer)
        teach_copying(net, marks, ends, seed)
    return Trainee(net, tokenizer, f"none, {size}")


def open_base(
    base: str, lora: int | None, full: bool, markers: Iterable[str], seed: int,
    grow_to: str | None = None,
) -> Trainee:  # fmt: skip
    """Open a base.

    Args:
        base: Name of a model of the user's cache, model or adapter folder, or name on the hub.
        lora: Rank of an adapter; None: 16 for bases of 50 million weights and more, else none.
        full: Train all weights.
        markers: Texts that must be single tokens.
        seed: Of new weights.
        grow_to: Size that it grows into, all of whose weights are then trained.

    Raises:
        TrainingError: There is no such base, or its vocabulary does not fit.
        ConfigError: It does not grow into that size.
    """
    place = str(names().get(base, base))
    if (Path(place) / "adapter_config.json").exists():
        trainee = _open_adapter(Path(place))
    else:
        trainee = _open_model(place, lora, full or grow_to is not None, seed)
        trainee.base = base if place != base else _name_of(place)
    if grow_to is not None:
        _grow(trainee, grow_to, seed)
    rows = _embedding(trainee.net).weight.shape[0]
    check_fits(trainee.tokenizer, rows, markers)
    return trainee


def _grow(trainee: Trainee, size: str, seed: int) -> None:
    if trainee.adapter or not isinstance(trainee.net, Llama):
        raise ConfigError(
            f"--grow-to: {trainee.base} is no network that grows; it must be a model folder of "
            "the kind that ulmus trains, and no adapter"
        )
    trainee.net = grow(trainee.net, size, seed)
    trainee.base += f", grown to {size}"


def _name_of(base: str) -> str:
    """Return the name of a folder in the user's cache, so that an adapter finds it anywhere."""
    known = {folder.resolve(): name for name, folder in names().items()}
    return known.get(Path(base).resolve(), base)


def _open_model(base: str, lora: int | None, full: bool, seed: int) -> Trainee:
    net, tokenizer = _own_network(base) or _borrow(base)
    trainee = Trainee(net, tokenizer, base)
    if lora or (not full and trainee.num_weights >= ADAPTER_FROM):
        if isinstance(net, Llama):
            adapt(net, lora or 16, seed)
        else:
            net.model = _with_adapter(net.model, lora or 16, seed)
        trainee.adapter = True
    return trainee


def _open_adapter(folder: Path) -> Trainee:
    told = str(read_json(folder / "adapter_config.json").get("base_model_name_or_path"))
    base = str(names().get(told, told))
    own = _own_network(base)
    if own is not None and adapt_as(own[0], folder):
        return Trainee(*own, told, adapter=True)
    from peft import PeftModel

    net, tokenizer = _borrow(base)
    net.model = PeftModel.from_pretrained(net.model, str(folder), is_trainable=True)
    return Trainee(net, tokenizer, told, adapter=True)


def _own_network(base: str) -> tuple[Llama, Tokenizer] | None:
    """Open a folder as a network of ours, None if it is another one."""
    folder = Path(base)
    if not (folder / "model.safetensors").is_file():
        return None
    config = read_json(folder / "config.json")
    if not trains_here(config):
        return None
    net = Llama(Shape.from_config(config))
    _load(net, folder)
    return net, read_tokenizer(folder)


def _with_adapter(model: Any, rank: int, seed: int) -> Any:
    from peft import LoraConfig, get_peft_model

    torch.manual_seed(seed)
    config = LoraConfig(
        r=rank, lora_alpha=2 * rank, target_modules="all-linear", task_type="CAUSAL_LM"
    )
    return get_peft_model(model, config)


def _borrow(base: str) -> tuple[Borrowed, Tokenizer]:
    from transformers import AutoModelForCausalLM, AutoTokenizer, logging

    logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of the libraries, about themselves
            model = AutoModelForCausalLM.from_pretrained(base, dtype=torch.float32)
            tokenizer = AutoTokenizer.from_pretrained(base).backend_tokenizer
    except (OSError, ValueError, SafetensorError) as error:
        lines = str(error).strip().splitlines() or ["?"]
        raise TrainingError(
            f"cannot open the base {base!r}: {lines[0]} It must be a folder with config.json, "
            "tokenizer.json and model.safetensors, or a name on the hub"
        ) from error
    model.requires_grad_(True)
    return Borrowed(model), tokenizer


def _load(net: Llama, folder: Path) -> None:
    """Load model.safetensors into our own network."""
    file = folder / "model.safetensors"
    try:
        weights = {name: value.float() for name, value in load_file(file).items()}
        weights.pop("lm_head.weight", None)  # tied
        net.load_state_dict(weights)
    except (OSError, SafetensorError, RuntimeError) as error:
        raise TrainingError(
            f"{file} does not hold the weights that config.json says: {error}"
        ) from error


def _embedding(net: Llama | Borrowed) -> nn.Embedding:
    if isinstance(net, Llama):
        return net.model.embed_tokens
    embedding = net.model.get_input_embeddings()
    assert isinstance(embedding, nn.Embedding)
    return embedding


def read_json(file: Path) -> dict[str, Any]:
    """Read a JSON object.

    Raises:
        TrainingError: There is none.
    """
    try:
        value = json.loads(file.read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise TrainingError(f"cannot read {file}: {error}") from error
    if not isinstance(value, dict):
        raise TrainingError(f"{file} holds no JSON object")
    return value


def write_model(folder: Path, trainee: Trainee, asking: Mapping[str, Any], card: str) -> None:
    """Write the folder of the result; each file appears whole or not at all.

    Args:
        folder: Of the model.
        trainee: What was trained.
        asking: Content of ulmus.json.
        card: README.md.

    Raises:
        TrainingError: The folder or the disk refuses.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if trainee.adapter:
            _write_adapter(folder, trainee)
        elif isinstance(trainee.net, Llama):
            _write_own(folder, trainee, trainee.net)
        else:
            trainee.net.model.half().save_pretrained(str(folder))
            trainee.net.model.float()
        if not trainee.adapter:
            _write(folder / "tokenizer.json", trainee.tokenizer.to_str(pretty=True))
            named = {"tokenizer_class": "PreTrainedTokenizerFast", "eos_token": "<|endoftext|>"}
            _write(folder / "tokenizer_config.json", json.dumps(named, indent=2))
        _write(folder / "ulmus.json", json.dumps(dict(asking), indent=2))
        _write(folder / "README.md", card)
    except (OSError, SafetensorError) as error:
        raise TrainingError(f"cannot write the model to {folder}: {error}") from error


def _write_own(folder: Path, trainee: Trainee, net: Llama) -> None:
    config = net.shape.config(end_token(trainee.tokenizer))
    _write(folder / "config.json", json.dumps(config, indent=2))
    write_tensors(folder / "model.safetensors", net.state_dict())


def _write_adapter(folder: Path, trainee: Trainee) -> None:
    if isinstance(trainee.net, Llama):
        plain = adapter_config(trainee.net, trainee.base)
        _write(folder / "adapter_config.json", json.dumps(plain, indent=2))
        write_tensors(folder / "adapter_model.safetensors", adapter_weights(trainee.net))
        return
    from peft import get_peft_model_state_dict

    model = trainee.net.model
    config = model.peft_config["default"]
    plain = {
        key: sorted(value) if isinstance(value, set) else value
        for key, value in config.to_dict().items()
    }
    plain["base_model_name_or_path"] = trainee.base
    plain["inference_mode"] = True
    _write(folder / "adapter_config.json", json.dumps(plain, indent=2, default=str))
    write_tensors(folder / "adapter_model.safetensors", get_peft_model_state_dict(model))


def write_tensors(file: Path, tensors: Mapping[str, Tensor]) -> None:
    """Write tensors in float16; the file appears whole or not at all.

    Raises:
        OSError, SafetensorError: The folder or the disk refuses.
    """
    plain = {
        name: tensor.detach().to("cpu").half().contiguous() for name, tensor in tensors.items()
    }
    partial = file.with_name(f".{file.name}.partial")
    try:
        save_file(plain, partial, {"format": "pt"})
        partial.replace(file)
    finally:
        partial.unlink(missing_ok=True)


def _write(file: Path, text: str) -> None:
    partial = file.with_name(f".{file.name}.partial")
    try:
        partial.write_text(text, "utf-8")
        partial.replace(file)
    finally:
        partial.unlink(missing_ok=True)
