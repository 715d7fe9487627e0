"""How commands run coroutines: on the loop that the entry point chose, else on asyncio's own."""

import asyncio
import gc
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

import click

T = TypeVar("T")


def run(main: Callable[[], Coroutine[Any, Any, T]]) -> T:
    """Run `main()` to its end, by the function that the command line was started with (see `agent.__main__`)."""
    context = click.get_current_context(silent=True)
    chosen: Callable[[Callable[[], Coroutine[Any, Any, T]]], T] | None = context.obj if context is not None else None
    return chosen(main) if chosen is not None else asyncio.run(main())


def keep_what_is_here() -> None:
    """What was imported and made so far stays to the end: the garbage collector need not look at it ever again.

    A full collection otherwise walks through all modules, some 15 ms in which no frame is sent.
    """
    gc.freeze()
