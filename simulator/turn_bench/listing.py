"""What the corpus holds: families, situations, timings and their sources."""

from typing import Any

from rich.console import Console
from rich.table import Table

from simulator.corpus.reader import Corpus


def show_corpus(console: Console, corpus: Corpus) -> None:
    """Every situation in its family."""
    table = Table("situation", "what it shows", box=None, pad_edge=False)
    family = ""
    for name, situation in corpus.situations.items():
        if corpus.families[name] != family:
            family = corpus.families[name]
            table.add_row("", "")
            table.add_row(f"[bold]{family}[/]", f"[bold]{corpus.abouts[family]}[/]")
        table.add_row(name, situation.about)
    console.print(table)
    console.print(f"\n{len(corpus.situations)} situations", highlight=False)


def corpus_values(corpus: Corpus) -> dict[str, Any]:
    """The same for JSON, with the timings and where their numbers come from."""
    return {
        "families": [
            {
                "name": family,
                "about": about,
                "situations": [
                    {"name": name, "about": situation.about}
                    for name, situation in corpus.situations.items()
                    if corpus.families[name] == family
                ],
            }
            for family, about in corpus.abouts.items()
        ],
        "timings": {name: timing.model_dump() for name, timing in corpus.shared.timings.items()},
    }
