"""Tools that an agent's file declares: HTTP endpoints, and what is asked ahead of need."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from agent.agent_file import load_agent
from agent.cli import offhook
from agent.config import Config, load_config
from agent.errors import SettingsError
from agent.mcp_servers import McpServers
from agent.tool_ports import describe_tools
from tests.agent.test_agent_file import MINIMAL, write
from tests.tools.test_mcp_server import PROGRAM
from tools.mcp_tools import McpTerms
from tools.tool import Kind

HTTP = """
[[http_tools]]
name = "order_status"
url = "https://shop.example/offhook/order-status"
description = "Where an order is."
"""


def test_an_endpoint_is_a_tool(tmp_path: Path) -> None:
    text = (
        MINIMAL
        + 'tools = ["hang_up"]\n'
        + HTTP
        + (
            'parameters = { order = "string: its number", day = "date?", n = { type = "integer", default = 1 } }\n'
            'kind = "pure"\ncache_ms = 1000\nprivate = ["order"]\nfiller = "Let me look."\n'
        )
    )
    agent = load_agent(write(tmp_path, text))
    tools = agent.toolset()
    assert tools.names == ("hang_up", "order_status")
    tool = tools["order_status"]
    assert tool.parameters["required"] == ["order"]
    assert tool.parameters["properties"]["day"] == {"type": "string", "format": "date"}
    assert tool.check('{"order": "A17"}') == {"order": "A17", "n": 1}
    assert (tool.terms.kind, tool.terms.cache_ms) == (Kind.PURE, 1_000)
    assert agent.fixed_phrases(tools).tools["order_status"] == "Let me look."


def test_unless_told_an_endpoint_changes_the_world(tmp_path: Path) -> None:
    tool = load_agent(write(tmp_path, MINIMAL + HTTP)).toolset()["order_status"]
    assert tool.terms.kind is Kind.EFFECT
    assert tool.check("{}") == {}


def test_a_whole_schema_is_taken_as_it_is(tmp_path: Path) -> None:
    text = MINIMAL + HTTP + '[http_tools.parameters]\ntype = "object"\nproperties = { order = { enum = ["A", "B"] } }\n'
    assert load_agent(write(tmp_path, text)).toolset()["order_status"].parameters["properties"]["order"] == {
        "enum": ["A", "B"]
    }


@pytest.mark.parametrize(
    ("more", "told"),
    [
        ('kid = "pure"', ':8: unknown key "http_tools.0.kid"; did you mean "kind"?'),
        ('kind = "safe"', ":8: \"http_tools.0.kind\": input should be 'pure', 'idempotent' or 'effect'"),
        ("cache_ms = 5", ":4: http_tools: order_status: only a pure tool's answers can be kept"),
        ('private = ["ordr"]', ":4: http_tools: order_status: order_status: private names ['ordr']"),
        ('parameters = { order = "strng" }', ":4: http_tools: order_status: parameters: order: expected one of string"),
        ("deadline_ms = 0", ':8: "http_tools.0.deadline_ms"'),
        ('secret_env = "A B"', ':8: "http_tools.0.secret_env"'),
    ],
)
def test_complaints_say_where_and_what(tmp_path: Path, more: str, told: str) -> None:
    with pytest.raises(SettingsError) as error:
        load_agent(write(tmp_path, MINIMAL + HTTP + more))
    assert told in str(error.value)


@pytest.mark.parametrize(
    ("url", "is_fine"),
    [
        ("https://shop.example", True),
        ("http://127.0.0.1:8000/x", True),
        ("http://orders:8000/x", True),
        ("http://10.0.0.3/x", True),
        ("http://shop.internal/x", True),
        ("http://shop.example/x", False),
        ("http://8.8.8.8/x", False),
        ("ftp://shop.example", False),
        ("https://", False),
        ("https://me:pw@shop.example", False),
        ("https://shop.example:x", False),
    ],
)
def test_callers_words_cross_the_internet_encrypted_only(tmp_path: Path, url: str, is_fine: bool) -> None:
    file = write(tmp_path, MINIMAL + HTTP.replace("https://shop.example/offhook/order-status", url))
    if is_fine:
        assert load_agent(file).http_tools[0].url == url
    else:
        with pytest.raises(SettingsError, match=r'"http_tools.0.url".*expected'):
            load_agent(file)


def test_what_is_asked_ahead_of_need_is_kept_and_needs_nothing(tmp_path: Path) -> None:
    ahead = MINIMAL + 'prefetch = ["order_status"]\n'
    good = load_agent(write(tmp_path, ahead + HTTP + 'kind = "pure"\ncache_ms = 5\n'))
    assert good.toolset()["order_status"].terms.prefetch == {}
    for text, told in (
        (ahead, ":3: prefetch: There is no tool 'order_status'"),
        (ahead + HTTP, ":3: prefetch: order_status: what is asked ahead of need must be kept"),
        (
            ahead + HTTP + 'kind = "pure"\ncache_ms = 5\nparameters = { order = "string" }\n',
            ":3: prefetch: order_status: prefetch asks without arguments, and it needs order",
        ),
        (
            MINIMAL
            + 'prefetch = [{ tool = "order_status", arguments = { order = "{called}" } }]\n'
            + HTTP
            + 'kind = "pure"\ncache_ms = 5\nparameters = { order = "string" }\n',
            ":3: prefetch: order_status: prefetch: of a call caller, today are known, there is no {called}",
        ),
        (
            MINIMAL
            + 'prefetch = [{ tool = "order_status", arguments = { phone = "{caller}" } }]\n'
            + HTTP
            + 'kind = "pure"\ncache_ms = 5\nparameters = { order = "string?" }\n',
            ":3: prefetch: order_status: prefetch gives phone, and its parameters are order",
        ),
    ):
        with pytest.raises(SettingsError) as error:
            load_agent(write(tmp_path, text))
        assert told in str(error.value)


def test_a_secret_that_is_not_set_is_told_at_the_start(tmp_path: Path) -> None:
    agent = load_agent(write(tmp_path, MINIMAL + HTTP + 'secret_env = "SHOP_SECRET"\n'))
    [line] = describe_tools(Config(), agent)
    assert str(line).startswith("missing  SHOP_SECRET: without it the tool order_status cannot be used")
    config = load_config({"SHOP_SECRET": "s3cret"})
    assert not list(describe_tools(config, agent))
    assert "s3cret" not in repr(config)


MCP = '[[mcp_servers]]\nname = "crm"\n'


def test_an_mcp_server_is_a_url_or_a_program(tmp_path: Path) -> None:
    text = (
        MINIMAL
        + '[phrases.tools]\ncrm_find = "Let me look you up."\n'
        + MCP
        + (
            'url = "https://crm.example/mcp"\nheaders_env = { Authorization = "CRM_AUTH" }\n'
            'allow = ["find*"]\nkinds = { find = "pure" }\ncache_ms = { find = 1_000 }\nprivate = ["phone"]\n'
        )
    )
    agent = load_agent(write(tmp_path, text))
    [server] = McpServers(load_config({"CRM_AUTH": "Bearer s3cret"}), agent).servers
    assert server.terms == McpTerms(
        "crm", ("find*",), {"find": Kind.PURE}, {"find": 1_000}, 3_000, frozenset({"phone"})
    )
    assert server._address.headers == {"Authorization": "Bearer s3cret"}
    assert "s3cret" not in repr(server._address)
    assert agent.fixed_phrases(agent.toolset()).tools["crm_find"] == "Let me look you up."


@pytest.mark.parametrize(
    ("more", "told"),
    [
        ("", "mcp_servers.0: value error, expected url or command, one of them"),
        ('url = "https://x.example"\ncommand = ["x"]', "expected url or command, one of them"),
        ('command = ["x"]\nheaders_env = { A = "B" }', "headers_env goes with url"),
        ('url = "https://x.example"\nenv = ["B"]', "env goes with command"),
        ('command = ["x"]\ncache_ms = { find = 5 }', 'only a pure tool can be kept: kinds = { find = "pure" }'),
        ('url = "http://x.example"', "over http callers' words would cross the internet"),
        ('comand = ["x"]', 'unknown key "mcp_servers.0.comand"; did you mean "command"?'),
    ],
)
def test_complaints_about_mcp_servers_say_what_was_expected(tmp_path: Path, more: str, told: str) -> None:
    with pytest.raises(SettingsError) as error:
        load_agent(write(tmp_path, MINIMAL + MCP + more))
    assert told in str(error.value).replace('"mcp_servers.0"', "mcp_servers.0")


def test_an_agent_works_without_its_mcp_servers_and_says_so(tmp_path: Path) -> None:
    file = write(tmp_path, MINIMAL + 'tools = ["hang_up"]\n' + MCP + 'command = ["/no/such/program"]\n')
    answer = CliRunner().invoke(offhook, ["tools", "list", "--agent", file])
    assert answer.exit_code == 0
    assert answer.output.startswith("hang_up(")
    [line] = answer.stderr.splitlines()
    assert line.startswith("missing  MCP server crm: FileNotFoundError")


def test_the_tools_of_mcp_servers_are_listed_with_the_agents_own(tmp_path: Path) -> None:
    text = MINIMAL + 'tools = ["hang_up"]\n' + MCP + f"command = {json.dumps(list(PROGRAM))}\nallow = ['find_order']\n"
    answer = CliRunner().invoke(offhook, ["tools", "list", "--json", "--agent", write(tmp_path, text)])
    told = [json.loads(line) for line in answer.output.splitlines()]
    assert [(tool["name"], tool["kind"]) for tool in told] == [("hang_up", "effect"), ("crm_find_order", "pure")]
