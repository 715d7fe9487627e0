"""How many examples state machines and whole calls get: few in the suite, many where somebody explores."""

from hypothesis import settings

MORE = 50
"""So many times the usual number with `pytest --hypothesis-profile explore --timeout 0`."""


def examples(count: int, *, steps: int = 50) -> settings:
    """Settings for a property that `count` examples show well enough; `steps` for state machines."""
    profile = settings.default
    is_exploring = profile is not None and not profile.derandomize
    return settings(max_examples=count * (MORE if is_exploring else 1), stateful_step_count=steps)
