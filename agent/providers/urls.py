"""Endpoints from base URLs as people write them."""

from collections.abc import Sequence
from urllib.parse import quote, urlencode, urlsplit, urlunsplit

from agent.errors import SettingsError

_WEBSOCKET = {"http": "ws", "https": "wss", "ws": "ws", "wss": "wss"}
_HTTP = {"http": "http", "https": "https", "ws": "http", "wss": "https"}


def websocket_url(base_url: str, path: str, query: Sequence[tuple[str, str]] = ()) -> str:
    """`path` and `query` below `base_url`, as a `ws` or `wss` URL; see `http_url`."""
    return _join(base_url, path, query, _WEBSOCKET)


def http_url(base_url: str, path: str, query: Sequence[tuple[str, str]] = ()) -> str:
    """`path` and `query` below `base_url`, as an `http` or `https` URL.

    The base may have any of the four schemes, a path, a trailing slash, and may already end with the first parts of
    `path` (`https://host/v1` with `/v1/listen`). Raises `SettingsError` where it is no such URL.
    """
    return _join(base_url, path, query, _HTTP)


def _join(base_url: str, path: str, query: Sequence[tuple[str, str]], schemes: dict[str, str]) -> str:
    parts = urlsplit(base_url.strip())
    if parts.scheme not in schemes or not parts.netloc:
        raise SettingsError(
            f"base URL {base_url!r}: expected http://, https://, ws:// or wss:// and a host, "
            "for example https://api.example.com"
        )
    joined = _below(parts.path.rstrip("/"), path)
    return urlunsplit((schemes[parts.scheme], parts.netloc, joined, urlencode(query, quote_via=quote), ""))


def _below(base_path: str, path: str) -> str:
    """`path` appended, without the parts the base already ends with."""
    steps = path.strip("/").split("/")
    for count in range(len(steps), 0, -1):
        known = "/" + "/".join(steps[:count])
        if base_path.endswith(known):
            return base_path[: -len(known)] + path
    return base_path + path
