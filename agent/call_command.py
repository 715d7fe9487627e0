"""`offhook call`: have Twilio dial a number and connect it to the running server."""

import os
import re
from pathlib import Path
from urllib.parse import urlencode

import click

from agent.config import Config, load_config
from agent.errors import SettingsError
from agent.running import run
from agent.telephony import CallOrder, TelephonyError, TwilioTelephony
from agent.twiml import PARAMETER_LIMIT
from agent.webhook import DETECT_FIELD, MESSAGE_FIELD


@click.command()
@click.argument("number")
@click.option("--from", "from_", help="The number it calls from, one of your own; else TWILIO_NUMBER.")
@click.option("--message", default="", help="What an answering machine is told after its beep; else the agent's own.")
@click.option("--no-detect", is_flag=True, help="Whoever picks up is taken for a person, and greeted at once.")
@click.option("--twilio-amd", is_flag=True, help="Twilio listens for machines as well, which it bills.")
def call(number: str, from_: str | None, message: str, no_detect: bool, twilio_amd: bool) -> None:
    """Place a call to NUMBER (+15551234567); the agent speaks once it is answered.

    A person is greeted when they have said hello. An answering machine is told its message after the beep, and left
    without a word where there is none. `offhook serve` must be running where OFFHOOK_PUBLIC_URL leads.
    """
    try:
        config = load_config(os.environ, Path(".env"))
        caller = _check(config, number, from_ or config.twilio_number)
        query = _query(message, no_detect=no_detect, twilio_amd=twilio_amd)
        order = _order(config, number, caller, query, twilio_amd=twilio_amd)
        sid = run(lambda: place(config, order))
    except SettingsError as error:
        raise click.ClickException(str(error)) from None
    except TelephonyError as error:
        raise click.ClickException(f"Twilio did not place the call: {error}") from None
    click.echo(f"calling {number} from {caller}: {sid}")


async def place(config: Config, order: CallOrder) -> str:
    """The id of the call that was placed. Raises TelephonyError."""
    telephony = TwilioTelephony(
        config.twilio_account_sid,
        config.twilio_auth_token.reveal(),
        base_url=config.twilio_base_url,
        edge=config.twilio_edge,
        region=config.twilio_region,
    )
    return await telephony.place_call(order)


def _order(config: Config, number: str, caller: str, query: str, *, twilio_amd: bool) -> CallOrder:
    origin = config.public_url or f"http://{config.host}:{config.port}"
    answered_by = f"{origin}/answered-by" if twilio_amd else ""
    return CallOrder(number, caller, f"{origin}/voice{query}", f"{origin}/status", answered_by)


def _query(message: str, *, no_detect: bool, twilio_amd: bool) -> str:
    """What the server is to know of this call, as the query of its voice URL."""
    if no_detect and (message or twilio_amd):
        raise SettingsError("--no-detect takes everybody for a person: --message and --twilio-amd go without it")
    if len(message) > PARAMETER_LIMIT:
        raise SettingsError(
            f"--message: expected at most {PARAMETER_LIMIT} characters, got {len(message)}; "
            "a longer one goes into the agent's file, as message in [voicemail]"
        )
    told = {DETECT_FIELD: "no"} if no_detect else {MESSAGE_FIELD: message} if message else {}
    return f"?{urlencode(told)}" if told else ""


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
