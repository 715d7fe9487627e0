"""An agent's TOML file: the bundled one, and complaints that say where and what."""

from dataclasses import replace
from pathlib import Path

import pytest

from agent.agent_file import bundled_agents, load_agent
from agent.errors import SettingsError
from agent.profiles import named_profile
from fsm.profile import Phrases, Profile

MINIMAL = 'name = "desk"\nprompt = "You answer."\n'


def write(folder: Path, text: str) -> str:
    path = folder / "desk.toml"
    path.write_text(text)
    return str(path)


def test_the_bundled_agent_can_be_had_by_name() -> None:
    assert "appointments" in bundled_agents()
    agent = load_agent("appointments")
    assert (agent.tools[0], agent.tools[-1]) == ("find_free_slots", "hang_up")
    assert Phrases.from_table(agent.phrases).greeting.startswith("Hello")
    assert Profile.from_table(agent.profile).unfinished_wait_ms > Profile.from_table(agent.profile).wait_ms
    assert agent.spoken_texts.language == "en-US"


def test_a_short_file_is_enough(tmp_path: Path) -> None:
    agent = load_agent(write(tmp_path, MINIMAL))
    assert (agent.name, agent.prompt, agent.tools, agent.profile) == ("desk", "You answer.", (), {})
    assert "busy" in agent.spoken_texts.busy


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('name = "desk"', '"prompt" is missing'),
        (MINIMAL + 'promt = "x"', 'unknown key "promt"; did you mean "prompt"?'),
        (MINIMAL + 'zzz = "x"', 'unknown key "zzz"; known are name, prompt'),
        (MINIMAL + "tools = [1]", '"tools.0": input should be a valid string, got 1'),
        (MINIMAL + 'tools = "book"', '"tools"'),
        (MINIMAL + "language = 5", '"language": input should be a valid string, got 5'),
        (MINIMAL + 'language = "English"', '"language"'),
        (MINIMAL + '[phrases]\ngreting = "x"', 'phrases: unknown key "greting"; did you mean "greeting"?'),
        (MINIMAL + "[phrases]\ngreeting = 5", ":3: phrases: greeting must be a text that can be spoken, got 5"),
        (MINIMAL + '[phrases]\nopenings = "Sure."', ":3: phrases: openings must be a list of short texts, got 'Sure.'"),
        (MINIMAL + '[phrases]\nopenings = ["...", 5]', "openings: each must be a text of 1 to 40 characters that"),
        (MINIMAL + '[phrases]\nopenings = ["Sure.", 5]', "that can be spoken, got 5"),
        (MINIMAL + f'[phrases]\nopenings = ["{"so " * 14}"]', "a text of 1 to 40 characters"),
        (MINIMAL + '[phrases]\nopenings = ["At 9."]', 'openings: "At 9." has digits'),
        (MINIMAL + '[phrases]\nopenings = ["Sure.", "sure!"]', '"sure!" and "Sure." are the same words'),
        (
            MINIMAL + f"[phrases]\nopenings = {[chr(97 + at) for at in range(13)]}",
            "at most 12 fit into a prompt, got 13",
        ),
        (MINIMAL + "[phrases]\ntools = 5", ":3: phrases: tools must be a table of phrases by tool, got 5"),
        (MINIMAL + "[phrases]\nexpect = 5", ":3: phrases: expect must be a table of answers by words of a question"),
        (MINIMAL + '[phrases.expect]\n"card" = "digit"', 'phrases: expect: "card": expected one of open, yes_no'),
        (MINIMAL + '[phrases.expect]\n"?" = "digits"', 'phrases: expect: "?" must have words of a question'),
        (MINIMAL + 'tools = ["hang_up"]\n[phrases.tools]\nhang_up = ""', "phrases: tools.hang_up must be a text"),
        (MINIMAL + 'tools = ["hang_up"]\n[phrases.tools]\nhang = "x"', "phrases: tools: There is no tool 'hang'. Did"),
        (MINIMAL + "[profile]\nwait = 5", ":4: profile: unknown key"),
        (
            MINIMAL + "[profile]\nwait_mss = 5",
            ':4: profile: unknown key "wait_mss"; did you mean "wait_ms" (100 to 3000)?',
        ),
        (MINIMAL + "[profile]\n\nwait_ms = 5", ":5: profile: wait_ms must lie between 100 and 3000, got 5"),
        (MINIMAL + "[profile]\nretries = 9\nwait_ms = 5", ":4: profile: retries must lie between 0 and 5, got 9"),
        (MINIMAL + "[profile]\nidle_ms = 2_000\nwait_ms = 2_000", ":5: profile: unfinished_wait_ms must not be less"),
        (MINIMAL + "[profile]\nwait_ms = true", ":4: profile: wait_ms must be a whole number between 100 and 3000"),
        (MINIMAL + 'profile = "suport"', ':3: profile: no profile is called "suport"; did you mean "support"?'),
        (MINIMAL + '[profile]\nbase = "zzz"\n', ':4: profile: no profile is called "zzz"; there are default, dispatch'),
        (MINIMAL + "[profile]\nbase = 5\n", ":4: profile: base must be the name of a profile"),
        (MINIMAL + "profile = 5", ':3: "profile": input should be a valid dictionary, got 5'),
        (
            MINIMAL + "[profiles.slow]\nwait_ms = 5",
            ":4: profiles: slow: profile: wait_ms must lie between",
        ),
        (MINIMAL + "[profiles.usual]\nwait_ms = 500", ':3: profiles: "usual" is what [profile] says: choose another'),
        (MINIMAL + 'profiles = { slow = "suport" }', ':3: profiles: slow: profile: no profile is called "suport"'),
        (MINIMAL + "profiles = { slow = 5 }", ':3: "profiles.slow'),
        (MINIMAL + "[languages.spanish]", ':3: "languages.spanish'),
        (MINIMAL + "[languages.es]\nvoize = '1'", ':4: unknown key "languages.es.voize"; did you mean "voice"?'),
        (MINIMAL + 'tools = ["switch_language"]', ":3: tools: switch_language has no other language than en-US: add a"),
        (MINIMAL + "[languages.en-US]", ":3: languages.en-US: the agent's own language is no other"),
        (MINIMAL + '[languages.es.phrases]\nfilller = "Ya."', ':3: languages.es: phrases: unknown key "filller"'),
        (MINIMAL + '[languages.eo.phrases]\nfiller = "Tuj."', "none come with us for eo: say greeting, still_at_it"),
        (MINIMAL + 'hold_music = "jazz.wav"', ":3: hold_music: "),
        (MINIMAL + 'hold_music = "jazz.wav"', "jazz.wav cannot be read: No such file or directory"),
        (MINIMAL + "hold_music = 5", ':3: "hold_music": input should be a valid string, got 5'),
        ("name = ", "not TOML"),
    ],
)
def test_a_wrong_file_is_told_with_file_key_and_the_expected(tmp_path: Path, text: str, told: str) -> None:
    path = write(tmp_path, text)
    with pytest.raises(SettingsError) as raised:
        load_agent(path)
    assert told in str(raised.value)
    assert path in str(raised.value)


def test_a_named_profile_may_be_taken_as_it_is_or_as_a_base(tmp_path: Path) -> None:
    as_it_is = load_agent(write(tmp_path, MINIMAL + 'profile = "support"'))
    assert Profile.from_table(as_it_is.profile) == named_profile("support")
    changed = load_agent(write(tmp_path, MINIMAL + '[profile]\nbase = "support"\nwait_ms = 500'))
    assert Profile.from_table(changed.profile) == replace(named_profile("support"), wait_ms=500)


def test_all_that_is_wrong_with_a_profile_is_told_at_once(tmp_path: Path) -> None:
    with pytest.raises(SettingsError) as raised:
        load_agent(write(tmp_path, MINIMAL + "[profile]\nwait_ms = 5\nretrys = 1\nidle_ms = 0"))
    assert str(raised.value).count("desk.toml:") == 3


def test_an_agent_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="no bundled agent is called 'appointment'; did you mean 'appointments'"):
        load_agent("appointment")
    with pytest.raises(SettingsError, match="bundled are appointments"):
        load_agent("zzz")
    with pytest.raises(SettingsError, match="there is no file"):
        load_agent(str(tmp_path / "none.toml"))


def test_a_file_that_is_no_text_or_too_long_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "desk.toml"
    path.write_bytes(b"\xff\xfe")
    with pytest.raises(SettingsError, match="not TOML"):
        load_agent(str(path))
    path.write_text("#" * 300_000)
    with pytest.raises(SettingsError, match="at most 256 KiB"):
        load_agent(str(path))


OWN = """
from tools.declare import tool

@tool()
def hang_up(parcel: str) -> str:
    "Where a parcel is, under a name that the catalogue has too."
    return parcel

@tool()
def track(parcel: str) -> str:
    "Where a parcel is."
    return parcel
"""


def test_tools_of_its_own_lie_beside_the_file(tmp_path: Path) -> None:
    (tmp_path / "parcels.py").write_text(OWN)
    agent = load_agent(write(tmp_path, MINIMAL + 'tools = ["find_free_slots", "hang_up"]\ntools_from = ["parcels.py"]'))
    assert agent.tools_from == (str(tmp_path / "parcels.py"),)
    assert agent.toolset().names == ("find_free_slots", "hang_up", "track")
    assert "under a name" in agent.toolset()["hang_up"].description, "its own goes before the catalogue's"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('tools_from = ["parcel.py"]', ":3: tools_from: {folder}/parcel.py cannot be read: No such file"),
        ('tools_from = ["empty.py"]', ":3: tools_from: {folder}/empty.py has no tool"),
        ('tools_from = ["parcels.py", "again.py"]', ":3: tools_from: two tools are named 'hang_up'"),
        ('tools_from = ["parcels.py"]\ntools = ["tack"]', ":4: tools: There is no tool 'tack'. Did you mean 'track'?"),
        ('tools = ["hang_up", "hang_up"]', ":3: tools: two tools are named 'hang_up'"),
        ("tools_from = 5", '"tools_from"'),
    ],
)
def test_tools_that_cannot_be_had_are_told_with_their_line(tmp_path: Path, text: str, told: str) -> None:
    for name, content in (("parcels.py", OWN), ("again.py", OWN), ("empty.py", "")):
        (tmp_path / name).write_text(content)
    with pytest.raises(SettingsError) as raised:
        load_agent(write(tmp_path, MINIMAL + text))
    assert told.format(folder=tmp_path) in str(raised.value)


def test_what_is_said_while_a_tool_runs_is_the_tools_own_unless_the_agent_says_otherwise() -> None:
    agent = load_agent("appointments")
    own = agent.fixed_phrases(agent.toolset())
    assert own.tools["find_free_slots"] == "Let me check the calendar."
    assert "hang_up" not in own.tools
    changed = agent.model_copy(update={"phrases": {"tools": {"find_free_slots": "Just a second."}}})
    told = changed.fixed_phrases(changed.toolset())
    assert told.tools == {**own.tools, "find_free_slots": "Just a second."}
    assert set(told.tools.values()) < set(told.all()), "all of them are rendered ahead"
