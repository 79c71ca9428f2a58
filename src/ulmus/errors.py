"""The exception tree of ulmus.

    UlmusError                     everything that we raise on purpose
    ├── ConfigError                an option, a configuration file or a name that makes no sense
    ├── ProgramFileError           a program or walker file that cannot be read
    ├── RunError                   the folder of a run
    │   ├── RunNotFoundError       there is no run where one was asked for
    │   ├── RunFormatError         truncated, foreign, or of a newer schema; left untouched
    │   ├── RunLockedError         another process is writing to this run
    │   ├── RunMismatchError       a resume that would change what the run means, or
    │   │                          runs that do not go together
    │   └── RunWriteError          the folder or the disk refuses to take the step
    ├── SandboxError               our side of the sandbox, never a candidate
    │   └── SandboxUnavailableError  the tier cannot serve on this machine
    ├── EditFormatError            an answer in which there is no edit of the form asked for
    ├── ModelError                 a language model that cannot answer
    ├── RepositoryError            a git repository that cannot be read
    ├── DataError                  mined edits and data sets of programs
    │   ├── DataFormatError        missing, cut off, or of another format or version
    │   └── DataWriteError         the folder or the disk refuses to take the data
    ├── TrainingError              a training that cannot start or go on
    └── EvaluationError            workers that keep dying whatever they are given

A candidate program that fails is never an exception: it is an `Outcome` with a status, an
`Evaluation` with a reason or a `Proposal` with a refusal.
"""

from __future__ import annotations

from collections.abc import Iterable


class UlmusError(Exception):
    """Base of every error that ulmus raises on purpose."""


class ConfigError(UlmusError):
    """An option, a configuration file or a name that makes no sense."""


class ProgramFileError(UlmusError):
    """A program or walker file that cannot be read or decoded."""


class RunError(UlmusError):
    """Something is wrong with the folder of a run."""


class RunNotFoundError(RunError):
    """There is no run where one was asked for."""


class RunFormatError(RunError):
    """The file is truncated, foreign, or of a newer schema; it was left untouched."""


class RunLockedError(RunError):
    """Another process is writing to this run."""


class RunMismatchError(RunError):
    """A resume that would change what the run means, or runs that do not go together."""


class RunWriteError(RunError):
    """The folder or the disk refuses to take a step."""


class SandboxError(UlmusError):
    """Our side of the sandbox failed; a candidate never causes this."""


class SandboxUnavailableError(SandboxError):
    """The tier cannot serve on this machine."""


class EditFormatError(UlmusError):
    """A text in which there is no edit of the form asked for."""


class ModelError(UlmusError):
    """A language model that cannot answer."""


class RepositoryError(UlmusError):
    """A git repository that cannot be read."""


class DataError(UlmusError):
    """Something is wrong with a file or folder of mined edits or of programs."""


class DataFormatError(DataError):
    """The file is missing, cut off, or of another format or version."""


class DataWriteError(DataError):
    """The folder or the disk refuses to take the data."""


class TrainingError(UlmusError):
    """A training that cannot start or go on: data, base, disk, or a loss that is no number."""


class EvaluationError(UlmusError):
    """Workers keep dying whatever they are given."""


def unknown_name(kind: str, name: str, known: Iterable[str]) -> ConfigError:
    """Build the error for a name that is not in a table, with the nearest known name.

    Args:
        kind: What the name stands for, such as "terrain".
        name: What came.
        known: The names that would have been accepted.
    """
    from difflib import get_close_matches

    names = sorted(known)
    if not names:
        return ConfigError(f"unknown {kind} {name!r}: there is none")
    plain = {known_name.lower(): known_name for known_name in names}
    near = get_close_matches(name.lower(), plain, n=1, cutoff=0.5)
    hint = f" Did you mean {plain[near[0]]!r}?" if near else ""
    return ConfigError(f"unknown {kind} {name!r}.{hint} Known: {', '.join(names)}.")
