"""Model folders of stages 2 and 3: what is read from one, what is written to the other.

A folder of stage 2 ("inventor") holds a network with its tokenizer and ulmus.json, which says how
programs begin and end. One of stage 3 ("conditional") holds the same and terrain.safetensors, the
terrain network.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from tokenizers import Tokenizer
from torch import Tensor

from ulmus.errors import ConfigError, TrainingError, unknown_name
from ulmus.models import prefixes
from ulmus.models.architecture import read_json
from ulmus.models.inventing import CONDITIONAL, KIND, read_inventing
from ulmus.models.shelf import SETTINGS_NAME
from ulmus.problems.sodarace.terrain import Polyline, terrain
from ulmus.training import bases
from ulmus.training.bases import Trainee
from ulmus.training.conditioned import Conditioned
from ulmus.training.networks import Llama
from ulmus.training.rollouts import chances_for, draw
from ulmus.training.terrains import Pictures, pictures_of, terrain_network
from ulmus.training.tokenizer import END

TERRAIN = "terrain.safetensors"


@dataclass(frozen=True)
class Inventor:
    """A model of stage 2: a language model that writes whole programs.

    Attributes:
        net: The network.
        tokenizer: Its tokenizer.
        told: Content of ulmus.json.
        prompt: Fixed first lines of every program; may be empty.
        marked: The token that ends a program also stands before the prompt.
        end: The token that ends a program.
        max_tokens: Longest program, in tokens.
        fingerprint: Of the weights and of ulmus.json.
    """

    net: Llama
    tokenizer: Tokenizer
    told: Mapping[str, Any]
    prompt: str
    marked: bool
    end: int
    max_tokens: int
    fingerprint: str

    @property
    def prompt_tokens(self) -> list[int]:
        """Tokens of the prompt."""
        ids: list[int] = self.tokenizer.encode(self.prompt, add_special_tokens=False).ids
        return ids

    @property
    def end_vector(self) -> Tensor:
        """Vector of the token that ends a program, (width,)."""
        return self.net.model.embed_tokens.weight[self.end].detach()

    @property
    def own_prefix(self) -> Tensor:
        """What stands before the prompt in stage 2, (0 or 1, width); something must be first."""
        there = self.marked or not self.prompt_tokens
        return self.end_vector.clone().expand(1 if there else 0, -1)


def open_inventor(folder: Path, kind: str = KIND) -> Inventor:
    """Open a model folder of stage 2.

    Args:
        folder: The folder.
        kind: What ulmus.json must call itself.

    Raises:
        ModelError: It is none, or does not say how it was taught.
        TrainingError: It is damaged, or cannot be used here; the message says why.
    """
    told, file = read_inventing(folder, kind), folder / SETTINGS_NAME
    if told.properties != "none":
        raise TrainingError(
            f"{folder} was taught with properties ({told.properties!r}); stage 3 needs a model "
            "that was taught with none"
        )
    trainee = bases.open_base(str(folder), None, True, (END,), 0)
    if not isinstance(trainee.net, Llama):
        raise TrainingError(
            f"{folder} is no plain Llama with tied embeddings, as `ulmus train inventor` makes it"
        )
    end = trainee.tokenizer.token_to_id(told.end)
    if end is None:
        raise TrainingError(f"{file}: end must be a token of the vocabulary, got {told.end!r}")
    content = (folder / "model.safetensors").read_bytes() + file.read_bytes()
    return Inventor(
        net=trainee.net,
        tokenizer=trainee.tokenizer,
        told=read_json(file),
        prompt=told.prompt,
        marked=told.start == told.end,
        end=end,
        max_tokens=told.max_tokens,
        fingerprint=hashlib.sha256(content).hexdigest()[:16],
    )


def conditioned(
    inventor: Inventor, terrains: Sequence[str], kind: str, num_vectors: int, seed: int
) -> Conditioned:
    """Put a new terrain network before an inventor's network.

    Raises:
        ConfigError: There is no such terrain or kind of terrain network.
    """
    grounds = [terrain(name).polylines for name in terrains]
    network = terrain_network(kind, grounds, num_vectors, inventor.end_vector, seed)
    return Conditioned(inventor.net, network, inventor.prompt_tokens)


def write_conditional(
    folder: Path, inventor: Inventor, policy: Conditioned, asking: Mapping[str, Any], card: str
) -> None:
    """Write the folder of a stage-3 model.

    Args:
        folder: Of the model.
        inventor: The model of stage 2 that it came from.
        policy: What was trained.
        asking: What ulmus.json says besides what the inventor's said, "terrains" among it.
        card: README.md.

    Raises:
        TrainingError: The folder or the disk refuses.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        bases.write_tensors(folder / TERRAIN, policy.terrains.state_dict())
        named = dict(zip(asking["terrains"], policy.terrains(), strict=True))
        bases.write_tensors(folder / prefixes.FILE, named)
    except (OSError, SafetensorError) as error:
        raise TrainingError(f"cannot write the model to {folder}: {error}") from error
    told = {**inventor.told, "kind": CONDITIONAL, **asking}
    trainee = Trainee(policy.net, inventor.tokenizer, str(folder))
    bases.write_model(folder, trainee, told, card)


@dataclass(frozen=True)
class Conditional:
    """A model of stage 3, open.

    Attributes:
        inventor: Its network, tokenizer and ulmus.json.
        policy: The network behind its terrain network.
        terrains: What it was trained on, in the order of its prefixes.
    """

    inventor: Inventor
    policy: Conditioned
    terrains: tuple[str, ...]

    def prefix(self, ground: str | Sequence[Polyline]) -> Tensor:
        """Return the prefix of a terrain, (vectors, width).

        Args:
            ground: Name, or the outlines of a terrain that has none. A model with codes knows
                only what it was trained on; one with pictures looks at any.

        Raises:
            ConfigError: Such a terrain is not known, or not to this model.
        """
        network = self.policy.terrains
        if isinstance(network, Pictures):
            lines = terrain(ground).polylines if isinstance(ground, str) else ground
            return network.of(pictures_of([lines]).to(network.pictures.device))[0]
        if not isinstance(ground, str):
            raise ConfigError(
                "a model with one code per terrain cannot look at a new terrain; train one with "
                "--terrain-network picture"
            )
        if ground not in self.terrains:
            raise unknown_name("terrain of this model", ground, self.terrains)
        codes: Tensor = network()
        return codes[self.terrains.index(ground)]

    @torch.no_grad()
    def programs(
        self,
        ground: str | Sequence[Polyline],
        count: int,
        *,
        seed: int = 0,
        temperature: float = 1.0,
    ) -> list[str | None]:
        """Write programs for a terrain.

        Args:
            ground: See `prefix`.
            count: How many.
            seed: Of the choices; program k is the same for any count, up to rounding.
            temperature: Divides the logits, above 0.

        Returns:
            The programs; None for one that did not end within `max_tokens`.

        Raises:
            ConfigError: See `prefix`.
        """
        prefixes = self.prefix(ground).expand(count, -1, -1)
        chances = chances_for(seed, "program", 0, count, self.inventor.max_tokens)
        found = draw(self.policy, prefixes, chances, self.inventor.end, temperature)
        return found.texts(self.inventor.tokenizer, self.inventor.prompt)


def open_conditional(folder: Path) -> Conditional:
    """Open a model folder of stage 3.

    Raises:
        ModelError: It is none, or does not say how it was taught.
        TrainingError: It is damaged.
    """
    inventor = open_inventor(folder, CONDITIONAL)
    told, file = inventor.told, folder / TERRAIN
    try:
        names = tuple(str(name) for name in told["terrains"])
        policy = conditioned(
            inventor, names, told["terrain_network"], int(told["prefix_vectors"]), 0
        )
        weights = {name: value.float() for name, value in load_file(file).items()}
        policy.terrains.load_state_dict(weights)
    except (OSError, KeyError, TypeError, ValueError, SafetensorError, RuntimeError) as error:
        raise TrainingError(
            f"{file} does not hold the terrain network that ulmus.json says: {error!r}"
        ) from error
    return Conditional(inventor, policy.eval(), names)
