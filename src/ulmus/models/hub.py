"""Any causal language model of the Hugging Face hub or of a local folder, run by transformers.

For what the embedded decoder does not run: other architectures, larger models, a GPU. Needs the
extra `ulmus[train]`. Code that a repository brings is never run.

An answer depends on weights, prompt, seed and sampling; other than with the embedded decoder the
last bits of the logits depend on the batch too, so once in about a million tokens another batch
may draw another token.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ulmus.errors import ConfigError, ModelError
from ulmus.models.answers import Answer, Vocabulary
from ulmus.models.generation import NOT_FINITE
from ulmus.models.local import file_digest
from ulmus.models.sampling import Sampler
from ulmus.records import Completion, Prompt, Sampling

Array = np.ndarray[Any, np.dtype[Any]]

_NO_LIMIT = 1 << 20  # context of models whose config names none


@dataclass
class _Row:
    """An answer that grows: its place in the call, its prompt, the last token drawn."""

    index: int
    prompt: Prompt
    answer: Answer
    length: int
    token: int = -1


class HubModel:
    """A model that transformers runs, with adapters that peft adds."""

    def __init__(
        self,
        name: str,
        *,
        adapters: Sequence[str] = (),
        device: str = "",
        batch_size: int = 32,
    ) -> None:
        """Load a model.

        Args:
            name: Of the hub, such as HuggingFaceTB/SmolLM2-135M, or a folder.
            adapters: LoRA adapters, names of the hub or folders, merged in this order.
            device: Where it runs, such as cuda:1; a GPU if there is one, if empty. On a CPU the
                numbers are float32, else bfloat16.
            batch_size: Answers that grow together.

        Raises:
            ModelError: The extra is not installed, or the model cannot be loaded.
            ConfigError: A number is out of range.
        """
        if batch_size < 1:
            raise ConfigError(f"batch_size must be at least 1, got {batch_size}")
        self._torch = _import("torch")
        self._device = device or ("cuda" if self._torch.cuda.is_available() else "cpu")
        self._model, self._tokenizer = self._load(name, adapters)
        self._vocabulary = self._read_vocabulary(name)
        self._batch_size = batch_size
        config = self._model.config
        self._context: int = getattr(config, "max_position_embeddings", None) or _NO_LIMIT
        self._ends = _end_tokens(self._model.generation_config.eos_token_id)
        parts = [_digest(part, getattr(config, "_commit_hash", None)) for part in (name, *adapters)]
        whole = hashlib.sha256("/".join([*parts, str(self._model.dtype)]).encode())
        self._name = f"hub:{Path(name).name}:{whole.hexdigest()[:12]}"

    @property
    def name(self) -> str:
        """Name and a digest of weights, adapters and kind of numbers."""
        return self._name

    def complete(self, prompts: Sequence[Prompt], sampling: Sampling) -> list[Completion]:
        """Answer prompts; equal prompts of a batch are computed once.

        Raises:
            ConfigError: The sampling makes no sense.
            ModelError: The memory of the device does not suffice.
        """
        sampler = Sampler(sampling)
        completions: dict[int, Completion] = {}
        questions = self._encode(prompts, completions)
        try:
            with self._torch.inference_mode():
                for start in range(0, len(questions), self._batch_size):
                    batch = questions[start : start + self._batch_size]
                    self._answer(batch, sampling, sampler, completions)
        except self._torch.OutOfMemoryError as error:
            raise ModelError(
                f"{self._device} has too little memory for {self._batch_size} answers at a time; "
                f"use a smaller batch_size ({error})"
            ) from None
        return [completions[index] for index in range(len(prompts))]

    def _load(self, name: str, adapters: Sequence[str]) -> tuple[Any, Any]:
        transformers: Any = _import("transformers")
        on_cpu = self._device.startswith("cpu")
        kind = self._torch.float32 if on_cpu else self._torch.bfloat16
        try:
            tokenizer = transformers.AutoTokenizer.from_pretrained(name)
            model = transformers.AutoModelForCausalLM.from_pretrained(name, dtype=kind)
            for adapter in adapters:
                peft: Any = _import("peft")
                model = peft.PeftModel.from_pretrained(model, adapter).merge_and_unload()
            return model.to(self._device).eval(), tokenizer
        except (OSError, ValueError, KeyError, RuntimeError) as error:
            raise ModelError(f"cannot load {' with '.join([name, *adapters])}: {error}") from None

    def _read_vocabulary(self, name: str) -> Vocabulary:
        backend = getattr(self._tokenizer, "backend_tokenizer", None)
        if backend is None:
            raise ModelError(f"{name} has no tokenizer.json; other tokenizers are not supported")
        size: int = self._model.get_input_embeddings().num_embeddings
        return Vocabulary(backend, size, f"the tokenizer of {name}")

    def _encode(
        self, prompts: Sequence[Prompt], completions: dict[int, Completion]
    ) -> list[tuple[int, Prompt, list[int]]]:
        """Return what can be answered, with its place and tokens, equal prompts side by side."""
        found = []
        for index, prompt in enumerate(prompts):
            try:
                tokens = self._vocabulary.encode(prompt.text)
            except ValueError:
                completions[index] = Completion("", error="the prompt is no valid Unicode")
                continue
            if not tokens:
                completions[index] = Completion("", error="the prompt is empty")
            elif len(tokens) >= self._context:
                error = f"the prompt has {len(tokens)} tokens, the context {self._context}"
                completions[index] = Completion("", error=error)
            else:
                found.append((index, prompt, tokens))
        return sorted(found, key=lambda entry: (len(entry[2]), entry[2]))

    def _answer(
        self,
        batch: Sequence[tuple[int, Prompt, list[int]]],
        sampling: Sampling,
        sampler: Sampler,
        completions: dict[int, Completion],
    ) -> None:
        """Let the answers of a batch grow until all have ended."""
        torch = self._torch
        texts = [list(text) for text in dict.fromkeys(tuple(tokens) for _, _, tokens in batch)]
        cache, mask, logits = self._prefill(texts)
        rows = []
        for index, prompt, text in batch:
            answer = Answer(self._vocabulary, sampling.stop, self._ends)
            rows.append(_Row(index, prompt, answer, len(text)))
        kept = [texts.index(text) for _, _, text in batch]
        logits = logits[kept]
        while True:
            pairs = zip(rows, logits, strict=True)
            tokens = [sampler.draw(x, r.prompt.seed, r.answer.num_tokens) for r, x in pairs]
            going = [
                self._add(row, token, sampling.max_tokens, completions)
                for row, token in zip(rows, tokens, strict=True)
            ]
            kept = [place for place, goes in zip(kept, going, strict=True) if goes]
            rows = [row for row, goes in zip(rows, going, strict=True) if goes]
            if not rows:
                return
            if len(kept) != len(mask) or kept != list(range(len(mask))):
                places = torch.tensor(kept, device=self._device)
                cache.batch_select_indices(places)
                mask = mask[places]
            mask = torch.cat([mask, mask.new_ones(len(rows), 1)], 1)
            logits = self._advance(rows, cache, mask)
            kept = list(range(len(rows)))

    def _prefill(self, texts: Sequence[Sequence[int]]) -> tuple[Any, Any, Array]:
        """Compute prompts; return the cache, the mask (n, length) and the last logits."""
        torch = self._torch
        longest = max(map(len, texts))
        padded = [[0] * (longest - len(text)) + list(text) for text in texts]
        marks = [[0] * (longest - len(text)) + [1] * len(text) for text in texts]
        mask = torch.tensor(marks, device=self._device)
        result = self._model(
            torch.tensor(padded, device=self._device),
            attention_mask=mask,
            position_ids=(mask.cumsum(1) - 1).clamp(min=0),
            use_cache=True,
            logits_to_keep=1,
        )
        return result.past_key_values, mask, _last(result.logits)

    def _advance(self, rows: Sequence[_Row], cache: Any, mask: Any) -> Array:
        """Compute the last token of each answer; return the logits (n, vocabulary)."""
        torch = self._torch
        tokens = torch.tensor([[row.token] for row in rows], device=self._device)
        places = torch.tensor([[row.length] for row in rows], device=self._device)
        result = self._model(
            tokens, attention_mask=mask, position_ids=places, past_key_values=cache, use_cache=True
        )
        for row in rows:
            row.length += 1
        return _last(result.logits)

    def _add(
        self, row: _Row, token: int | None, most: int, completions: dict[int, Completion]
    ) -> bool:
        """Add a token to an answer of at most `most`; tell whether the answer goes on."""
        answer, error = row.answer, None
        if token is None:
            error = NOT_FINITE
        else:
            row.token = token
            answer.add(token)
            if not answer.ended and answer.num_tokens < most:
                if row.length < self._context:
                    return True
                error = f"the context of {self._context} tokens is full"
        completions[row.index] = Completion(answer.text, answer.num_tokens, error)
        return False


def _last(logits: Any) -> Array:
    """Return the logits after the last token as float32 on the CPU."""
    array: Array = logits[:, -1].float().cpu().numpy()
    return array


def _import(name: str) -> Any:
    """Import a package of the extra.

    Raises:
        ModelError: It is not installed.
    """
    import importlib

    try:
        return importlib.import_module(name)
    except ImportError as error:
        raise ModelError(
            f"models of the hub need {name}, which is not installed: pip install 'ulmus[train]' "
            f"({error})"
        ) from None


def _end_tokens(value: Any) -> tuple[int, ...]:
    if value is None:
        return ()
    return tuple(value) if isinstance(value, list) else (int(value),)


def _digest(name: str, commit: str | None) -> str:
    """Return what identifies the files of a name: of a folder their content, else the commit."""
    folder = Path(name)
    if not folder.is_dir():
        return f"{name}@{commit}"
    files = [f for f in sorted(folder.iterdir()) if f.suffix in {".json", ".safetensors", ".bin"}]
    return file_digest(files)
