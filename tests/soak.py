"""How many examples state machines and whole calls get: few in the suite, many where somebody explores."""

from hypothesis import settings

MORE = 50
"""So many times the usual number with `pytest --hypothesis-profile explore --timeout 0`."""

FEWER = 4
"""A part of the usual number with `pytest --hypothesis-profile brief`, where the whole was told on another Python."""


def examples(count: int, *, steps: int = 50) -> settings:
    """Settings for a property that `count` examples show well enough; `steps` for state machines."""
    profile = settings.default
    assert profile is not None, "a profile is loaded before any test is"
    told = count if profile.derandomize else count * MORE
    is_brief = profile.max_examples < settings.get_profile("same").max_examples
    return settings(max_examples=-(-told // FEWER) if is_brief else told, stateful_step_count=steps)
