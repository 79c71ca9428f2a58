"""The command `ulmus`: parse, call, print. Each command lives in a file of its own."""

from __future__ import annotations

import sys

import typer

from ulmus.cli.dataset import dataset
from ulmus.cli.elites import elites
from ulmus.cli.exec import exec_program
from ulmus.cli.mine import mine
from ulmus.cli.models import models
from ulmus.cli.output import drop_streams, open_streams, say
from ulmus.cli.pipeline import pipeline
from ulmus.cli.report import gif, report
from ulmus.cli.run import run
from ulmus.cli.sample import complete, sample
from ulmus.cli.show import show
from ulmus.cli.simulate import simulate
from ulmus.cli.study import study
from ulmus.cli.train import app as train
from ulmus.cli.tune import tune
from ulmus.cli.verify import verify
from ulmus.cli.warm_up import warm_up
from ulmus.errors import UlmusError

app = typer.Typer(
    help="Evolution through Large Models: fill a map with different programs, safely.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
app.command("run")(run)
app.command("show")(show)
app.command("elites")(elites)
app.command("report")(report)
app.command("gif")(gif)
app.command("verify")(verify)
app.command("exec")(exec_program)
app.command("simulate")(simulate)
app.command("mine")(mine)
app.command("tune")(tune)
app.command("dataset")(dataset)
app.command("sample")(sample)
app.command("complete")(complete)
app.command("pipeline")(pipeline)
app.command("warm-up")(warm_up)
app.add_typer(train, name="train")
app.add_typer(study, name="study")
app.add_typer(models, name="models")


@app.callback(invoke_without_command=True)
def root(
    version: bool = typer.Option(False, "--version", help="Print the version and end."),
) -> None:
    """Evolution through Large Models: fill a map with different programs, safely."""
    if version:
        import ulmus

        print(f"ulmus {ulmus.__version__}")
        raise typer.Exit


def main() -> None:
    """Run the command line; errors of ours become one message and exit status 2."""
    open_streams()
    try:
        try:
            app()
        finally:
            sys.stdout.flush()  # here, where a full disk or a closed pipe can still be named
    except UlmusError as error:
        say(f"ulmus: {error}")
        sys.exit(2)
    except BrokenPipeError:
        drop_streams()
        sys.exit(141)
    except OSError as error:
        say(f"ulmus: {error}")
        drop_streams()
        sys.exit(2)
    except KeyboardInterrupt:
        say("ulmus: stopped")
        sys.exit(130)


if __name__ == "__main__":
    main()
