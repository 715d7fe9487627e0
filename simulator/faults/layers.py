"""How a peer behaves while faults change its behaviour: the settings below, and a layer for each change above."""

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Generic, TypeVar

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

    B = TypeVar("B", bound=DataclassInstance)
else:
    B = TypeVar("B")


class Layers(Generic[B]):
    """A behaviour (a frozen dataclass) and what is changed of it for now; of two changes of a field, the later wins.

    `adopt` is told the result; `after(ms, act)` is the clock that ends a change.
    """

    def __init__(self, base: B, adopt: Callable[[B], None], after: Callable[[float, Callable[[], None]], None]) -> None:
        self._base = base
        self._adopt = adopt
        self._after = after
        self._layers: dict[int, dict[str, Any]] = {}
        self._count = 0

    def change(self, for_ms: float | None = None, **changes: Any) -> None:  # noqa: ANN401 - fields of any behaviour
        """Change fields, for good or `for_ms`."""
        self._count += 1
        layer = self._count
        self._layers[layer] = changes
        self._show()
        if for_ms is not None:
            self._after(for_ms, lambda: self._end(layer))

    def _end(self, layer: int) -> None:
        del self._layers[layer]
        self._show()

    def _show(self) -> None:
        merged: dict[str, Any] = {}
        for layer in self._layers.values():
            merged |= layer
        self._adopt(replace(self._base, **merged))
