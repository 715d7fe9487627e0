from pathlib import Path

import pytest

from agent.errors import Fault, FaultKind, Whose
from agent.phrases import FILES_LIMIT, PHRASE_LIMIT_SAMPLES, PhraseCache, PhraseRenderer, RenderedPhrase
from agent.ports import Alignment, Voice, VoiceListener
from tests.fakes import ManualClock

HELLO = RenderedPhrase(b"\x01\x0a\x02" * 100, Alignment("hé 5", (0, 100, 150, 200)))
REFUSED = Fault(Whose.SETTINGS, "voice", FaultKind.REFUSED_KEY, "HTTP 401")
DOWN = Fault(Whose.PROVIDER, "voice", FaultKind.UNREACHABLE, "no answer")


def put(directory: Path, text: str = "hé 5", phrase: RenderedPhrase = HELLO, voice: str = "anna") -> None:
    PhraseCache(directory, voice).put(text, phrase)


# --- the cache -------------------------------------------------------------------------------------------


def test_what_was_put_is_there_after_a_restart(tmp_path: Path) -> None:
    put(tmp_path / "phrases")
    cache = PhraseCache(tmp_path / "phrases", "anna")
    assert cache.get("hé 5") is None, "reading is for the start"
    assert cache.load(["hé 5", "bye", "bye"]) == ("bye",)
    assert cache.get("hé 5") == HELLO
    assert cache.get("bye") is None


def test_a_phrase_without_alignment_is_kept_too(tmp_path: Path) -> None:
    put(tmp_path, phrase=RenderedPhrase(b"abc"))
    cache = PhraseCache(tmp_path, "anna")
    assert cache.load(["hé 5"]) == ()
    assert cache.get("hé 5") == RenderedPhrase(b"abc")


def test_each_voice_has_its_own(tmp_path: Path) -> None:
    put(tmp_path)
    assert PhraseCache(tmp_path, "bert").load(["hé 5"]) == ("hé 5",)


SHA256_OF_ABC = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\x00\xff",
        b"[]\nabc",
        b"{}\nabc",
        b'{"format": 0, "sha256": "", "chars": null, "starts_samples": []}\nabc',
        b'{"format": 1, "sha256": "ba78", "chars": null, "starts_samples": []}\nabc',
        f'{{"format": 1, "sha256": "{SHA256_OF_ABC}", "chars": "ab", "starts_samples": [1]}}\nabc'.encode(),
        f'{{"format": 1, "sha256": "{SHA256_OF_ABC}", "chars": "a", "starts_samples": [null]}}\nabc'.encode(),
    ],
)
def test_a_damaged_file_counts_as_absent_and_is_written_anew(tmp_path: Path, content: bytes) -> None:
    put(tmp_path)
    (file,) = tmp_path.iterdir()
    file.write_bytes(content)
    cache = PhraseCache(tmp_path, "anna")
    assert cache.load(["hé 5"]) == ("hé 5",)
    assert cache.damaged == 1
    cache.put("hé 5", HELLO)
    assert PhraseCache(tmp_path, "anna").load(["hé 5"]) == ()


def test_every_cut_of_a_file_is_noticed(tmp_path: Path) -> None:
    put(tmp_path)
    (file,) = tmp_path.iterdir()
    whole = file.read_bytes()
    for size in range(0, len(whole), 7):
        file.write_bytes(whole[:size])
        assert PhraseCache(tmp_path, "anna").load(["hé 5"]) == ("hé 5",)


def test_old_files_make_room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("agent.phrases.FILES_LIMIT", 3)
    cache = PhraseCache(tmp_path, "anna")
    (tmp_path / "gone.phrase").symlink_to("nowhere")
    for at in range(5):
        cache.put(str(at), HELLO)
    assert FILES_LIMIT > 3
    assert cache.write_error is None
    assert len(list(tmp_path.iterdir())) == 3
    assert cache.get("0") == HELLO, "memory keeps what this process uses"
    assert PhraseCache(tmp_path, "anna").load(["4"]) == ()


def test_a_disk_that_cannot_be_written_costs_only_the_cache(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    cache = PhraseCache(tmp_path / "file" / "phrases", "anna")
    assert cache.load(["hé 5"]) == ("hé 5",)
    cache.put("hé 5", HELLO)
    assert cache.get("hé 5") == HELLO
    assert cache.write_error is not None


def test_a_write_that_fails_leaves_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(self: Path, target: Path) -> Path:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", refuse)
    put(tmp_path)
    assert list(tmp_path.iterdir()) == []


# --- the renderer ----------------------------------------------------------------------------------------


class Studio:
    """A text-to-speech that says only what a test has it say."""

    fingerprint = "anna"

    def __init__(self) -> None:
        self.said: list[tuple[int, str]] = []
        self.finished: list[int] = []
        self.dropped: list[int] = []
        self.closed = 0
        self.listener: VoiceListener | None = None

    def open_voice(self, listener: VoiceListener) -> Voice:
        self.listener = listener
        return self

    def warm(self) -> None: ...

    def say(self, utterance: int, text: str) -> None:
        self.said.append((utterance, text))

    def finish(self, utterance: int) -> None:
        self.finished.append(utterance)

    def drop(self, utterance: int) -> None:
        self.dropped.append(utterance)

    def close(self) -> None:
        self.closed += 1


class Session:
    def __init__(self, directory: Path, *texts: str) -> None:
        self.clock = ManualClock()
        self.studio = Studio()
        self.cache = PhraseCache(directory, "anna")
        self.renderer = PhraseRenderer(self.clock, self.studio, self.cache, deadline_ms=5_000)
        self.done: list[tuple[str, ...]] = []
        self.renderer.render(texts, self.done.append)

    def speak(self, utterance: int, audio: bytes = b"abc", alignment: Alignment | None = None) -> None:
        self.renderer.on_audio(utterance, audio, alignment)
        self.renderer.on_spoken(utterance)


def test_missing_phrases_are_rendered_one_after_the_other(tmp_path: Path) -> None:
    session = Session(tmp_path, "hello", "bye")
    assert session.studio.said == [(1, "hello")]
    session.renderer.on_audio(1, b"abc", Alignment("he", (0, 1)))
    session.renderer.on_audio(1, b"def", Alignment("llo", (0, 1, 2)))
    session.renderer.on_spoken(1)
    assert session.studio.said == [(1, "hello"), (2, "bye")]
    assert session.done == []
    session.speak(2)
    assert session.done == [()]
    assert session.cache.get("hello") == RenderedPhrase(b"abcdef", Alignment("hello", (0, 1, 3, 4, 5)))
    assert session.cache.get("bye") == RenderedPhrase(b"abc", None)
    assert (session.studio.finished, session.studio.closed, session.clock.pending_count) == ([1, 2], 1, 0)


def test_what_is_on_disk_needs_no_voice(tmp_path: Path) -> None:
    put(tmp_path)
    session = Session(tmp_path, "hé 5")
    assert session.done == [()]
    assert session.studio.listener is None
    assert session.cache.get("hé 5") == HELLO


def test_a_phrase_has_a_deadline_and_the_others_go_on(tmp_path: Path) -> None:
    session = Session(tmp_path, "hello", "bye")
    session.clock.advance(4_999)
    assert session.studio.dropped == []
    session.clock.advance(1)
    assert session.studio.dropped == [1]
    session.speak(1)
    session.speak(2)
    assert session.done == [("hello",)]
    assert session.renderer.faults["hello"].kind is FaultKind.TIMEOUT
    assert session.cache.get("hello") is None


def test_a_fault_of_the_provider_costs_one_phrase(tmp_path: Path) -> None:
    session = Session(tmp_path, "hello", "bye")
    session.renderer.on_voice_failed(1, DOWN)
    session.renderer.on_voice_failed(1, DOWN)
    session.speak(2)
    assert session.done == [("hello",)]
    assert session.renderer.faults == {"hello": DOWN}


def test_a_fault_of_the_settings_costs_all_of_them(tmp_path: Path) -> None:
    session = Session(tmp_path, "hello", "bye", "so long")
    session.renderer.on_voice_failed(1, REFUSED)
    assert session.done == [("hello", "bye", "so long")]
    assert session.studio.said == [(1, "hello")]


def test_silence_is_no_phrase(tmp_path: Path) -> None:
    session = Session(tmp_path, "hello")
    session.speak(1, b"")
    assert session.done == [("hello",)]
    assert session.renderer.faults["hello"].kind is FaultKind.CUT_SHORT


def test_a_voice_that_never_stops_is_stopped(tmp_path: Path) -> None:
    session = Session(tmp_path, "hello")
    session.renderer.on_audio(1, bytes(PHRASE_LIMIT_SAMPLES), None)
    session.renderer.on_audio(1, b"x", None)
    assert session.studio.dropped == [1]
    assert session.done == [("hello",)]


def test_closing_gives_up_without_a_word(tmp_path: Path) -> None:
    session = Session(tmp_path, "hello", "bye")
    session.renderer.close()
    session.speak(1)
    session.renderer.on_voice_failed(1, DOWN)
    session.clock.advance(10_000)
    assert (session.done, session.studio.closed, session.clock.pending_count) == ([], 1, 0)
    session.renderer.close()
    assert session.studio.closed == 1


def test_it_can_be_used_again(tmp_path: Path) -> None:
    session = Session(tmp_path, "hello")
    session.renderer.on_voice_failed(1, DOWN)
    session.renderer.render(["hello"], session.done.append)
    session.speak(2)
    assert session.done == [("hello",), ()]
