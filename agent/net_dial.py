"""Opens connections: names are looked up once for all, of several addresses the quickest answers, TLS is checked."""

import asyncio
import ipaddress
import socket
import ssl
from collections.abc import Callable
from typing import TypeVar

from aiohappyeyeballs import AddrInfoType, start_connection

from agent.net_http import Origin

NAME_KEPT_S = 300.0
"""How long a resolved host name is remembered."""

NEXT_ADDRESS_S = 0.25
"""An address that has not answered by then gets company: the next one is tried beside it (RFC 8305)."""

P = TypeVar("P", bound=asyncio.Protocol)

_Lookup = asyncio.Task[list[AddrInfoType]]


class Dialler:
    """Opens TCP and TLS connections on the running loop. `tls` replaces the system's idea of whom to trust."""

    def __init__(self, tls: ssl.SSLContext | None = None) -> None:
        self._tls = tls
        self._lookups: dict[tuple[str, int], tuple[_Lookup, float]] = {}

    async def connect(self, origin: Origin, make_protocol: Callable[[], P]) -> P:
        """A protocol that is connected; small writes leave at once (TCP_NODELAY). Raises `OSError`, `ssl.SSLError`."""
        loop = asyncio.get_running_loop()
        addresses = await self._addresses(origin)
        sock = await start_connection(addresses, happy_eyeballs_delay=NEXT_ADDRESS_S, interleave=1)
        try:
            _, protocol = await loop.create_connection(
                make_protocol,
                sock=sock,
                ssl=self._tls_context() if origin.is_secure else None,
                server_hostname=origin.host if origin.is_secure else None,
            )
        except BaseException:
            sock.close()
            raise
        return protocol

    def close(self) -> None:
        """Forget the lookups under way."""
        for lookup, _ in self._lookups.values():
            lookup.cancel()
        self._lookups.clear()

    async def _addresses(self, origin: Origin) -> list[AddrInfoType]:
        if (address := _as_address(origin)) is not None:
            return [address]
        name, now = (origin.host, origin.port), asyncio.get_running_loop().time()
        known = self._lookups.get(name)
        if known is None or now >= known[1] or (known[0].done() and (known[0].cancelled() or known[0].exception())):
            known = self._lookups[name] = (asyncio.ensure_future(_look_up(*name)), now + NAME_KEPT_S)
        return await asyncio.shield(known[0])  # others may wait for it too

    def _tls_context(self) -> ssl.SSLContext:
        if self._tls is None:
            self._tls = ssl.create_default_context()
            self._tls.set_alpn_protocols(["http/1.1"])
        return self._tls


async def _look_up(host: str, port: int) -> list[AddrInfoType]:
    found: list[AddrInfoType] = [*await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)]
    if not found:
        raise OSError(f"{host} has no address")
    return found


def _as_address(origin: Origin) -> AddrInfoType | None:
    """A host that is an address needs no lookup."""
    try:
        address = ipaddress.ip_address(origin.host)
    except ValueError:
        return None
    family = socket.AF_INET if address.version == 4 else socket.AF_INET6
    place = (origin.host, origin.port) if address.version == 4 else (origin.host, origin.port, 0, 0)
    return family, socket.SOCK_STREAM, socket.IPPROTO_TCP, "", place
