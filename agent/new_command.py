"""`offhook new`: a folder with an agent that runs at once."""

import re
import shutil
from pathlib import Path

import click

from agent.agent_file import bundled_agents

STARTER = Path(__file__).parent / "starter"
FILES = ("agent.toml", "tools.py", "brain.toml", "scripts/demo.toml")

NAME = re.compile(r"[a-z][a-z0-9_]{0,39}")
"""It names a database and its tables as well."""


@click.command()
@click.argument("folder", type=click.Path(path_type=Path))
def new(folder: Path) -> None:
    """Make FOLDER: a small agent with tools, a database and a call script, to be changed into your own."""
    name = folder.name
    if not NAME.fullmatch(name):
        raise click.ClickException(f"expected a name of a-z, 0-9 and _ that begins with a letter, got {name!r}")
    if name in bundled_agents():
        raise click.ClickException(f"{name!r} is an agent that comes with offhook: choose another name")
    if folder.exists():
        raise click.ClickException(f"{folder} is there already: choose another name, or remove it")
    _copy(folder, name)
    told = str(folder) if folder.is_absolute() else f"./{folder}"
    click.echo(f"{told} is made: agent.toml, tools.py, brain.toml, scripts/demo.toml. Try it:")
    for command in (f"demo --fast --agent {told}", f"simulate {told}/scripts", f"serve --agent {told}"):
        click.echo(f"  offhook {command}")


def _copy(folder: Path, name: str) -> None:
    """All files, or none."""
    try:
        (folder / "scripts").mkdir(parents=True)
        for file in FILES:
            text = (STARTER / file).read_text(encoding="utf-8")
            (folder / file).write_text(text.replace("NAME", name) if file == "agent.toml" else text, encoding="utf-8")
    except OSError as error:
        shutil.rmtree(folder, ignore_errors=True)
        raise click.ClickException(f"{folder} cannot be made: {error.strerror}") from None
