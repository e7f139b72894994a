"""Entry point of `ovcf-bench`: finds the command, runs it, turns errors into messages and exit codes."""

from __future__ import annotations

import importlib
import logging
import sys

import click

import ovcf_bench
from ovcf_bench.errors import USER_MUST_ACT, BenchError, did_you_mean

_INTERRUPTED, _UNEXPECTED = 130, 70
_VERBOSE = "verbose"
_log = logging.getLogger("ovcf_bench")

# name: (module or module:name, one line of help). Commands are imported when they run, so that --help stays quick.
_COMMANDS = {
    "init": ("init", "Write a first study for your images, after five questions."),
    "run": ("run", "Run a study and write its report; finished units are kept."),
    "plan": ("plan", "Show the units of a study: key, run or cached, and why."),
    "check": ("check", "Check a study, its plugins and its data, without training."),
    "compare": ("compare", "Compare scores from anywhere: the same findings and report."),
    "power": ("power", "Sample size and power of a planned comparison."),
    "audit": ("power:audit_command", "Check whether published figures fit together."),
    "report": ("report", "Rebuild the report of a run, or set several runs side by side."),
    "runs": ("runs", "List the runs of a folder and write their index."),
    "predict": ("predict", "Score new images by an arm of a run."),
    "export": ("export", "Write an arm of a run: weights, ONNX, model card."),
    "validate": ("export:validate_command", "Score your images by the networks of another site's study."),
    "plugins": ("plugins", "List, show, write or test plugins."),
    "data": ("data", "Preview, list or export the images of a study."),
    "cache": ("runs:cache_command", "List or clear the cache of decoded images."),
    "schema": ("init:schema_command", "Write the JSON Schema of study files."),
}


class _Commands(click.Group):
    """A group that imports a command's module when the command is used."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in _COMMANDS:
            return None
        module, _, name = _COMMANDS[cmd_name][0].partition(":")
        command: click.Command = getattr(importlib.import_module(f"ovcf_bench.cli.{module}"), name or "command")
        _let_be_verbose(command)
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args and args[0] not in _COMMANDS and not args[0].startswith("-"):
            suggestion = did_you_mean(args[0], list(_COMMANDS))
            ctx.fail(f"No such command {args[0]!r}. {suggestion}".rstrip())
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, text) in _COMMANDS.items()])


def _let_be_verbose(command: click.Command) -> None:
    """Add -v to a command, or to those of its group."""
    if isinstance(command, click.Group):
        for each in command.commands.values():
            _let_be_verbose(each)
    elif not any(each.name == _VERBOSE for each in command.params):
        shown = "Show tracebacks. Their text may name files and patients."
        command.params.append(
            click.Option(
                ["-v", "--verbose", _VERBOSE], is_flag=True, expose_value=False, callback=_be_verbose, help=shown
            )
        )


def _be_verbose(ctx: click.Context, parameter: click.Parameter, value: bool) -> None:
    if value:
        logging.basicConfig(format="%(message)s")
        _log.setLevel(logging.DEBUG)


@click.command(cls=_Commands, epilog="\b\nExample:\n  ovcf-bench run studies/paper.yaml --profile quick")
@click.option("-v", "--verbose", is_flag=True, expose_value=False, callback=_be_verbose,
              help="Show tracebacks, also behind a command. Their text may name files and patients.")  # fmt: skip
@click.version_option(ovcf_bench.__version__, prog_name="ovcf-bench")
def ovcf_bench_command() -> None:
    """Compare radiograph views honestly: a study file in, one HTML report out."""


def main() -> None:
    """Run the command line and exit: 0 done, 1 a unit failed, 2 the user must act, 70 a mistake of ours."""
    try:
        code = ovcf_bench_command.main(prog_name="ovcf-bench", standalone_mode=False)
    except BenchError as error:
        _print_problems(error)
        code = error.exit_code
    except click.ClickException as error:
        error.show()
        code = error.exit_code
    except (KeyboardInterrupt, click.Abort):
        click.echo("\nInterrupted. Nothing is half-written. Finished units and epochs are kept:\n"
                   "the same `run` command goes on from there.", err=True)  # fmt: skip
        code = _INTERRUPTED
    except OSError as error:  # a disk that is full, a folder that may not be written
        _log.debug("", exc_info=error)
        click.echo(f"error: a file or folder cannot be used: {error.strerror or type(error).__name__}\n"
                   "    -v shows which; that text may name files and patients.", err=True)  # fmt: skip
        code = USER_MUST_ACT
    except Exception as error:  # noqa: BLE001  whatever it is, the user gets a sentence
        _log.debug("", exc_info=error)
        click.echo(f"error: unexpected {type(error).__name__}. This is a mistake of ovcf-bench.\n"
                   "    -v shows where it happened; that text may name files and patients.", err=True)  # fmt: skip
        code = _UNEXPECTED
    sys.exit(code if isinstance(code, int) else 0)


def _print_problems(error: BenchError) -> None:
    n = len(error.problems)
    for problem in error.problems:
        if problem.trace:
            _log.debug(problem.trace)
        click.echo(click.style("error: ", fg="red", bold=True) + str(problem), err=True)
    if n > 1:
        click.echo(f"{n} problems found.", err=True)
