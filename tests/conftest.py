"""What holds for every test: no property is hurried, and the same stories are told each time."""

from hypothesis import HealthCheck, settings

UNHURRIED = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
"""How long an example takes says something about the machine, not about us."""

settings.register_profile("same", UNHURRIED, derandomize=True)
settings.register_profile("explore", UNHURRIED, max_examples=1_000, print_blob=True)
settings.load_profile("same")  # `pytest --hypothesis-profile explore` looks for what nobody has thought of
