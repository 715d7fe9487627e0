"""`offhook chart`: the generated parts of README.md."""

from pathlib import Path

import click

from fsm.diagram import embed


@click.command()
@click.option("--check", is_flag=True, help="Change nothing; exit 1 when README.md is out of date.")
@click.option("--readme", type=click.Path(path_type=Path, exists=True), default=Path("README.md"), show_default=True)
def chart(check: bool, readme: Path) -> None:
    """Bring the diagram and the matrix of the chart in README.md up to date."""
    text = readme.read_text(encoding="utf-8")
    try:
        fresh = embed(text)
    except ValueError as error:
        raise click.ClickException(str(error)) from None
    if fresh == text:
        click.echo(f"{readme}: the chart is up to date")
    elif check:
        raise click.ClickException(f"{readme}: the chart is out of date; run `make chart`")
    else:
        readme.write_text(fresh, encoding="utf-8")
        click.echo(f"{readme}: chart brought up to date")
