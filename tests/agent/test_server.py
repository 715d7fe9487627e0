"""The server on loopback sockets: calls end to end, refusals, floods, busy; two clients judge it."""

import asyncio
import logging

import aiohttp
import pytest
import websockets

from agent.clock import LoopClock
from agent.config import Config, Secret
from agent.errors import SettingsError
from agent.server import Server
from tests.agent import stream_fakes as twilio_says
from tests.agent.server_house import OPEN, TOKEN, House, closing, in_house
from tests.agent.stream_fakes import FRAME, CallFactory, stream_parameters


def test_a_call_end_to_end() -> None:
    async def story(house: House) -> None:
        answer = await house.post("/voice", CallSid="CA1", From="+15551230000", To="+15559870000")
        stream = answer.find("Connect/Stream")
        assert stream is not None
        assert stream.attrib["url"] == house.url.replace("http", "ws") + "/media"
        socket = await house.ring("CA1", **stream_parameters(answer))
        call = house.last
        assert call.phone.caller == "+15551230000"
        await socket.send_str(twilio_says.media(0))
        call.phone.send_audio(FRAME)
        call.phone.send_mark("end")
        heard = [(await socket.receive_json())["event"] for _ in range(2)]
        assert heard == ["media", "mark"]
        await socket.send_str(twilio_says.mark("end"))
        await socket.send_str(twilio_says.stop())
        await house.until(lambda: bool(call.endings))
        assert call.notes == [("media", FRAME, 0), ("mark", "end"), ("ended", "stopped")]
        assert house.server.active_calls == 0

    in_house(story)


def test_another_websocket_client_is_served_too() -> None:
    async def story(house: House) -> None:
        async with websockets.connect(house.url.replace("http", "ws") + "/media") as socket:
            await socket.send(twilio_says.connected())
            await socket.send(twilio_says.start("CA1"))
            for n in range(50):
                await socket.send(twilio_says.media(20 * n))
            await house.until(lambda: bool(house.made) and house.last.kinds.count("media") == 50)
            house.last.phone.clear()
            assert await socket.recv() == '{"event":"clear","streamSid":"MZ1"}'
        await house.until(lambda: bool(house.last.endings))
        assert house.last.endings == ["closed_1000"]

    in_house(story, OPEN)


def test_two_calls_are_independent_even_if_one_is_broken() -> None:
    async def story(house: House) -> None:
        first, second = await house.call("CA1"), await house.call("CA2")
        for junk in ("junk", "{}", '{"event":"media"}', '{"event":"news"}') * 30:
            await first.send_str(junk)
        assert await closing(first) == 1008
        await second.send_str(twilio_says.media(20))
        await house.until(lambda: house.made[1].kinds == ["media"])
        assert house.made[0].endings == ["malformed"]
        assert house.server.active_calls == 1

    in_house(story)


def test_a_message_too_large_ends_its_call_only() -> None:
    async def story(house: House) -> None:
        socket = await house.call("CA1")
        await socket.send_str(twilio_says.media(0, bytes(300_000)))
        assert await closing(socket) == 1009
        await house.until(lambda: bool(house.last.endings))

    in_house(story)


def test_a_socket_torn_down_is_a_lost_stream_and_the_call_resumes_on_a_new_one() -> None:
    async def story(house: House) -> None:
        socket = await house.call("CA1")
        transport = socket.get_extra_info("socket")
        assert transport is not None
        socket._response.connection.transport.abort()  # type: ignore[union-attr]  # a TCP reset, as a network makes it
        answer = await house.post("/voice/after", CallSid="CA1")
        token = answer.find("Connect/Stream/Parameter[@name='token']")
        assert token is not None
        again = await house.dial()
        await again.send_str(twilio_says.start("CA1", "MZ2", token=token.attrib["value"]))
        await house.until(lambda: house.last.notes == [("replaced", "MZ2")])
        assert len(house.made) == 1

    in_house(story)


@pytest.mark.parametrize("headers", [{}, {"X-Twilio-Signature": "Zm9yZ2Vk"}])
def test_an_unsigned_upgrade_is_refused_before_it(headers: dict[str, str], caplog: pytest.LogCaptureFixture) -> None:
    async def story(house: House) -> None:
        with pytest.raises(aiohttp.WSServerHandshakeError) as raised:
            await house.dial(headers)
        assert raised.value.status == 403
        async with house.http.post(house.url + "/voice", data={"CallSid": "CA1"}, headers=headers) as answer:
            assert (answer.status, answer.content_type) == (403, "application/json")

    with caplog.at_level(logging.WARNING):
        in_house(story)
    assert caplog.text.count("X-Twilio-Signature") == 2
    assert TOKEN not in caplog.text


def test_a_replayed_token_is_refused_and_the_call_goes_on() -> None:
    async def story(house: House) -> None:
        answer = await house.post("/voice", CallSid="CA1")
        parameters = stream_parameters(answer)
        first = await house.ring("CA1", **parameters)
        replay = await house.dial()
        await replay.send_str(twilio_says.start("CA1", "MZ9", **parameters))
        assert await closing(replay) == 1008
        await first.send_str(twilio_says.digit("1"))
        await house.until(lambda: house.last.notes == [("digit", "1")])

    in_house(story)


def test_too_many_calls_are_told_busy() -> None:
    async def story(house: House) -> None:
        sockets = [await house.call(f"CA{n}") for n in range(3)]
        answer = await house.post("/voice", CallSid="CA9")
        assert [verb.tag for verb in answer] == ["Say", "Hangup"]
        assert not any(socket.closed for socket in sockets)
        assert [call.notes for call in house.made] == [[], [], []]

    in_house(story)


def test_a_stream_above_the_limit_is_closed_with_1013() -> None:
    async def story(house: House) -> None:
        for n in range(3):
            await house.ring(f"CA{n}")
        late = await house.dial({})
        await late.send_str(twilio_says.start("CA9"))
        assert await closing(late) == 1013

    in_house(story, OPEN)


def test_health_and_errors_speak_json() -> None:
    async def story(house: House) -> None:
        assert await house.get("/healthz") == (200, {"alive": True})
        assert await house.get("/readyz") == (200, {"ready": True, "active_calls": 0, "max_calls": 3})
        assert (await house.get("/nothing"))[0] == 404
        assert (await house.get("/media"))[0] == 426
        async with house.http.post(house.url + "/voice", data=b"x" * 100_000) as answer:
            assert (answer.status, (await answer.json())["error"]) == (413, "a body has at most 65536 bytes here")

    in_house(story, OPEN)


def test_a_phone_call_whose_stream_died_is_ended_by_rest() -> None:
    async def story(house: House) -> None:
        await house.call("CA1")
        house.server.switchboard.on_abandoned("CA1")
        await house.until(lambda: house.rest.ended == ["CA1"])

    in_house(story)


def test_a_mistake_of_ours_is_logged_and_answered(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def story(house: House) -> None:
        monkeypatch.setattr(house.server.switchboard, "reserve", lambda _: 1 / 0)
        async with house.http.get(house.url + "/voice?CallSid=CA1") as answer:
            assert answer.status == 500
        assert (await house.get("/healthz"))[0] == 200

    with caplog.at_level(logging.ERROR):
        in_house(story, OPEN)
    assert "ZeroDivisionError" in caplog.text


@pytest.mark.parametrize(
    ("sent", "told"),
    [
        (b"POST /voice HTTP/1.1\r\nHost: x\r\nContent-Length: 99\r\n\r\nCallSid=", "left before its body came"),
        (b"GET /" + 20_000 * b"a" + b" HTTP/1.1\r\n\r\n", "refused what is no request: LineTooLong"),
        (b"GET / HTTP/1.1\r\nbad header\r\n\r\n", "refused what is no request: "),
    ],
)
def test_a_client_that_speaks_no_http_to_the_end_is_one_line_in_the_log(
    sent: bytes, told: str, caplog: pytest.LogCaptureFixture
) -> None:
    async def story(house: House) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", house.server.port)
        writer.write(sent)
        writer.write_eof()
        await reader.read()
        writer.close()

    in_house(story)
    assert caplog.text.count(told) == 1
    assert [record.exc_info for record in caplog.records if record.exc_info] == []


def test_an_address_that_is_taken_is_told_by_name() -> None:
    async def story(house: House) -> None:
        taken = Config(port=house.server.port, twilio_auth_token=Secret(TOKEN))
        second = Server(taken, LoopClock(asyncio.get_running_loop()), house)
        with pytest.raises(SettingsError, match=f"OFFHOOK_PORT {house.server.port}"):
            await second.start()

    in_house(story)


def test_a_server_without_a_way_to_know_twilio_does_not_start() -> None:
    async def run() -> None:
        with pytest.raises(SettingsError, match="TWILIO_AUTH_TOKEN"):
            Server(Config(port=0), LoopClock(asyncio.get_running_loop()), CallFactory())

    asyncio.run(run())
