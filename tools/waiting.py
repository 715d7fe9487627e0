"""Waits of coroutines, on whatever loop they run."""

import asyncio


async def elapse(seconds: float) -> None:
    """Let so much of the loop's time pass; whoever waits may be cancelled."""
    loop = asyncio.get_running_loop()
    passed = loop.create_future()
    timer = loop.call_later(seconds, passed.set_result, None)
    try:
        await passed
    finally:
        timer.cancel()
