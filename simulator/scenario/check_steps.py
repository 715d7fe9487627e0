"""What can be wrong with a caller's steps, beyond the shape of each."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path as FilePath

from simulator.scenario.complaints import Complaint, Path
from simulator.scenario.model_steps import VERBS, StepTable
from simulator.scenario.steps import moment_of
from simulator.scene import plain_words
from simulator.script import AfterAgentFinished, AfterWords, IntoAgentSpeech
from simulator.script_marks import MarkError, MarkKind, read_marks
from simulator.speech import Speech, speak
from simulator.wav import read_wav

SPOKEN = ("say", "backchannel", "hesitate", "aside", "background")
BODILY = ("cough", "laugh", "sneeze", "clear_throat")

COMPANIONS: Mapping[str, tuple[str, ...]] = {
    "ms_per_char": SPOKEN,
    "loudness": SPOKEN,
    "lasts_ms": BODILY,
    "level": ("noise_ms",),
    "hz": ("beep_ms",),
    "gap_ms": ("press",),
    "text": ("play",),
}
"""Keys that mean something with some verbs only."""

PATIENCE_MS = {
    "after_agent": AfterAgentFinished().timeout_ms,
    "after_words": AfterWords("-").timeout_ms,
    "into_agent_speech_ms": IntoAgentSpeech().timeout_ms,
}
"""How long a caller waits for a moment, unless told."""


def step_complaints(tables: Sequence[StepTable], path: Path, folder: FilePath, longest_ms: int) -> Iterator[Complaint]:
    """Everything that is wrong with one caller's steps."""
    for index, table in enumerate(tables):
        yield from _verb_complaints(table, (*path, index), folder)
        yield from _moment_complaints(table, (*path, index))
    yield from _order_complaints(tables, path, longest_ms)


# --- one step ----------------------------------------------------------------------------------------------------


def _verb_complaints(table: StepTable, path: Path, folder: FilePath) -> Iterator[Complaint]:
    verbs = table.verbs
    if not verbs:
        yield Complaint(path, f"expected something to do: one of {', '.join(VERBS)}")
    if len(verbs) > 1:
        yield Complaint((*path, verbs[1]), f"expected one thing to do, got {' and '.join(verbs)}; make them steps")
    for key, owners in COMPANIONS.items():
        if getattr(table, key) is not None and verbs and verbs[0] not in owners:
            yield Complaint((*path, key), f"{key}: goes with {_listed(owners)} only, not with {verbs[0]}")
    if table.say is not None:
        yield from say_complaints(table.say, (*path, "say"))
    if table.play is not None:
        yield from _wav_complaints(folder / table.play, (*path, "play"))
    for key in (*SPOKEN[1:], "after_words"):
        yield from _words_complaints(getattr(table, key), (*path, key))


def _listed(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def _words_complaints(text: str | None, path: Path) -> Iterator[Complaint]:
    if text is not None and not plain_words(text):
        yield Complaint(path, f'{path[-1]}: expected words, got "{text}"')


def _wav_complaints(file: FilePath, path: Path) -> Iterator[Complaint]:
    try:
        read_wav(file)
    except ValueError as error:
        yield Complaint(path, f"play: {error}")


def say_complaints(text: str, path: Path) -> Iterator[Complaint]:
    """What is wrong with words that may have marks in them."""
    try:
        words, marks = read_marks(text)
    except MarkError as error:
        yield Complaint(path, f"{path[-1]}: {error}")
        return
    if not plain_words(words):
        yield Complaint(
            path, f'{path[-1]}: expected words, got "{text}"; a sound alone is cough, mumble_ms or noise_ms'
        )
    elif marks and marks[-1].kind is MarkKind.SILENCE and marks[-1].after_chars == len(words):
        yield Complaint(path, f"{path[-1]}: a pause at the end is no part of what is said; make it a silence_ms step")


def _moment_complaints(table: StepTable, path: Path) -> Iterator[Complaint]:
    moments = table.moments
    if len(moments) > 1:
        yield Complaint((*path, moments[1]), f"expected one moment, got {' and '.join(moments)}")
        return
    moment = moment_of(table)
    if table.delay_ms is not None and moment in ("into_agent_speech_ms", "at_ms"):
        yield Complaint((*path, "delay_ms"), f"delay_ms: add it to {moment}, where it says the same")
    if table.after_silence_ms is not None and moment != "after_agent":
        yield Complaint((*path, "after_silence_ms"), f"after_silence_ms: goes with after_agent only, not with {moment}")
    yield from _patience_complaints(table, path, moment)


def _patience_complaints(table: StepTable, path: Path, moment: str) -> Iterator[Complaint]:
    patience_ms = table.timeout_ms or PATIENCE_MS.get(moment)
    wait_ms = table.into_agent_speech_ms if moment == "into_agent_speech_ms" else table.after_silence_ms
    key = "into_agent_speech_ms" if moment == "into_agent_speech_ms" else "after_silence_ms"
    if patience_ms is not None and wait_ms is not None and wait_ms >= patience_ms:
        waited = f"timeout_ms, which is {patience_ms}"
        yield Complaint((*path, key), f"{key}: expected less than {waited}, got {wait_ms}: it would never come")


# --- all of them together ----------------------------------------------------------------------------------------


def _order_complaints(tables: Sequence[StepTable], path: Path, longest_ms: int) -> Iterator[Complaint]:
    """The last sound of each step against the moment of the next: no earlier than it can be, by the fastest agent."""
    busy_ms, doing = 0, "the call begins"
    for index, table in enumerate(tables):
        if len(table.verbs) != 1:
            continue
        if table.at_ms is not None and table.at_ms < busy_ms:
            yield Complaint(
                (*path, index, "at_ms"),
                f"at_ms: expected {busy_ms} or more, got {table.at_ms}: {doing} until then, and nobody says two things "
                "at once",
            )
        if table.at_ms is not None and table.at_ms >= longest_ms:
            yield Complaint(
                (*path, index, "at_ms"),
                f"at_ms: expected less than longest_s, which is {longest_ms // 1000}, got {table.at_ms} ms",
            )
        begins_ms = max(busy_ms, table.at_ms or 0) + (table.delay_ms or 0)
        busy_ms, doing = begins_ms + least_ms(table), f"step {index + 1} ({table.verbs[0]}) lasts"
        if table.hang_up and index + 1 < len(tables):
            yield Complaint((*path, index + 1), "nothing can be done after hang_up")
            return
    if busy_ms >= longest_ms:
        yield Complaint(path, f"expected steps that end within longest_s ({longest_ms // 1000}), got {busy_ms} ms")


def least_ms(table: StepTable) -> int:
    """How long a step lasts at least."""
    if table.say is not None:
        return _spoken_ms(table)
    for words in (table.backchannel, table.hesitate, table.aside, table.background):
        if words is not None:
            return len(_speech(words, table.ms_per_char).audio) // 8
    if table.press is not None:
        return (len(table.press) - 1) * (table.gap_ms or 200)
    for duration_ms in (
        table.mumble_ms,
        table.noise_ms,
        table.music_ms,
        table.beep_ms,
        table.silence_ms,
        table.lasts_ms,
    ):
        if duration_ms is not None:
            return duration_ms
    return 0


def _spoken_ms(table: StepTable) -> int:
    try:
        words, marks = read_marks(str(table.say))
    except MarkError:
        return 0
    spoken = _speech(words, table.ms_per_char)
    last = spoken.words[-1].end_samples if spoken.words else 0
    return last // 8 + sum(mark.duration_ms for mark in marks)


def _speech(words: str, ms_per_char: int | None) -> Speech:
    return speak(words) if ms_per_char is None else speak(words, ms_per_char=ms_per_char)
