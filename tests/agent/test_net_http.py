import asyncio
import ssl

import pytest
import trustme

from agent.net import LoopNetwork
from agent.net_http import HEAD_LIMIT_BYTES, address_of, encode_request
from tests.agent.net_house import Ear, Talk, a_network, read_request, run, talking

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


def answering(*pieces: bytes, times: int = 1) -> Talk:
    """A server that answers so many requests of a connection with these bytes, piece by piece, and then closes it."""

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for _ in range(times):
            await read_request(reader)
            for piece in pieces:
                writer.write(piece)
                await writer.drain()

    return talk


async def ask(network: LoopNetwork, host: str, method: str = "GET", body: bytes = b"") -> Ear:
    ear = Ear()
    network.request(method, f"http://{host}/x", {}, body, ear, timeout_ms=20_000)
    while not ear.named("end") and not ear.named("failure"):
        ear.changed.clear()
        await ear.changed.wait()
    return ear


@pytest.mark.parametrize(
    ("answer", "body"),
    [
        (OK, b"ok"),
        (
            b"HTTP/1.1 200 OK\r\ntransfer-encoding:chunked\r\n\r\n3\r\none\r\n4;x=y\r\n two\r\n0\r\nT:x\r\n\r\n",
            b"one two",
        ),
        (b"HTTP/1.1 200 OK\r\n\r\nuntil the end", b"until the end"),
        (b"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok", b"ok"),
        (b"HTTP/1.1 204 No Content\r\n\r\n", b""),
        (b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n" + OK, b"ok"),
        (b"HTTP/1.1 200 OK\r\nUpgrade: h2\r\nConnection: Upgrade\r\nContent-Length: 2\r\n\r\nok", b"ok"),
    ],
    ids=["sized", "chunked", "until the end", "http 1.0", "no content", "early hints", "offers another protocol"],
)
def test_a_body_ends_where_it_should_however_it_arrives(answer: bytes, body: bytes) -> None:
    async def story() -> None:
        for pieces in ([answer], [bytes((byte,)) for byte in answer]):
            async with talking(answering(*pieces)) as host, a_network() as network:
                ear = await ask(network, host)
                assert ear.body == body
                assert ear.kinds[0] == "response"
                assert ear.kinds[-1] == "end"
                assert "link" not in ear.log[0][2]

    run(story())


@pytest.mark.parametrize(
    "answer",
    [
        b"SSH-2.0-OpenSSH\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nok",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nok",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nnot a size\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n",
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nX: " + b"x" * (HEAD_LIMIT_BYTES + 70_000),
        b"",
    ],
    ids=["no http", "too short", "cut", "no chunk", "two lengths", "switches", "endless head", "nothing"],
)
def test_what_is_no_complete_answer_is_one_failure(answer: bytes) -> None:
    async def story() -> None:
        async with talking(answering(answer)) as host, a_network() as network:
            ear = await ask(network, host)
            assert ear.kinds.count("failure") == 1
            assert ear.kinds[-1] == "failure"
            assert ear.log[-1][2] is False
            assert network.open_count == 0

    run(story())


def test_on_an_open_connection_a_request_leaves_at_once_without_a_task() -> None:
    async def story() -> None:
        async with talking(answering(OK, times=9)) as host, a_network() as network:
            await ask(network, host)
            tasks = asyncio.all_tasks()
            ear = Ear()
            network.request("POST", f"http://{host}/x", {}, b"body", ear, timeout_ms=20_000)
            assert asyncio.all_tasks() == tasks
            await ear.until("end")

    run(story())


def test_the_next_request_may_be_sent_from_within_the_end_of_the_last() -> None:
    async def story() -> None:
        connections = 0

        async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            nonlocal connections
            connections += 1
            await answering(OK, times=9)(reader, writer)

        class Chain(Ear):
            def on_end(self) -> None:
                super().on_end()
                if len(self.named("end")) < 3:
                    network.request("GET", url, {}, b"", self, timeout_ms=20_000)

        async with talking(talk) as host, a_network() as network:
            url, chain = f"http://{host}/x", Chain()
            network.request("GET", url, {}, b"", chain, timeout_ms=20_000)
            await chain.until("end", 3)
            assert connections == 1

    run(story())


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok",
        OK + b"something that nobody asked for",
        OK + OK,
    ],
    ids=["closes", "says more", "answers twice"],
)
def test_a_connection_that_may_not_be_used_again_is_not(answer: bytes) -> None:
    async def story() -> None:
        connections = 0

        async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            nonlocal connections
            connections += 1
            await answering(answer)(reader, writer)
            await reader.read()

        async with talking(talk) as host, a_network() as network:
            for count in (1, 2):
                ear = await ask(network, host)
                assert (ear.kinds, ear.body) == (["response", "data", "end"], b"ok")
                assert connections == count

    run(story())


def test_a_connection_that_was_closed_while_idle_is_replaced() -> None:
    async def story() -> None:
        async with talking(answering(OK)) as host, a_network() as network:
            assert (await ask(network, host)).body == b"ok"
            while network._pool.idle_count:
                await asyncio.get_running_loop().run_in_executor(None, str)
            assert (await ask(network, host)).body == b"ok"

    run(story())


def test_a_request_cancelled_from_within_its_data_hears_nothing_more() -> None:
    async def story() -> None:
        class Quitter(Ear):
            def on_data(self, data: bytes) -> None:
                super().on_data(data)
                exchange.cancel()

        answer = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\none\r\n3\r\ntwo\r\n0\r\n\r\n"
        async with talking(answering(answer)) as host, a_network() as network:
            quitter = Quitter()
            exchange = network.request("GET", f"http://{host}/x", {}, b"", quitter, timeout_ms=20_000)
            await quitter.until("data")
            assert (await ask(network, host)).body == b"onetwo"
            assert quitter.kinds == ["response", "data"]

    run(story())


def test_a_listener_that_fails_is_told_so_and_hurts_no_other(caplog: pytest.LogCaptureFixture) -> None:
    async def story() -> None:
        class Clumsy(Ear):
            def on_data(self, data: bytes) -> None:
                raise AssertionError("our mistake")

        async with talking(answering(OK)) as host, a_network() as network:
            clumsy = Clumsy()
            network.request("GET", f"http://{host}/x", {}, b"", clumsy, timeout_ms=20_000)
            assert "a fault of ours" in (await clumsy.until("failure"))[1]
            assert (await ask(network, host)).body == b"ok"

    run(story())
    assert "our mistake" in caplog.text


def test_what_cannot_be_sent_fails_later_and_never_quotes_a_key() -> None:
    async def story() -> None:
        async with a_network() as network:
            for method, url, headers in (
                ("GET", "ftp://host/x", {}),
                ("GET", "http:///x", {}),
                ("GET", "http://host/a b", {}),
                ("GE T", "http://host/x", {}),
                ("HEAD", "http://host/x", {}),
                ("GET", "http://127.0.0.1:1/x", {"Authorization": "Token secret\r\nX: y"}),
                ("GET", "http://127.0.0.1:1/x", {}),
            ):
                ear, wire_ear = Ear(), Ear()
                network.request(method, url, headers, b"", ear, timeout_ms=20_000)
                assert ear.log == []
                assert "secret" not in (await ear.until("failure"))[1]
                if method == "GET":
                    network.open_websocket(url, headers, wire_ear, open_timeout_ms=20_000)
                    assert wire_ear.log == []
                    _, code, reason = await wire_ear.until("close")
                    assert code == 1006
                    assert "secret" not in reason

    run(story())


def test_a_request_says_what_it_was_told_and_what_it_must() -> None:
    url = "https://api.example.com/v1/x?q=%20a"
    request = encode_request("POST", address_of(url), {"user-agent": "other", "X-A": "b"}, b"{}")
    head, _, body = request.partition(b"\r\n\r\n")
    lines = head.decode().split("\r\n")
    assert lines[0] == "POST /v1/x?q=%20a HTTP/1.1"
    assert sorted(lines[1:]) == [
        "Accept-Encoding: identity",
        "Accept: */*",
        "Content-Length: 2",
        "Host: api.example.com",
        "X-A: b",
        "user-agent: other",
    ]
    assert body == b"{}"
    assert b"Content-Length" not in encode_request("GET", address_of(url), {}, b"")
    assert b"Content-Length: 0" in encode_request("POST", address_of(url), {}, b"")


@pytest.mark.parametrize(
    ("url", "authority", "host"),
    [
        ("wss://example.com:8443/x", "example.com:8443", "example.com"),
        ("ws://[::1]:80/x", "[::1]", "::1"),
        ("http://bücher.example/x", "xn--bcher-kva.example", "xn--bcher-kva.example"),
    ],
)
def test_a_host_is_named_as_servers_know_it(url: str, authority: str, host: str) -> None:
    assert address_of(url).authority == authority
    assert address_of(url).origin.host == host


@pytest.mark.parametrize("is_trusted", [True, False], ids=["trusted", "a stranger"])
def test_over_tls_only_who_is_trusted_is_talked_to(is_trusted: bool) -> None:
    authority, stranger = trustme.CA(), trustme.CA()
    server_side = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(server_side)
    client_side = ssl.create_default_context()
    (authority if is_trusted else stranger).configure_trust(client_side)

    async def story() -> None:
        async with talking(answering(OK, times=2), tls=server_side) as host, a_network(client_side) as network:
            for _ in range(2):
                ear = Ear()
                network.request("GET", f"https://{host}/x", {}, b"", ear, timeout_ms=20_000)
                if is_trusted:
                    await ear.until("end")
                    assert ear.body == b"ok"
                else:
                    assert "certificate verify failed" in (await ear.until("failure"))[1]

    run(story())
