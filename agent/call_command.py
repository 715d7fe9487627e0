"""`offhook call`: have Twilio dial a number and connect it to the running server."""

import os
import re
from pathlib import Path

import click

from agent.config import Config, load_config
from agent.errors import SettingsError
from agent.running import run
from agent.telephony import TelephonyError, TwilioTelephony


@click.command()
@click.argument("number")
@click.option("--from", "from_", help="The number it calls from, one of your own; else TWILIO_NUMBER.")
def call(number: str, from_: str | None) -> None:
    """Place a call to NUMBER (+15551234567); the agent speaks once it is answered.

    `offhook serve` must be running where OFFHOOK_PUBLIC_URL leads.
    """
    try:
        config = load_config(os.environ, Path(".env"))
        caller = _check(config, number, from_ or config.twilio_number)
        sid = run(lambda: place(config, number, caller))
    except SettingsError as error:
        raise click.ClickException(str(error)) from None
    except TelephonyError as error:
        raise click.ClickException(f"Twilio did not place the call: {error}") from None
    click.echo(f"calling {number} from {caller}: {sid}")


async def place(config: Config, number: str, caller: str) -> str:
    """The id of the call that was placed. Raises TelephonyError."""
    telephony = TwilioTelephony(
        config.twilio_account_sid,
        config.twilio_auth_token.reveal(),
        base_url=config.twilio_base_url,
        edge=config.twilio_edge,
        region=config.twilio_region,
    )
    origin = config.public_url or f"http://{config.host}:{config.port}"
    return await telephony.place_call(number, caller, f"{origin}/voice", f"{origin}/status")


def _check(config: Config, number: str, caller: str) -> str:
    if not re.fullmatch(r"\+[1-9]\d{6,14}", number, re.ASCII):
        raise SettingsError(f"expected a number with its country code, like +15551234567, got {number!r}")
    if not caller:
        raise SettingsError("TWILIO_NUMBER is not set: it is the number you call from; or give it by --from")
    if not (config.twilio_account_sid and config.twilio_auth_token):
        raise SettingsError("TWILIO_ACCOUNT_SID and TWILIO_AUTH_TOKEN are needed to place a call")
    if not config.public_url and not config.twilio_base_url:
        raise SettingsError("OFFHOOK_PUBLIC_URL is not set: Twilio must be able to reach the server that speaks")
    return caller
