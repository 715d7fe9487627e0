"""`offhook listen`: what our ears make of a recording."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import orjson

from agent.audio_file import AudioError, as_ulaw, mix, read_audio
from agent.errors import SettingsError
from agent.listening import Told, edges_of, speech_spans
from agent.voice_detectors import DETECTORS, detector_maker
from fsm.units import samples_to_ms

if TYPE_CHECKING:
    from rich.console import Console

LINE_MS, LINE_CELLS = 8_000, 80
"""A line of the timeline: so long, of so many characters."""

DEFAULT_SNR_DB = 10.0


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@click.option("--channel", type=click.IntRange(0), default=0, show_default=True, help="Which channel; 0 is the left.")
@click.option("--raw", "is_raw", is_flag=True, help="FILE is mu-law at 8 kHz without a header, as *.ulaw always is.")
@click.option("--vad", type=click.Choice(DETECTORS), default="builtin", show_default=True, help="Who listens.")
@click.option("--noise", type=click.Path(path_type=Path), help="Mix this recording in, from its start, repeated.")
@click.option("--snr", "snr_db", type=click.FloatRange(-40, 80), help="Speech over noise, in dB.  [10]")
def listen(
    file: Path, as_json: bool, channel: int, is_raw: bool, vad: str, noise: Path | None, snr_db: float | None
) -> None:
    """Tell when somebody begins and ceases to speak in FILE: any WAV, FLAC, Ogg or MP3, or raw mu-law.

    The recording is heard as a call would hear it: resampled to 8 kHz mu-law, in frames of 20 ms. With --json:
    `edges` have `kind` (speech_started, speech_stopped), `at_ms` (when it was) and `told_at_ms` (when a call would have
    been told); `segments` are pairs of start and end in ms, the last one to the end of the file if nobody ceased.
    """
    if snr_db is not None and noise is None:
        raise click.UsageError("--snr says how loud the noise is: it needs --noise FILE")
    snr_db = DEFAULT_SNR_DB if snr_db is None else snr_db
    try:
        sound = read_audio(file, channel=channel, is_raw=is_raw)
        if noise is not None:
            sound = mix(sound, read_audio(noise), snr_db)
        detector = detector_maker(vad)()
    except (AudioError, SettingsError) as error:
        raise click.UsageError(str(error)) from None
    audio = as_ulaw(sound)
    told = list(edges_of(audio, detector))
    duration_ms = samples_to_ms(len(audio))
    if as_json:
        heard = {"file": str(file), "channel": channel, "vad": vad, "duration_ms": duration_ms}
        heard |= {"noise": str(noise), "snr_db": snr_db} if noise is not None else {}
        click.echo(orjson.dumps(heard | as_object(told, duration_ms)))
        return
    from rich.console import Console  # noqa: PLC0415 - not needed for --json

    show(Console(highlight=False), told, duration_ms)


def as_object(told: list[Told], duration_ms: int) -> dict[str, Any]:
    """Edges and segments, as JSON has them."""
    return {
        "edges": [
            {
                "kind": "speech_started" if edge.is_onset else "speech_stopped",
                "at_ms": edge.at_ms,
                "told_at_ms": edge.told_at_ms,
            }
            for edge in told
        ],
        "segments": speech_spans(told, duration_ms),
    }


def show(console: "Console", told: list[Told], duration_ms: int) -> None:
    """A table of the segments, and where they lie."""
    from rich.table import Table  # noqa: PLC0415 - same

    spans = speech_spans(told, duration_ms)
    if not spans:
        console.print(f"nobody speaks in these {duration_ms / 1_000:.1f} s")
        return
    table = Table(box=None, pad_edge=False)
    for column in ("speech", "starts, ms", "told after", "ends, ms", "told after", "lasts, ms"):
        table.add_column(column, justify="right")
    for number, (start, end) in enumerate(spans):
        started, stopped = told[2 * number], told[2 * number + 1] if 2 * number + 1 < len(told) else None
        ended = (str(end), str(stopped.told_at_ms - end)) if stopped else (f"{end} (file ends)", "")
        columns = (str(start), str(started.told_at_ms - start), *ended, str(end - start))
        table.add_row(str(number + 1), *columns)
    console.print(table, "")
    for line in timeline(spans, duration_ms):
        console.print(line)
    talking_ms = sum(end - start for start, end in spans)
    console.print(f"{talking_ms / 1_000:.1f} s of speech in {duration_ms / 1_000:.1f} s", style="dim")


def timeline(spans: list[tuple[int, int]], duration_ms: int) -> list[str]:
    """Lines of eight seconds, a character a tenth: `#` where somebody speaks."""
    cell_ms = LINE_MS // LINE_CELLS
    cells = "".join(
        "#" if any(start < at + cell_ms and end > at for start, end in spans) else "."
        for at in range(0, duration_ms, cell_ms)
    )
    return [
        f"{begin * cell_ms / 1_000:6.1f} s  {cells[begin : begin + LINE_CELLS]}"
        for begin in range(0, len(cells), LINE_CELLS)
    ]
