"""The files that show a tuning: PNG, SVG, or a page that holds the curve and its table."""

from collections.abc import Callable, Iterator, Mapping
from html import escape
from pathlib import Path

from simulator.report.written import ReportError, written_whole
from simulator.tuner.account import Account
from simulator.tuner.plot import X_NAME, Y_NAME, Mark, plot_of, svg
from simulator.tuner.showing import COLUMNS, cells, rows_of

DOTS_PER_INCH = 150

STYLE = """
:root { color-scheme: light dark; font: 15px/1.5 system-ui, sans-serif; }
body { max-width: 62rem; margin: 2rem auto; padding: 0 1rem; }
svg { max-width: 100%; height: auto; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
th, td { padding: .2rem .7rem; text-align: right; border-bottom: 1px solid #8884; }
th:first-child, td:first-child { text-align: left; }
tr.chosen { font-weight: 600; }
"""


def check_png() -> None:
    """Raises ReportError where PNG cannot be drawn."""
    try:
        import matplotlib as _  # noqa: F401, PLC0415 - an extra, asked for only with --png
    except ImportError:
        raise ReportError(
            "--png needs matplotlib: pip install 'offhook[plots]'; --svg and --html need nothing"
        ) from None


def write_svg(account: Account, path: Path) -> None:
    """The curve. Raises ReportError."""
    with written_whole(path) as file:
        file.write(svg(plot_of(account)))


def write_html(account: Account, path: Path) -> None:
    """One page without network: the curve, every tuning of it, and how it was counted. Raises ReportError."""
    with written_whole(path) as file:
        file.writelines(_page(account))


def _page(account: Account) -> Iterator[str]:
    title = "How patient should this agent be"
    yield f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>{title}</title>'
    yield f"<style>{STYLE}</style></head><body>\n<h1>{title}</h1>\n{svg(plot_of(account))}"
    for tuned in account.tuned:
        bound = f"at most {100 * tuned.start.max_cut_off_rate:g} % cut off"
        yield f"<h2>{escape(tuned.start.name)}, {bound}</h2>\n<table><tr>"
        yield "".join(f"<th>{escape(column)}</th>" for column in COLUMNS) + "</tr>\n"
        for name, row in rows_of(account, tuned):
            marked = ' class="chosen"' if row is tuned.chosen else ""
            told = "".join(f"<td>{escape(cell)}</td>" for cell in cells(name, row))
            yield f"<tr{marked}>{told}</tr>\n"
        yield "</table>\n" + "".join(f"<p><strong>{escape(doubt)}</strong></p>\n" for doubt in tuned.doubts)
    yield f"<p>{escape(account.counted)}</p>\n<p>{escape(account.command)}, {account.day}</p>\n</body></html>\n"


def write_png(account: Account, path: Path) -> None:
    """The curve, drawn by matplotlib. Raises ReportError."""
    from matplotlib.figure import Figure  # noqa: PLC0415 - an extra, asked for only with --png

    plot = plot_of(account)
    figure = Figure(figsize=(8, 4.5), layout="constrained")
    axes = figure.subplots()
    for line in plot.lines:
        axes.plot(*_columns(line.points), "--" if line.is_dashed else "-", color=line.colour, label=line.name)
    for bound, colour in plot.bounds:
        axes.axhline(bound, color=colour, linestyle=":", linewidth=1)
    for mark in plot.marks:
        axes.plot(*mark.at, "o", color=mark.colour, fillstyle="full" if mark.is_chosen else "none")
        axes.annotate(mark.name, mark.at, textcoords="offset points", xytext=_beside(mark), fontsize=8)
    axes.set(xlabel=X_NAME, ylabel=Y_NAME, title=plot.title)
    axes.set_ylim(bottom=0)
    axes.legend(fontsize=8, frameon=False)
    try:
        figure.savefig(path, format="png", dpi=DOTS_PER_INCH)
    except OSError as error:
        raise ReportError(f"{path}: could not be written: {error.strerror}") from error


def _beside(mark: Mark) -> tuple[int, int]:
    """Where a mark's name stands: that of a chosen tuning below, as the profile it comes from is often near."""
    return (-4, -14) if mark.is_chosen else (7, 5)


def _columns(points: tuple[tuple[float, float], ...]) -> tuple[list[float], list[float]]:
    return [x for x, _ in points], [y for _, y in points]


WRITERS: Mapping[str, Callable[[Account, Path], None]] = {"png": write_png, "svg": write_svg, "html": write_html}
"""By their options."""
