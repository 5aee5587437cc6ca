"""The terminal: `jindou <command>`.

A command is loaded only when it is asked for, so that `jindou --help` stays quick. To add one:

1. write it in a module of this folder: a plain function, whose parameters use the types of
   `jindou.surfaces.cli.options` and whose docstring's first line is its help; or, for several commands under one
   word, a `typer.Typer` made by `options.command_group(help)` with functions added by `@group.command("list")`;
2. enter it in `COMMANDS` by ``module:attribute``, with the same first line as its help.

A command prints its result to stdout and its progress to stderr, raises the errors of `jindou.errors` or of
`jindou_client` and leaves them to `main`, and ends with another code by ``raise typer.Exit(code)``.
"""

import gc
import importlib
import sys
from collections.abc import Callable, Mapping, Sequence
from contextvars import copy_context
from types import ModuleType
from typing import NamedTuple

import typer

__all__ = ["COMMANDS", "Entry", "load", "main"]


class Entry(NamedTuple):
    """Where a command is, as ``module:attribute`` below this folder, and what it does in one line."""

    target: str
    help: str


COMMANDS: Mapping[str, Entry] = {
    "up": Entry("server:up", "Start Jindou here, and stay until Ctrl-C."),
    "gateway": Entry("gateway:gateway", "Serve /v1 alone, beside `jindou up`, until Ctrl-C."),
    "worker": Entry("worker:worker", "Move runs on, beside `jindou up`, until Ctrl-C."),
    "down": Entry("server:down", "Stop the Jindou that runs here."),
    "status": Entry("server:status", "Show whether Jindou runs here, and with what."),
    "doctor": Entry("doctor:doctor", "Say what is open, what is wrong, and what to do."),
    "sign-in": Entry("sign_in:sign_in", "Print a one-time sign-in link for a person."),
    "break-glass": Entry("sessions:break_glass", "Let the operator in as a person, in an emergency."),
    "account": Entry("accounts:own", "Your account: what you prove yourself by."),
    "accounts": Entry("accounts:group", "Accounts: what people prove themselves by."),
    "sso": Entry("sso:group", "Single sign-on: providers that people sign in with."),
    "sessions": Entry("sessions:group", "Sessions: where somebody is signed in."),
    "ask": Entry("ask:ask", "Ask an assistant, and watch what it does."),
    "runs": Entry("runs:group", "Runs: what assistants did."),
    "approvals": Entry("approvals:group", "Approvals: calls that wait for a person."),
    "conversations": Entry("conversations:group", "Conversations with assistants."),
    "webhooks": Entry("webhooks:group", "Webhooks: where your organisation is told."),
    "readings": Entry("readings:group", "Readings: who has read your conversations."),
    "assistants": Entry("assistants:group", "Assistants, and what they are for."),
    "bill": Entry("usage:bill", "Show what was used, and what it cost."),
    "usage": Entry("usage:group", "Usage: the bill by another name."),
    "budgets": Entry("budgets:group", "Budgets: what people, assistants and keys may use."),
    "policy": Entry("decisions:group", "Rules: what would be allowed, and why."),
    "policies": Entry("policies:group", "Policies: rules of your own, in versions."),
    "audit": Entry("audit:group", "The audit trail: who did what, by which rule."),
    "models": Entry("models:group", "Models: which there are, whether one fits, and fetching it."),
    "keys": Entry("keys:group", "Keys: what programs show to ask a model in your name."),
    "secrets": Entry("secrets:group", "Secrets: credentials that tools use for you."),
    "deployments": Entry("deployments:group", "Deployments: models, and the engines behind them."),
    "principals": Entry("principals:group", "People, and who you are here."),
    "people": Entry("people:group", "People: who joins, changes and leaves."),
    "teams": Entry("teams:group", "Teams, and the roles that they give."),
    "services": Entry("service_accounts:group", "Programs with roles and keys of their own."),
    "organisations": Entry("organisations:group", "The companies of this installation."),
    "eval": Entry("evaluate:evaluation", "Measure how often the model calls the right tool."),
    "demo": Entry("demo:group", "The demo company."),
    "version": Entry("version:version", "Print the version."),
}


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command that `arguments` (else the command line) ask for, and exit with its code."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    # What the command finds out of whoever reads it is known to what tells of its error, and to no other command.
    context = copy_context()
    try:
        code = context.run(_app(given[0] if given else ""), given, prog_name="jindou", standalone_mode=False)
    except Exception as error:  # noqa: BLE001 - a person at a terminal gets one line, never a stack
        tell: Callable[[Exception, Sequence[str]], int] = importlib.import_module(f"{__name__}.failures").tell
        code = context.run(tell, error, given)
    sys.exit(code if isinstance(code, int) else 0)


def load(name: str) -> Callable[..., object] | typer.Typer:
    """Import and return the command `name`: a function, or a group of them."""
    module, _, attribute = COMMANDS[name].target.partition(":")
    command: Callable[..., object] | typer.Typer = getattr(_imported(f"{__name__}.{module}"), attribute)
    return command


def _imported(name: str) -> ModuleType:
    """Return a module; what it brings in is neither walked for garbage while it comes, nor ever after.

    Modules stay, so there is next to none, and looking for it took a tenth of the time that loading takes.
    """
    if name in sys.modules:
        return sys.modules[name]
    gc.disable()
    try:
        return importlib.import_module(name)
    finally:
        gc.freeze()
        gc.enable()


def _app(asked: str) -> typer.Typer:
    """Return all commands, of which only the one that is asked for is loaded."""
    app = typer.Typer(
        name="jindou",
        help="An AI cloud that a company runs itself.",
        no_args_is_help=True,
        add_completion=False,
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
    )
    app.callback()(lambda: None)
    for name, entry in COMMANDS.items():
        command = load(name) if name == asked else _not_loaded
        if isinstance(command, typer.Typer):
            app.add_typer(command, name=name, help=entry.help)
        else:
            app.command(name, help=None if name == asked else entry.help)(command)
    return app


def _not_loaded() -> None:
    """Stand for a command of which only the name and the help are shown."""
