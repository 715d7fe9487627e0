"""An agent as its TOML file describes it: who it is, how it speaks, what it may do."""

import tomllib
from collections.abc import Callable, Mapping
from difflib import get_close_matches
from functools import partial
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

import tools
from agent.agent_tools import tools_of
from agent.errors import SettingsError
from agent.hold_music import NONE, TONE, music_of
from agent.languages import phrases_in, spoken_in, unsaid_in
from agent.profiles import USUAL, complaints_of, values_of
from agent.remote_tables import AheadTable, HttpToolTable, McpServerTable
from agent.toml_lines import Lines
from agent.twiml import SpokenTexts
from fsm.profile import Phrases
from tools.loading import LoadingError, is_file
from tools.registry import Registry, UnknownToolError

BUNDLED = Path(tools.__file__).parent
"""Where the agents that come with us have their folders, one each."""

FILE = "agent.toml"
"""An agent's file in its folder."""


class LanguageTable(BaseModel):
    """A language besides the agent's own that its calls may change to."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    voice: str = ""
    """A voice id of the text-to-speech provider; empty: the agent's one, which then speaks it."""
    phrases: dict[str, Any] = Field(default_factory=dict)
    """What is said in it, as in the agent's own `[phrases]`; over what comes with us."""


TABLES: Mapping[str, type[BaseModel]] = {
    "http_tools": HttpToolTable,
    "mcp_servers": McpServerTable,
    "languages": LanguageTable,
    "prefetch": AheadTable,
}
"""What the items of lists and of tables of tables are."""

MAX_FILE_BYTES = 256 * 1024
"""An agent's file is a page or two; anything longer is some other file."""


LanguageTag = Annotated[str, Field(pattern=r"^[a-z]{2,3}(-[A-Za-z0-9]{2,8})*$")]
"""Such as `es` or `de-CH`."""


class Voicemail(BaseModel):
    """What becomes of a call of ours that a machine picks up."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    message: str = Field(default="", max_length=2_000)
    """Said after its beep; empty: it is told nothing."""


class Agent(BaseModel):
    """One agent. `phrases` and `profile` are tables as `fsm.profile` reads them, `tools` names in the catalog.

    All were checked at loading; of a named profile the table has all values.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    name: str = Field(min_length=1, max_length=100)
    prompt: str = Field(min_length=1)
    language: LanguageTag = "en-US"
    languages: dict[LanguageTag, LanguageTable] = Field(default_factory=dict)
    """Those that a call may change to besides, by their tags."""
    voice: str = ""
    """A voice id of the text-to-speech provider; empty: the settings' one."""
    model: str = ""
    """A language model's name; empty: the settings' one."""
    tools: tuple[str, ...] = Field(default=(), strict=False)
    tools_from: tuple[str, ...] = Field(default=(), strict=False)
    """Python files with tools of the agent's own, as absolute paths (in the TOML: seen from it), or modules."""
    http_tools: tuple[HttpToolTable, ...] = Field(default=(), strict=False)
    """Tools that are HTTP endpoints of one's own."""
    mcp_servers: tuple[McpServerTable, ...] = Field(default=(), strict=False)
    """MCP servers whose tools it uses besides, while they are there."""
    prefetch: tuple[str | AheadTable, ...] = Field(default=(), strict=False)
    """Tools that are asked when a call begins, by name where they need no arguments."""
    phrases: dict[str, Any] = Field(default_factory=dict)
    hold_music: str = NONE
    """For who waits: "none", "tone", or a recording (WAV, or mu-law named .ulaw), seen from the agent's file."""
    voicemail: Voicemail = Voicemail()
    """For calls that we place."""
    busy: str = SpokenTexts().busy
    """Said by Twilio where there is no room for a call."""
    sorry: str = SpokenTexts().apology
    """Said by Twilio where a call broke."""
    people: dict[str, Annotated[str, Field(pattern=r"^\+[0-9]{6,15}$")]] = Field(default_factory=dict)
    """Telephone numbers of those whom a caller may be connected with, by the name that the model uses."""
    profile: dict[str, Any] = Field(default_factory=dict)
    profiles: dict[str, str | dict[str, Any]] = Field(default_factory=dict)
    """What a tool may change to in mid-call: names of profiles, or values over those of `profile`."""
    protected: tuple[Annotated[str, Field(pattern=r"\w")], ...] = Field(default=(), strict=False)
    """Passages that nobody may interrupt, such as a legal notice, wherever they stand in a phrase or an answer."""

    def toolset(self) -> Registry:
        """Its tools. Raises what `tools_of` raises, where what was checked at loading is no longer so."""
        ahead = dict((each, {}) if isinstance(each, str) else (each.tool, each.arguments) for each in self.prefetch)
        return tools_of(self.tools, self.tools_from, (table.tool() for table in self.http_tools), ahead)

    def fixed_phrases(self, tools: Registry) -> Phrases:
        """Its phrases, with those of `tools` while they run. Raises ValueError."""
        return self._phrases_of(self.phrases, self.language, tools)

    def phrases_in(self, tag: str, tools: Registry) -> Phrases:
        """Its phrases in one of its `languages`. Raises ValueError."""
        own = self.languages[tag].phrases
        if unsaid := unsaid_in(tag, own):
            raise ValueError(f"phrases: none come with us for {tag}: say {', '.join(unsaid)}")
        return self._phrases_of(own, tag, tools)

    def _phrases_of(self, phrases: Mapping[str, Any], tag: str, tools: Registry) -> Phrases:
        own = phrases.get("tools", {})
        elsewhere = tuple(f"{server.name}_" for server in self.mcp_servers)  # what they have is not known here
        names = list(own) if isinstance(own, dict) else []
        known = [*tools.names, *(name for name in names if name.startswith(elsewhere))]
        if unknown := [name for name in names if name not in known]:
            raise ValueError(f"phrases: tools: {UnknownToolError(unknown[0], tools.names)}")
        is_ours = tag == self.language
        told = {tool.name: tool.terms.filler for tool in tools if tool.terms.filler and is_ours}
        said = {**phrases_in(tag), **phrases}
        return Phrases.from_table({**said, "tools": {**told, **own} if isinstance(own, dict) else own})

    @property
    def spoken_texts(self) -> SpokenTexts:
        """What Twilio's own voice says for this agent."""
        return SpokenTexts(self.busy, self.sorry, self.language)


def load_agent(name_or_path: str) -> Agent:
    """The agent of a TOML file, of a folder that has an agent.toml, or the bundled one of a bare name.

    Raises SettingsError with the file, the key, what was expected and, for an unknown key, the nearest known one.
    """
    path = agent_path(name_or_path)
    try:
        if path.stat().st_size > MAX_FILE_BYTES:
            raise SettingsError(f"{path}: expected an agent's TOML of at most {MAX_FILE_BYTES // 1024} KiB")
        text = path.read_text(encoding="utf-8")
        table = tomllib.loads(text)
    except OSError as error:
        raise SettingsError(f"OFFHOOK_AGENT: {path} cannot be read: {error.strerror}") from error
    except ValueError as error:
        if isinstance(error, SettingsError):
            raise
        raise SettingsError(f"{path}: not TOML: {error}") from error
    return _agent_of(path, table, Lines(text))


def bundled_agents() -> list[str]:
    """Names of the agents that come with us."""
    return sorted(path.parent.name for path in BUNDLED.glob(f"*/{FILE}"))


def agent_path(name_or_path: str) -> Path:
    """The TOML file of an agent: a file, one in a folder, or a bundled agent's by its name. Raises SettingsError."""
    if "/" in name_or_path or name_or_path.endswith(".toml"):
        path = Path(name_or_path).expanduser()
        path = path / FILE if path.is_dir() else path
        if not path.is_file():
            raise SettingsError(f"OFFHOOK_AGENT: there is no file {path}")
        return path
    names = bundled_agents()
    if name_or_path not in names:
        near = get_close_matches(name_or_path, names, n=1)
        known = f"bundled are {', '.join(names)}; a file needs its .toml, a folder its ./"
        hint = f"did you mean {near[0]!r}?" if near else known
        raise SettingsError(f"OFFHOOK_AGENT: no bundled agent is called {name_or_path!r}; {hint}")
    return BUNDLED / name_or_path / FILE


def _agent_of(path: Path, table: dict[str, Any], lines: Lines) -> Agent:
    told = table.get("profile", {})
    if isinstance(told, str | dict):
        if errors := complaints_of(told, {}):
            raise SettingsError("\n".join(f"{path}:{lines.of(('profile', e.key))}: {e}" for e in errors))
        table = {**table, "profile": values_of(told)}
    _check_profiles(path, table, lines)
    table = {**_spoken(table.get("language")), **table}
    try:
        agent = Agent.model_validate(table)
    except ValidationError as error:
        found: list[dict[str, Any]] = [dict(each) for each in error.errors()]
        raise SettingsError("\n".join(f"{path}:{lines.of(e['loc'])}: {_complaint(e)}" for e in found)) from None
    agent = _with_files(agent, path.parent)
    for number, declared in enumerate(agent.http_tools):
        try:
            declared.tool()
        except ValueError as error:
            where = lines.of(("http_tools", number))
            raise SettingsError(f"{path}:{where}: http_tools: {declared.name}: {error}") from None
    checks: tuple[tuple[str, Callable[[], object]], ...] = (
        ("tools_from", lambda: tools_of((), agent.tools_from)),
        ("tools", agent.model_copy(update={"prefetch": ()}).toolset),
        ("tools", partial(_check_tools, agent)),
        ("prefetch", agent.toolset),
        ("hold_music", lambda: music_of(agent.hold_music)),
        ("phrases", lambda: agent.fixed_phrases(agent.toolset())),
        *((f"languages.{tag}", partial(_check_language, agent, tag)) for tag in agent.languages),
    )
    for key, check in checks:
        try:
            check()
        except (ValueError, UnknownToolError, LoadingError) as error:
            told = str(error) if key == "phrases" else f"{key}: {error}"
            raise SettingsError(f"{path}:{lines.of(tuple(key.split('.')))}: {told}") from None
    return agent


def _spoken(language: object) -> dict[str, str]:
    """What Twilio's own voice says for an agent of that language, unless its file says it otherwise."""
    told = spoken_in(language) if isinstance(language, str) else {}
    return {key: told[key] for key in ("busy", "sorry") if key in told}


def _check_tools(agent: Agent) -> None:
    if "switch_language" in agent.tools and not agent.languages:
        raise ValueError(
            f"switch_language has no other language than {agent.language}: add a table such as [languages.es]"
        )


def _check_language(agent: Agent, tag: str) -> None:
    if tag == agent.language:
        raise ValueError("the agent's own language is no other: its voice and phrases stand at the top")
    agent.phrases_in(tag, agent.toolset())


def _check_profiles(path: Path, table: Mapping[str, Any], lines: Lines) -> None:
    named = table.get("profiles")
    if not isinstance(named, dict):
        return
    errors = []
    if USUAL in named:
        where = lines.of(("profiles", USUAL))
        errors.append(f'{path}:{where}: profiles: "{USUAL}" is what [profile] says: choose another name')
    for name, told in named.items():
        if isinstance(told, str | dict):
            found = complaints_of(told, table.get("profile", {}))
            errors += [f"{path}:{lines.of(('profiles', name, e.key))}: profiles: {name}: {e}" for e in found]
    if errors:
        raise SettingsError("\n".join(errors))


def _with_files(agent: Agent, folder: Path) -> Agent:
    """The agent, with the files that it names seen from everywhere."""
    music = agent.hold_music
    if music not in (NONE, TONE):
        music = str((folder / Path(music).expanduser()).resolve())
    placed = tuple(_placed(source, folder) for source in agent.tools_from)
    return agent.model_copy(update={"tools_from": placed, "hold_music": music})


def _placed(source: str, folder: Path) -> str:
    return str((folder / Path(source).expanduser()).resolve()) if is_file(source) else source


def _complaint(error: dict[str, Any]) -> str:
    key = ".".join(str(part) for part in error["loc"])
    if error["type"] == "missing":
        return f'"{key}" is missing'
    if error["type"] == "extra_forbidden":
        known = list((TABLES.get(error["loc"][0]) or Agent).model_fields)
        near = get_close_matches(str(error["loc"][-1]), known, n=1)
        hint = f'did you mean "{near[0]}"?' if near else f"known are {', '.join(known)}"
        return f'unknown key "{key}"; {hint}'
    return f'"{key}": {error["msg"][0].lower()}{error["msg"][1:]}, got {error["input"]!r:.80}'
