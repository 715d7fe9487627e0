"""Pieces on their way from who thinks to who sends."""

import asyncio
from collections import deque
from typing import Generic, TypeVar

T = TypeVar("T")


class Outbox(Generic[T]):
    """Keeps pieces in order until they are taken; iterating ends once it was closed and is empty.

    It holds no more than one answer of a model, which is bounded itself.
    """

    def __init__(self) -> None:
        self._pieces: deque[T] = deque()
        self._is_closed = False
        self._changed = asyncio.Event()

    def put(self, piece: T) -> None:
        """One more."""
        self._pieces.append(piece)
        self._changed.set()

    def close(self) -> None:
        """No more come."""
        self._is_closed = True
        self._changed.set()

    def __aiter__(self) -> "Outbox[T]":
        return self

    async def __anext__(self) -> T:
        while not self._pieces:
            if self._is_closed:
                raise StopAsyncIteration
            self._changed.clear()
            await self._changed.wait()
        return self._pieces.popleft()
