"""The memory of an agent's tools: in this process, or in the Redis of `REDIS_URL`."""

import hmac
from hashlib import blake2b, sha256
from random import Random

from agent.agent_file import Agent
from agent.clock import Ids
from agent.config import Config
from agent.errors import SettingsError
from tools.cache import AnswerCache
from tools.cache_redis import RedisStore, open_redis
from tools.sealing import Seal


def make_cache(config: Config, agent: Agent, ids: Ids) -> AnswerCache:
    """A memory that is not open yet. Raises SettingsError.

    Its keys are unguessable, and what lies in Redis unreadable, by a secret that all processes of the house share: the
    one that Twilio signs with.
    """
    token = (config.twilio_auth_token.reveal() or ids.fresh("")).encode()
    pepper = hmac.digest(token, b"offhook: keys of kept answers", sha256)
    rng = Random(ids.fresh(""))  # noqa: S311 - spreads expiry, hides nothing
    if not config.redis_url:
        return AnswerCache(pepper, rng)
    try:
        client = open_redis(config.redis_url.reveal())
        seal = Seal(hmac.digest(token, b"offhook: seal of kept answers", sha256))
    except ImportError as error:
        told = f"REDIS_URL is set, and {error.name} is not installed: pip install 'offhook[redis]'"
        raise SettingsError(told) from None
    namespace = blake2b(agent.name.encode(), key=pepper, digest_size=8).hexdigest()
    return AnswerCache(pepper, rng, RedisStore(client, namespace, seal))
