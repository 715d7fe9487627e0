"""What holds for every test: no property is hurried, and the same stories are told each time."""

import gc

from hypothesis import HealthCheck, settings

UNHURRIED = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
"""How long an example takes says something about the machine, not about us."""

settings.register_profile("same", UNHURRIED, derandomize=True)
settings.register_profile("brief", UNHURRIED, derandomize=True, max_examples=25)
settings.register_profile("explore", UNHURRIED, max_examples=1_000, print_blob=True)
settings.load_profile("same")  # `pytest --hypothesis-profile explore` looks further, `brief` less far

gc.disable()  # nothing that is imported for the tests will ever be garbage: looking for it takes a third of collection


def pytest_collection_finish() -> None:
    """Collect garbage again, but not among what was imported."""
    gc.freeze()
    gc.enable()
