"""The command line, `sutki …`. What a command needs is imported when it runs, so that help is instant."""

# No `from __future__ import annotations` here: the annotations hold help texts of the chosen language and are read by typer.

import enum
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer

from bots.environment import language
from locales import Texts, texts


class InvitedRole(enum.StrEnum):
    """Whom a link may make somebody."""

    OFFICIAL = "official"
    HEAD = "head"
    CURATOR = "curator"
    ADMINISTRATOR = "administrator"


def main() -> None:
    """Run the command line."""
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(errors="replace")  # type: ignore[union-attr]  # a terminal without Cyrillic gets question marks, not a crash
    try:
        build(texts(language()))()
    except Exception as failure:  # noqa: BLE001  # Python's own traceback would print what an exception says: a token, a text
        from bots.logs import describe  # noqa: PLC0415

        sys.exit(describe(failure))


def build(words: Texts) -> typer.Typer:
    """The command line in one language."""
    say = words.say
    app = typer.Typer(
        help=say("cli-help"),
        no_args_is_help=True,
        add_completion=False,
        rich_markup_mode=None,  # rich would cost a tenth of a second for boxes around the same words
        pretty_exceptions_enable=False,  # they print local variables, and those may hold tokens and texts
        context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    )
    _running(app, words, say)
    _administration(app, words, say)
    _operations(app, words, say)
    app.add_typer(_region(words, say), name="region")
    app.add_typer(_dead_letters(words, say), name="dead-letters")
    app.add_typer(_suggest(words, say), name="suggest")
    app.add_typer(_clock(words, say), name="clock")
    return app


def _running(app: typer.Typer, words: Texts, say: Callable[..., str]) -> None:
    @app.command(help=say("cli-run-help"))
    def run() -> None:
        from bots import commands  # noqa: PLC0415  # see the first line

        raise typer.Exit(commands.run(words))

    @app.command(help=say("cli-sandbox-help"))
    def sandbox(
        port: Annotated[int, typer.Option(min=1, max=65535, help=say("cli-sandbox-port"))] = 8080,
        folder: Annotated[Path, typer.Option(file_okay=False, help=say("cli-sandbox-folder"))] = Path("data/sandbox"),
        reset: Annotated[bool, typer.Option("--reset", help=say("cli-sandbox-reset"))] = False,
    ) -> None:
        from bots import commands  # noqa: PLC0415

        raise typer.Exit(commands.sandbox(words, port, folder, reset=reset))

    @app.command(help=say("cli-version-help"))
    def version() -> None:
        from bots import commands  # noqa: PLC0415

        raise typer.Exit(commands.version())


def _administration(app: typer.Typer, words: Texts, say: Callable[..., str]) -> None:
    @app.command(help=say("cli-invite-help"))
    def invite(
        organisation: Annotated[str, typer.Option(help=say("cli-invite-organisation"))] = "",
        role: Annotated[InvitedRole | None, typer.Option(help=say("cli-invite-role"))] = None,
        days: Annotated[int, typer.Option(min=1, max=60, help=say("cli-invite-days"))] = 7,
        chat: Annotated[bool, typer.Option("--chat", help=say("cli-invite-chat"))] = False,
        account: Annotated[str, typer.Option(help=say("cli-invite-account"))] = "",
        qr: Annotated[bool, typer.Option("--qr/--no-qr", help=say("cli-invite-qr"))] = True,
    ) -> None:
        from bots import commands  # noqa: PLC0415
        from bots.inviting import Wish  # noqa: PLC0415

        raise typer.Exit(commands.invite(words, Wish(organisation, role.value if role else "", days, chat, account, qr)))

    @app.command(help=say("cli-doctor-help"))
    def doctor() -> None:
        from bots import commands  # noqa: PLC0415

        raise typer.Exit(commands.doctor(words))


def _operations(app: typer.Typer, words: Texts, say: Callable[..., str]) -> None:
    @app.command(help=say("cli-backup-help"))
    def backup(
        target: Annotated[Path, typer.Argument(help=say("cli-backup-target"))],
        keep: Annotated[int, typer.Option(min=0, help=say("cli-backup-keep"))] = 0,
    ) -> None:
        from bots import commands  # noqa: PLC0415

        raise typer.Exit(commands.backup(words, target, keep))

    @app.command(help=say("cli-restore-help"))
    def restore(
        file: Annotated[Path, typer.Argument(help=say("cli-restore-file"))],
        force: Annotated[bool, typer.Option("--force", help=say("cli-restore-force"))] = False,
    ) -> None:
        from bots import commands  # noqa: PLC0415

        raise typer.Exit(commands.restore(words, file, force=force))


def _clock(words: Texts, say: Callable[..., str]) -> typer.Typer:
    app = typer.Typer(help=say("cli-clock-help"), no_args_is_help=True, rich_markup_mode=None)

    @app.command(help=say("cli-clock-explain-help"))
    def explain(number: Annotated[int, typer.Argument(min=1, max=2**63 - 1, help=say("cli-clock-number"))]) -> None:
        from bots import commands  # noqa: PLC0415

        raise typer.Exit(commands.explain_clock(words, number))

    @app.command(help=say("cli-clock-recompute-help"))
    def recompute(
        apply: Annotated[bool, typer.Option("--apply", help=say("cli-clock-apply"))] = False,
        also_later: Annotated[bool, typer.Option("--also-later", help=say("cli-clock-also-later"))] = False,
        yes: Annotated[bool, typer.Option("--yes", help=say("cli-clock-yes"))] = False,
    ) -> None:
        from bots import commands  # noqa: PLC0415

        raise typer.Exit(commands.recompute_clocks(words, apply=apply, also_later=also_later, yes=yes))

    return app


def _dead_letters(words: Texts, say: Callable[..., str]) -> typer.Typer:
    app = typer.Typer(help=say("cli-dead-letters-help"), no_args_is_help=True, rich_markup_mode=None)

    @app.command("list", help=say("cli-dead-letters-list-help"))
    def list_() -> None:
        from bots import commands  # noqa: PLC0415

        raise typer.Exit(commands.list_letters(words))

    @app.command(help=say("cli-dead-letters-show-help"))
    def show(
        name: Annotated[str, typer.Argument(help=say("cli-letters-name"))],
        raw: Annotated[bool, typer.Option("--raw", help=say("cli-letters-raw"))] = False,
    ) -> None:
        from bots import commands  # noqa: PLC0415

        raise typer.Exit(commands.show_letter(words, name, raw=raw))

    @app.command(help=say("cli-dead-letters-replay-help"))
    def replay(
        names: Annotated[list[str] | None, typer.Argument(help=say("cli-letters-name"))] = None,
        everything: Annotated[bool, typer.Option("--all", help=say("cli-letters-all"))] = False,
        twice: Annotated[bool, typer.Option("--perhaps-twice", help=say("cli-letters-perhaps-twice"))] = False,
    ) -> None:
        from bots import commands  # noqa: PLC0415

        raise typer.Exit(commands.replay_letters(words, names or [], everything=everything, twice=twice))

    @app.command(help=say("cli-dead-letters-drop-help"))
    def drop(names: Annotated[list[str], typer.Argument(help=say("cli-letters-name"))]) -> None:
        from bots import commands  # noqa: PLC0415

        raise typer.Exit(commands.drop_letters(words, names))

    return app


def _region(words: Texts, say: Callable[..., str]) -> typer.Typer:
    app = typer.Typer(help=say("cli-region-help"), no_args_is_help=True, rich_markup_mode=None)

    @app.command(help=say("cli-region-check-help"))
    def check(file: Annotated[Path, typer.Argument(help=say("cli-region-file"))]) -> None:
        from bots import commands  # noqa: PLC0415

        raise typer.Exit(commands.check_region(words, file))

    @app.command(help=say("cli-region-load-help"))
    def load(
        file: Annotated[Path, typer.Argument(help=say("cli-region-file"))],
        dry_run: Annotated[bool, typer.Option("--dry-run", help=say("cli-region-dry-run"))] = False,
    ) -> None:
        from bots import commands  # noqa: PLC0415

        raise typer.Exit(commands.load_region(words, file, dry_run=dry_run))

    return app


def _suggest(words: Texts, say: Callable[..., str]) -> typer.Typer:
    app = typer.Typer(help=say("cli-suggest-help"), no_args_is_help=True, rich_markup_mode=None)

    @app.command(help=say("cli-suggest-train-help"))
    def train() -> None:
        from bots import commands  # noqa: PLC0415

        raise typer.Exit(commands.train_suggestions(words))

    @app.command(help=say("cli-suggest-evaluate-help"))
    def evaluate(
        file: Annotated[Path, typer.Argument(help=say("cli-suggest-file"))],
        model: Annotated[bool, typer.Option("--model/--keywords", help=say("cli-suggest-model"))] = False,
        region: Annotated[Path | None, typer.Option(help=say("cli-suggest-region"))] = None,
    ) -> None:
        from bots import commands  # noqa: PLC0415

        raise typer.Exit(commands.evaluate_suggestions(words, file, region, model=model))

    @app.command(help=say("cli-suggest-remove-help"))
    def remove() -> None:
        from bots import commands  # noqa: PLC0415

        raise typer.Exit(commands.remove_suggestions(words))

    return app


if __name__ == "__main__":
    main()
