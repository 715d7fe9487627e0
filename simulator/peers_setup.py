"""From the options and the file of `offhook peers` to what is run."""

from collections.abc import Iterable
from pathlib import Path

from simulator.brain.answers import CannedBrain
from simulator.emulator_settings import Setting, SettingError, make_behaviour
from simulator.emulators import BEHAVIOURS, PROVIDERS, Setup, check_known
from simulator.peers_file import PeersFile, read_peers_file


def make_setup(
    options: Iterable[tuple[str, str]],
    *,
    config: Path | None = None,
    replies: tuple[str, ...] = (),
    only: str | None = None,
    port_base: int = 0,
    seed: int = 0,
) -> Setup:
    """What the options and the file ask for; raises `SettingError` for what cannot be."""
    said = read_peers_file(config) if config else PeersFile()
    settings = [*said.settings, *(parse_option(name, text) for name, text in options)]
    chosen = choose(only)
    behaviours = {}
    for group in BEHAVIOURS:
        own = [setting for setting in settings if setting.provider == group]
        if own:
            _check_chosen(own[0], chosen)
            behaviours[group] = make_behaviour(BEHAVIOURS[group], own)
    brain = CannedBrain(replies) if replies else said.brain
    return Setup(only=chosen, behaviours=behaviours, brain=brain, port_base=port_base, seed=seed)


def parse_option(option: str, text: str) -> Setting:
    """Read "PROVIDER.KEY=VALUE"; without a value it means true."""
    source = f"{option} {text}"
    place, has_value, value = text.partition("=")
    name, has_key, key = place.strip().partition(".")
    if not (has_key and name and key):
        raise SettingError(f"{source}: expected PROVIDER.KEY=VALUE, such as groq.first_token_ms=300")
    check_known(name, BEHAVIOURS, source)
    return Setting(name, key.replace("-", "_"), value.strip() if has_value else "true", source, is_text=True)


def choose(only: str | None) -> tuple[str, ...]:
    """The providers named in `--only`, in their own order; all of them without it."""
    if only is None:
        return tuple(PROVIDERS)
    asked = {check_known(name.strip(), PROVIDERS, f"--only {only}") for name in only.split(",")}
    return tuple(name for name in PROVIDERS if name in asked)


def _check_chosen(setting: Setting, chosen: tuple[str, ...]) -> None:
    provider = "twilio" if setting.provider == "phone" else setting.provider
    if provider not in chosen:
        raise SettingError(f"{setting.source}: {provider} does not run: --only names {', '.join(chosen)}")
