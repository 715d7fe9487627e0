from agent.reply_audio import KEEP_BEHIND_SAMPLES, ReplyAudio


def pushed(audio: bytes = b"abcdefghij") -> ReplyAudio:
    reply = ReplyAudio()
    reply.push(audio)
    return reply


def test_it_is_taken_in_order_and_fewer_at_the_end() -> None:
    reply = pushed()
    assert (reply.take(4, 0), reply.take(4, 4), reply.take(4, 8), reply.unsent) == (b"abcd", b"efgh", b"ij", 0)


def test_what_was_heard_follows_from_what_the_phone_played() -> None:
    reply = pushed()
    reply.take(4, 100)
    assert [reply.heard(played) for played in (0, 100, 101, 104, 200)] == [0, 0, 1, 4, 4]


def test_something_else_between_two_stretches_is_not_counted() -> None:
    reply = pushed()
    reply.take(4, 0)
    assert reply.follows_on(4)
    assert not reply.follows_on(54)
    reply.take(4, 54)
    assert [reply.heard(played) for played in (2, 4, 30, 54, 55, 58, 99)] == [2, 4, 4, 4, 5, 8, 8]


def test_held_samples_wait_again() -> None:
    reply = pushed()
    reply.take(8, 0)
    assert reply.hold(5, 5) == 3
    assert (reply.unsent, reply.heard(99)) == (5, 5)
    assert reply.take(2, 5) == b"fg"


def test_what_is_repeated_was_heard_once() -> None:
    reply = pushed()
    reply.take(8, 0)
    reply.hold(5, 5)
    assert reply.rewind(2) == 3
    assert reply.take(5, 5) == b"cdefg"
    assert [reply.heard(played) for played in (5, 7, 8, 9, 10)] == [5, 5, 5, 6, 7]


def test_no_more_is_repeated_than_is_still_there() -> None:
    reply = pushed(bytes(3 * KEEP_BEHIND_SAMPLES))
    reply.take(2 * KEEP_BEHIND_SAMPLES, 0)
    reply.discard(2 * KEEP_BEHIND_SAMPLES)
    assert reply.rewind(0) == KEEP_BEHIND_SAMPLES
    assert len(reply.take(3 * KEEP_BEHIND_SAMPLES, 0)) == 2 * KEEP_BEHIND_SAMPLES


def test_the_last_second_is_kept() -> None:
    reply = pushed()
    reply.take(10, 0)
    reply.discard(10)
    assert reply.rewind(0) == 10
