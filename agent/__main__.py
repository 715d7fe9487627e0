"""The entry point: installs uvloop and hands over to the commands. The only file that names uvloop."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

from agent.cli import offhook

T = TypeVar("T")


def run_on_uvloop(main: Callable[[], Coroutine[Any, Any, T]]) -> T:
    """Run `main()` on a fresh uvloop to its end."""
    import uvloop  # noqa: PLC0415 - `offhook --help` needs no loop

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as loop_runner:
        return loop_runner.run(main())


def main() -> None:
    """Run the command line."""
    offhook(obj=run_on_uvloop)


if __name__ == "__main__":
    main()
