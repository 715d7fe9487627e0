"""Values that are changed by making new ones, many times a second."""

from typing import TYPE_CHECKING, Any

__all__ = ["replace"]

if TYPE_CHECKING:
    from dataclasses import replace
else:
    from dataclasses import replace as _checked_replace

    _new, _set = object.__new__, object.__setattr__

    def replace(value: Any, /, **changes: Any) -> Any:  # noqa: ANN401 - mypy takes it for the other
        """As `dataclasses.replace`, ten times as fast for a value of many fields that has a `__dict__`.

        That is copied; neither `__init__` nor `__post_init__` runs. Which fields there are is checked by mypy.
        """
        try:
            fields = value.__dict__
        except AttributeError:
            return _checked_replace(value, **changes)
        changed = _new(type(value))
        _set(changed, "__dict__", fields | changes)
        return changed
