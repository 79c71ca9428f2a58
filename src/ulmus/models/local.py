"""The embedded runtime: Llama models on the CPU, without torch.

An answer is a pure function of weights, prompt, seed and sampling, down to the last bit on one
machine: it does not depend on the batch, on the cache or on the number of threads. (Another kind
of processor may round otherwise.)
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from ulmus.errors import ConfigError, ModelError
from ulmus.models.adapters import Adapter
from ulmus.models.answers import Vocabulary, read_tokenizer
from ulmus.models.architecture import end_tokens, read_architecture, read_json
from ulmus.models.decoder import Decoder
from ulmus.models.generation import Generation
from ulmus.models.lines import LineRule
from ulmus.models.prefixes import FILE as PREFIXES
from ulmus.models.prefixes import read_prefixes
from ulmus.models.tensors import TensorFile
from ulmus.models.weights import load_weights, weights_file
from ulmus.records import Completion, Prompt, Sampling

SETTINGS = "ulmus.json"
"""The file that says how a model wants to be asked."""

REMEMBERED_BYTES = 256 * 1024 * 1024
"""Most memory for the keys and values of prompts that no answer uses any more."""


class LocalModel:
    """A language model of a folder in Hugging Face layout: config, tokenizer, safetensors."""

    def __init__(
        self,
        folder: str | Path,
        *,
        adapters: Sequence[str | Path] = (),
        threads: int = 1,
        batch_size: int = 32,
        remembered_bytes: int = REMEMBERED_BYTES,
    ) -> None:
        """Load a model.

        Args:
            folder: With `config.json`, `tokenizer.json` and `model.safetensors` (float32,
                float16, bfloat16, or int8 with scales; in memory it is float32).
            adapters: Folders of LoRA adapters in peft layout, added to the weights in this order.
            threads: Threads that compute, at least 1; answers do not depend on it.
            batch_size: Answers that grow together, at least 1; answers do not depend on it.
            remembered_bytes: Most memory for computed prompts that are kept for the next call.

        Raises:
            ModelError: A file is missing, damaged, of another architecture, or does not fit the
                others.
            ConfigError: A number is out of range.
        """
        if threads < 1 or batch_size < 1 or remembered_bytes < 0:
            raise ConfigError("a local model needs at least one thread and one answer at a time")
        self._folder = Path(folder)
        if not self._folder.is_dir():
            raise ModelError(f"there is no folder {folder} with a model")
        self._shape = read_architecture(self._folder / "config.json")
        self._ends = end_tokens(self._folder)
        tokenizer = self._folder / "tokenizer.json"
        prefixes = read_prefixes(self._folder, self._shape.width)
        self._vocabulary = Vocabulary(
            read_tokenizer(tokenizer), self._shape.vocabulary, str(tokenizer), prefixes.marks
        )
        self._rule = LineRule(self._vocabulary, self._shape.vocabulary)
        self._adapters = [Adapter(Path(adapter)) for adapter in adapters]
        self.settings = self._read_settings()
        weights = load_weights(self._folder, self._shape, self._adapters, prefixes.vectors)
        self._name = f"local:{_size(self._shape.num_parameters)}:{self._digest()}"
        self._batch_size = batch_size
        self.decoder = Decoder(
            self._shape, weights, threads=threads, remembered_bytes=remembered_bytes
        )

    @property
    def name(self) -> str:
        """Size and digest of everything that answers depend on, such as local:12.5M:3f0c..."""
        return self._name

    @property
    def context(self) -> int:
        """Longest prompt and answer together, in tokens."""
        return self._shape.context

    def count_tokens(self, text: str) -> int:
        """Return the length of a prompt in tokens; 0 for what is no valid Unicode."""
        try:
            return len(self._vocabulary.encode(text))
        except ValueError:
            return 0

    def complete(self, prompts: Sequence[Prompt], sampling: Sampling) -> list[Completion]:
        """Answer prompts; what they have in common at the start is computed once.

        An answer ends before a stop text, at the model's own end token, after `max_tokens`, or
        where the context is full: then its error says so and its text is what there is.

        Raises:
            ConfigError: The sampling makes no sense.
        """
        generation = Generation(
            self.decoder, self._vocabulary, sampling, self._ends, self._batch_size, self._rule
        )
        return generation.complete(prompts)

    def _read_settings(self) -> Mapping[str, Any]:
        """Return what the folders say on how to ask, the last adapter's word first."""
        settings: dict[str, Any] = {}
        for folder in (self._folder, *(adapter.folder for adapter in self._adapters)):
            if (folder / SETTINGS).is_file():
                settings.update(read_json(folder / SETTINGS))
        return settings

    def _digest(self) -> str:
        files = [self._folder / "config.json", self._folder / "tokenizer.json"]
        generation = self._folder / "generation_config.json"
        files += [file for file in (generation, self._folder / PREFIXES) if file.is_file()]
        files += TensorFile(weights_file(self._folder)).files
        for adapter in self._adapters:
            files += adapter.files
        return file_digest(files)


def file_digest(files: Iterable[Path]) -> str:
    """Return a digest of the content of files in order, 12 hex digits; about 1 s per GB."""
    whole = hashlib.sha256()
    for file in files:
        with file.open("rb") as stream:
            whole.update(hashlib.file_digest(stream, "sha256").digest())
    return whole.hexdigest()[:12]


def _size(parameters: int) -> str:
    """Return a number of weights for people, such as 134.5M."""
    return f"{parameters / 1e6:.1f}M" if parameters >= 1e5 else f"{parameters / 1e3:.1f}k"
