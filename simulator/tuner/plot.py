"""The tuning curve as a picture: what is in it, and as SVG, which needs nothing and nobody to be shown."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import escape
from itertools import cycle

from simulator.tuner.account import Account
from simulator.tuner.choice import of_calls
from simulator.tuner.judging import Measured
from simulator.tuner.tuned import Row

Point = tuple[float, float]
"""Mean delay (ms), cut-offs (%)."""

COLOURS = ("#0969da", "#bc4c00", "#1a7f37", "#8250df")
GREY = "#6e7781"


@dataclass(frozen=True, slots=True)
class Line:
    """Tunings from the quickest to the most patient, by one half of the calls."""

    name: str
    points: tuple[Point, ...]
    colour: str
    is_dashed: bool = False


@dataclass(frozen=True, slots=True)
class Mark:
    """A tuning that is pointed at."""

    name: str
    at: Point
    colour: str
    is_chosen: bool = False


@dataclass(frozen=True, slots=True)
class Plot:
    """A curve for each profile that was tuned, what was chosen, and the named profiles as they are."""

    title: str
    lines: tuple[Line, ...]
    marks: tuple[Mark, ...]
    bounds: tuple[tuple[float, str], ...]
    """The most cut-offs (%) that were asked for, with their colours."""


X_NAME, Y_NAME = "mean delay from the caller's last sound to our first, ms", "turns cut off, %"


def plot_of(account: Account) -> Plot:
    """What the picture shows."""
    lines: list[Line] = []
    marks = [Mark(name, at, GREY) for name, row in account.known.items() if (at := _at(row.test)) is not None]
    bounds = []
    for one, colour in zip(account.tuned, cycle(COLOURS), strict=False):
        halves = (("tuned on", "tuning", False), ("tested on", "test", True))
        for told, half, is_dashed in halves:
            points = _points(one.curve, half)
            lines.append(Line(f"{one.start.name}, {told} {_count(one.before, half)} turns", points, colour, is_dashed))
        bounds.append((100 * one.start.max_cut_off_rate, colour))
        if one.chosen is not None and (at := _at(one.chosen.test)) is not None:
            marks.append(Mark(f"chosen for {one.start.name}", at, colour, is_chosen=True))
    title = f"{account.source}: {of_calls(account.turns, len(account.calls))}"
    return Plot(title, tuple(lines), tuple(marks), tuple(bounds))


def _count(row: Row, half: str) -> int:
    return len(_half(row, half).told)


def _half(row: Row, half: str) -> Measured:
    return row.tuning if half == "tuning" else row.test


def _points(rows: Sequence[Row], half: str) -> tuple[Point, ...]:
    return tuple(at for row in rows if (at := _at(_half(row, half))) is not None)


def _at(measured: Measured) -> Point | None:
    if measured.delay_ms is None or measured.cut_off_rate is None:
        return None
    return measured.delay_ms, 100 * measured.cut_off_rate


# --- SVG -----------------------------------------------------------------------------------------------------------

WIDTH, HEIGHT = 760, 420
LEFT, RIGHT, TOP, BOTTOM = 56, 24, 48, 48
TICKS = 6


class _Scale:
    """From values to places in the picture."""

    def __init__(self, plot: Plot) -> None:
        points = [at for line in plot.lines for at in line.points] + [mark.at for mark in plot.marks]
        xs, ys = [x for x, _ in points] or [0.0], [y for _, y in points] + [y for y, _ in plot.bounds]
        self.x_step, self.y_step = _step(max(xs)), _step(max(ys))
        self.x_from = self.x_step * (min(xs) // self.x_step)
        self.x_to = self.x_step * (max(xs) // self.x_step + 1)
        self.y_to = self.y_step * (max(ys) // self.y_step + 1)

    def x(self, value: float) -> float:
        """Of a delay (ms)."""
        share = (value - self.x_from) / (self.x_to - self.x_from)
        return round(LEFT + share * (WIDTH - LEFT - RIGHT), 1)

    def y(self, value: float) -> float:
        """Of a percentage."""
        return round(HEIGHT - BOTTOM - value / self.y_to * (HEIGHT - TOP - BOTTOM), 1)


def _step(most: float) -> float:
    """A round distance between ticks."""
    rough = max(most, 1e-9) / TICKS
    size = 10.0 ** (len(str(int(rough))) - 1) if rough >= 1 else 0.1
    return next(size * factor for factor in (1, 2, 5, 10, 20, 50, 100) if size * factor >= rough)


def svg(plot: Plot) -> str:
    """The picture, on a white ground, in the fonts that there are."""
    scale = _Scale(plot)
    size = f'viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" height="{HEIGHT}"'
    font = 'font-family="system-ui, sans-serif" font-size="12"'
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" {size} {font} role="img">',
        f"<title>{escape(plot.title)}</title>",
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#ffffff"/>',
        _text(LEFT, 20, plot.title, weight=600),
        *_axes(scale),
        *_bounds(plot, scale),
        *(_line(line, scale) for line in plot.lines if line.points),
        *_marks(plot, scale),
        *_legend(plot),
        "</svg>",
    ]
    return "\n".join(parts) + "\n"


def _axes(scale: _Scale) -> Iterator[str]:
    right, bottom = WIDTH - RIGHT, HEIGHT - BOTTOM
    for value in _ticks(0, scale.y_to, scale.y_step):
        y = scale.y(value)
        yield f'<path d="M{LEFT} {y}H{right}" stroke="#d8dee4"/>'
        yield _text(LEFT - 6, y + 4, f"{value:g}", anchor="end")
    for value in _ticks(scale.x_from, scale.x_to, scale.x_step):
        yield f'<path d="M{scale.x(value)} {bottom}v5" stroke="{GREY}"/>'
        yield _text(scale.x(value), bottom + 18, f"{value:g}", anchor="middle")
    yield f'<path d="M{LEFT} {TOP}V{bottom}H{right}" fill="none" stroke="{GREY}"/>'
    yield _text((LEFT + right) / 2, HEIGHT - 10, X_NAME, anchor="middle")
    yield _text(LEFT, TOP - 10, Y_NAME)


def _ticks(first: float, last: float, step: float) -> list[float]:
    return [round(first + step * index, 6) for index in range(round((last - first) / step) + 1)]


def _bounds(plot: Plot, scale: _Scale) -> Iterator[str]:
    for bound, colour in plot.bounds:
        yield f'<path d="M{LEFT} {scale.y(bound)}H{WIDTH - RIGHT}" stroke="{colour}" stroke-dasharray="1 4"/>'


def _line(line: Line, scale: _Scale) -> str:
    places = "L".join(f"{scale.x(x)} {scale.y(y)}" for x, y in line.points)
    dash = ' stroke-dasharray="6 4"' if line.is_dashed else ""
    return f'<path d="M{places}" fill="none" stroke="{line.colour}" stroke-width="2"{dash}/>'


def _marks(plot: Plot, scale: _Scale) -> Iterator[str]:
    for mark in plot.marks:
        x, y = scale.x(mark.at[0]), scale.y(mark.at[1])
        fill = mark.colour if mark.is_chosen else "#ffffff"
        yield f'<circle cx="{x}" cy="{y}" r="5" fill="{fill}" stroke="{mark.colour}" stroke-width="2"/>'
        if mark.is_chosen:
            yield _text(x - 7, y + 18, mark.name, anchor="end" if x > WIDTH / 3 else "start")
        else:
            is_right = x < WIDTH - 120
            yield _text(x + (9 if is_right else -9), y - 8, mark.name, anchor="start" if is_right else "end")


def _legend(plot: Plot) -> Iterator[str]:
    for index, line in enumerate(plot.lines):
        y = TOP + 8 + 16 * index
        dash = ' stroke-dasharray="6 4"' if line.is_dashed else ""
        yield f'<path d="M{WIDTH - 290} {y}h24" stroke="{line.colour}" stroke-width="2"{dash}/>'
        yield _text(WIDTH - 260, y + 4, line.name)


def _text(x: float, y: float, text: str, *, anchor: str = "start", weight: int = 400) -> str:
    bold = f' font-weight="{weight}"' if weight != 400 else ""
    return (
        f'<text x="{round(x, 1)}" y="{round(y, 1)}" text-anchor="{anchor}"{bold} fill="#1f2328">{escape(text)}</text>'
    )
