"""Tools of an agent that live elsewhere, as its TOML file declares them."""

from collections.abc import Mapping
from ipaddress import ip_address
from typing import Annotated, Any, Literal, Self
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from tools.mcp_tools import McpTerms
from tools.tool import DEADLINE_MS, EFFECT_LIMIT_MS, NAME_PATTERN, Kind, Terms, Tool
from tools.webhook import webhook_tool

TABLE = ConfigDict(extra="forbid", frozen=True, strict=True)

SHORT_TYPES: Mapping[str, Mapping[str, str]] = {
    "string": {"type": "string"},
    "integer": {"type": "integer"},
    "number": {"type": "number"},
    "boolean": {"type": "boolean"},
    "date": {"type": "string", "format": "date"},
}
"""Types that a parameter may have in the short form."""


def _is_near(host: str) -> bool:
    """Whether what is sent to `host` stays on this machine or within a private network."""
    try:
        address = ip_address(host)
    except ValueError:
        return "." not in host or host.endswith((".internal", ".local", ".localhost"))
    return address.is_loopback or address.is_private


def _url(text: str) -> str:
    try:
        parts = urlsplit(text)
        is_whole = bool(parts.hostname) and (parts.port is None or parts.port > 0)
    except ValueError as error:
        raise ValueError(f"expected a URL such as https://example.com/order-status ({error})") from None
    if parts.scheme not in ("http", "https") or not is_whole or parts.username or parts.fragment:
        raise ValueError("expected a URL such as https://example.com/order-status, without user and #")
    if parts.scheme == "http" and not _is_near(parts.hostname or ""):
        raise ValueError("expected https: over http callers' words would cross the internet in the clear")
    return text


Url = Annotated[str, AfterValidator(_url)]
Variable = Annotated[str, Field(pattern=r"^([A-Za-z_][A-Za-z0-9_]*)?$")]
ToolName = Annotated[str, Field(pattern=f"^{NAME_PATTERN.pattern}$")]


class AheadTable(BaseModel):
    """A tool that is asked when a call begins, with arguments of the call; see `tools.ahead`."""

    model_config = TABLE

    tool: ToolName
    arguments: dict[str, Any] = Field(default_factory=dict)
    """By name; texts may hold `{caller}` and `{today}`."""


class HttpToolTable(BaseModel):
    """One `[[http_tools]]`: an endpoint of one's own that is asked by a signed POST; see `tools.webhook`."""

    model_config = TABLE

    name: ToolName
    url: Url
    description: str = Field(min_length=1, max_length=1_000)
    parameters: dict[str, Any] = Field(default_factory=dict)
    """A JSON schema of an object, or by name: a type ("string", "date?", "integer: how many"), or a JSON schema."""
    kind: Kind = Field(default=Kind.EFFECT, strict=False)
    """`effect` unless told: what is not known to be harmless runs once."""
    deadline_ms: int = Field(default=DEADLINE_MS, ge=1, le=EFFECT_LIMIT_MS)
    cache_ms: int = Field(default=0, ge=0)
    stale_ms: int = Field(default=0, ge=0)
    outdates: tuple[str, ...] = Field(default=(), strict=False)
    filler: str = ""
    on_failure: str = ""
    private: tuple[str, ...] = Field(default=(), strict=False)
    secret_env: Variable = ""
    """The variable with the secret that requests are signed with; empty: they are not signed."""

    def tool(self) -> Tool:
        """Raises ValueError where these contradict each other."""
        terms = Terms(
            kind=self.kind,
            deadline_ms=self.deadline_ms,
            cache_ms=self.cache_ms,
            stale_ms=self.stale_ms,
            outdates=self.outdates,
            filler=self.filler,
            on_failure=self.on_failure,
            private=frozenset(self.private),
        )
        return webhook_tool(
            self.name, self.description, schema_of(self.parameters), terms, self.url, secret_env=self.secret_env
        )


class McpServerTable(BaseModel):
    """One `[[mcp_servers]]`: at a URL, or a program that is started and ended with the server."""

    model_config = TABLE

    name: Annotated[str, Field(pattern=r"^[a-zA-Z0-9_-]{1,32}$")]
    """Stands in front of its tools' names."""
    url: Url | Literal[""] = ""
    command: tuple[Annotated[str, Field(min_length=1)], ...] = Field(default=(), strict=False)
    env: tuple[Variable, ...] = Field(default=(), strict=False)
    """Variables that the program is given, beside PATH, HOME and the like."""
    headers_env: dict[str, Variable] = Field(default_factory=dict)
    """Headers for the URL, each with the variable that holds its value."""
    allow: tuple[str, ...] = Field(default=("*",), min_length=1, strict=False)
    """Patterns of the tools' own names."""
    kinds: dict[str, Annotated[Kind, Field(strict=False)]] = Field(default_factory=dict)
    """By tool, over what the server says; a tool of which nobody says anything has an effect."""
    cache_ms: dict[str, Annotated[int, Field(ge=0)]] = Field(default_factory=dict)
    """By tool; only for those that `kinds` calls pure."""
    deadline_ms: int = Field(default=DEADLINE_MS, ge=1, le=EFFECT_LIMIT_MS)
    private: tuple[str, ...] = Field(default=(), strict=False)
    """Arguments of any of its tools."""

    @model_validator(mode="after")
    def _is_one_server(self) -> Self:
        if bool(self.url) == bool(self.command):
            raise ValueError("expected url or command, one of them")
        if self.command and self.headers_env:
            raise ValueError("headers_env goes with url")
        if self.url and self.env:
            raise ValueError("env goes with command")
        if impure := [name for name in self.cache_ms if self.kinds.get(name) is not Kind.PURE]:
            raise ValueError(f'cache_ms: only a pure tool can be kept: kinds = {{ {impure[0]} = "pure" }}')
        return self

    def terms(self) -> McpTerms:
        """On what terms its tools are used."""
        return McpTerms(self.name, self.allow, self.kinds, self.cache_ms, self.deadline_ms, frozenset(self.private))


def schema_of(parameters: Mapping[str, Any]) -> Mapping[str, Any]:
    """The JSON schema of parameters in either form. Raises ValueError."""
    if parameters.get("type") == "object" and isinstance(parameters.get("properties"), dict):
        return parameters
    properties: dict[str, Any] = {}
    required = []
    for name, told in parameters.items():
        properties[name], is_optional = _parameter(name, told)
        if not is_optional:
            required.append(name)
    return {"type": "object", "properties": properties, "required": required, "additionalProperties": False}


def _parameter(name: str, told: object) -> tuple[Mapping[str, Any], bool]:
    """The schema of one parameter, and whether it may be left out."""
    if isinstance(told, dict):
        return told, "default" in told
    kind, _, about = (part.strip() for part in str(told).partition(":"))
    plain = kind.removesuffix("?")
    if plain not in SHORT_TYPES:
        known = ", ".join(SHORT_TYPES)
        raise ValueError(
            f'parameters: {name}: expected one of {known} ("?" after it: optional), or a JSON schema, got {kind!r}'
        )
    return {**SHORT_TYPES[plain], **({"description": about} if about else {})}, kind != plain
