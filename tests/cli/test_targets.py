"""Which TaskRouter a command talks to, and with whose credentials."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tr_apply.cli import run
from tr_apply.deployment.clients import connection_of, region_of
from tr_apply.deployment.target_options import TargetOptions
from tr_apply.errors import TargetError, UsageError
from tr_apply.resources.credentials import Credentials

ACCOUNT, TOKEN = "AC" + "1" * 32, "token"
USUAL = {"TWILIO_ACCOUNT_SID": ACCOUNT, "TWILIO_AUTH_TOKEN": TOKEN}
KEY = {"TWILIO_API_KEY": "SK1", "TWILIO_API_SECRET": "secret"}
OWN = {
    "TWILIO_EMEA_SID": "AC" + "2" * 32,
    "TWILIO_EMEA_TOKEN": "other",
    "TWILIO_EMEA_KEY": "SK2",
    "TWILIO_EMEA_SECRET": "other secret",
}

WRONG_FORMS = [
    ("TWILIO_ACCOUNT_SID", "ghs_canary0123456789"),
    ("TWILIO_ACCOUNT_SID", "AC" + "1" * 31 + "g"),
    ("TWILIO_ACCOUNT_SID", "AC" + "1" * 33),
    ("TWILIO_ACCOUNT_SID", "AC" + "1" * 32 + "\n"),
    ("TWILIO_ACCOUNT_SID", "ac" + "1" * 32),
    ("TWILIO_ACCOUNT_SID", "SK" + "1" * 32),
    ("TWILIO_REGION", "canary.evil.com/"),
    ("TWILIO_REGION", "ghs_canary"),
    ("TWILIO_REGION", "ie123"),
    ("TWILIO_REGION", "de1\n"),
    ("TWILIO_REGION", "IE1"),
    ("TWILIO_EDGE", "canary@evil"),
    ("TWILIO_EDGE", "q"),
    ("TWILIO_EDGE", "ashburn-ix-ix"),
    ("TWILIO_EDGE", "a" * 17),
]


@pytest.mark.parametrize("prefix", ["TWILIO_", "TWILIO_EMEA_"])
@pytest.mark.parametrize(("usual", "value"), WRONG_FORMS)
def test_a_value_of_another_form_is_refused_before_any_use_and_not_repeated(usual, value, prefix):
    own = {"TWILIO_ACCOUNT_SID": "TWILIO_EMEA_SID", "TWILIO_REGION": "TWILIO_EMEA_REGION"}
    name = usual if prefix == "TWILIO_" else own.get(usual, usual)
    fields = {"TWILIO_EMEA_SID": "account_sid_env", "TWILIO_EMEA_REGION": "region_env"}
    credentials = Credentials(**{fields[name]: name}) if name in fields else None

    with pytest.raises(TargetError, match=f"^{name} is not an? ") as refused:
        connection_of(TargetOptions(), USUAL | {name: value}, credentials)

    assert value.strip() not in str(refused.value)


@given(st.text(max_size=40), st.sampled_from(["TWILIO_REGION", "TWILIO_EDGE"]))
def test_no_value_of_the_environment_becomes_another_host(value, name):
    try:
        url = connection_of(TargetOptions(), USUAL | {name: value}).base_url
    except TargetError as refused:
        assert len(value) < 3 or value not in str(refused)  # noqa: PT017
    else:
        assert re.fullmatch(r"https://taskrouter(\.[a-z-]+)?(\.[a-z]{2}[0-9]{1,2})?\.twilio\.com", url)


def test_a_workspace_may_name_its_own_region():
    environment = USUAL | {"TWILIO_REGION": "us1", "TWILIO_EMEA_REGION": "ie1"}
    credentials = Credentials(region_env="TWILIO_EMEA_REGION")

    assert connection_of(TargetOptions(), environment, credentials).base_url == "https://taskrouter.ie1.twilio.com"
    assert region_of(TargetOptions(), environment, credentials) == "ie1"
    assert connection_of(TargetOptions(), environment).base_url == "https://taskrouter.us1.twilio.com"


def test_a_connection_knows_the_variables_it_was_made_of():
    environment = USUAL | KEY | OWN

    assert connection_of(TargetOptions(), environment).variables == ("TWILIO_API_KEY", "TWILIO_API_SECRET")
    named = Credentials(account_sid_env="TWILIO_EMEA_SID", auth_token_env="TWILIO_EMEA_TOKEN")
    assert connection_of(TargetOptions(), environment, named).variables == ("TWILIO_EMEA_SID", "TWILIO_EMEA_TOKEN")


REGIONS = [
    ({}, {}, "us1"),
    ({}, {"TWILIO_REGION": "ie1"}, "ie1"),
    ({}, {"TWILIO_REGION": "ie1", "TWILIO_EDGE": "dublin"}, "ie1"),
    ({}, {"TWILIO_EDGE": "ashburn"}, "us1"),
    ({}, {"TR_APPLY_BASE_URL": "https://taskrouter.au1.twilio.com/"}, "au1"),
    ({"base_url": "https://TASKROUTER.twilio.com"}, {}, "us1"),
    ({"base_url": "https://Example.com:8080/tr/"}, {}, "https://example.com:8080/tr"),
    ({"base_url": "https://taskrouter.evil.com"}, {}, "https://taskrouter.evil.com"),
    ({"local": True}, {"TWILIO_REGION": "ie1"}, "local"),
]


@pytest.mark.parametrize(("options", "environment", "expected"), REGIONS)
def test_a_region_distinguishes_taskrouters(options, environment, expected):
    assert region_of(TargetOptions(**options), environment) == expected


CREDENTIALS = [
    (USUAL, None, (ACCOUNT, TOKEN, ACCOUNT)),
    (USUAL | KEY, None, ("SK1", "secret", ACCOUNT)),
    (KEY, None, ("SK1", "secret", None)),
    (
        USUAL | KEY | OWN,
        {"account_sid_env": "TWILIO_EMEA_SID", "auth_token_env": "TWILIO_EMEA_TOKEN"},
        ("AC" + "2" * 32, "other", "AC" + "2" * 32),
    ),
    (
        USUAL | OWN,
        {
            "account_sid_env": "TWILIO_EMEA_SID",
            "api_key_env": "TWILIO_EMEA_KEY",
            "api_secret_env": "TWILIO_EMEA_SECRET",
        },
        ("SK2", "other secret", "AC" + "2" * 32),
    ),
    (USUAL | OWN, {"auth_token_env": "TWILIO_EMEA_TOKEN"}, (ACCOUNT, "other", ACCOUNT)),
]


@pytest.mark.parametrize(("environment", "named", "expected"), CREDENTIALS)
def test_a_workspace_may_name_the_variables_of_its_own_credentials(environment, named, expected):
    credentials = None if named is None else Credentials(**named)

    found = connection_of(TargetOptions(), environment, credentials)

    assert (found.username, found.password, found.account_sid) == expected


MISSING = [
    ({}, None, "TWILIO_ACCOUNT_SID"),
    ({"TWILIO_ACCOUNT_SID": ACCOUNT}, None, "TWILIO_AUTH_TOKEN"),
    (USUAL, {"account_sid_env": "TWILIO_EMEA_SID"}, "TWILIO_EMEA_SID"),
    (USUAL | {"TWILIO_EMEA_SID": ""}, {"account_sid_env": "TWILIO_EMEA_SID"}, "TWILIO_EMEA_SID"),
    (USUAL, {"region_env": "TWILIO_EMEA_REGION"}, "TWILIO_EMEA_REGION"),
    ({"TWILIO_API_KEY": "SK1"}, None, "TWILIO_API_KEY is set, and TWILIO_API_SECRET, which"),
    ({"TWILIO_API_SECRET": "x"}, None, "TWILIO_API_SECRET is set, and TWILIO_API_KEY, which"),
    ({"TWILIO_AUTH_TOKEN": "x"}, None, "TWILIO_AUTH_TOKEN is set, and TWILIO_ACCOUNT_SID, which"),
    (OWN, {"account_sid_env": "TWILIO_EMEA_SID"}, "TWILIO_EMEA_SID is set, and TWILIO_AUTH_TOKEN "),
]


@pytest.mark.parametrize(("environment", "named", "reason"), MISSING)
def test_credentials_that_are_not_there_are_named(environment, named, reason):
    credentials = None if named is None else Credentials(**named)

    with pytest.raises(TargetError, match=reason):
        connection_of(TargetOptions(), environment, credentials)


NO_ADDRESSES = [
    "127.0.0.1:8080",
    "ftp://example.com",
    "https://",
    "https://example.com:99999",
    "https://example.com:port",
    "https://example .com",
    "https://[::1",
    "https://example.com?a=b",
]


@pytest.mark.parametrize("url", NO_ADDRESSES)
def test_an_invalid_address_is_reported_before_anything_is_sent(url):
    for read in (region_of, connection_of):
        with pytest.raises(TargetError, match="expected the address of a server"):
            read(TargetOptions(base_url=url), USUAL)


@pytest.mark.parametrize("url", ["https://me:hidden@example.com", "https://me:hidden@example.com:99999"])
def test_a_password_in_an_address_is_not_repeated(url):
    with pytest.raises(TargetError) as caught:
        connection_of(TargetOptions(base_url=url), USUAL)

    assert "hidden" not in str(caught.value)


def test_an_empty_base_url_does_not_mean_twilio():
    with pytest.raises(UsageError, match="--base-url"):
        TargetOptions("")


# A pull request writes the configuration, the environment has the secrets of a job


HOSTILE = [
    "{account_sid_env: GITHUB_TOKEN, auth_token_env: TWILIO_AUTH_TOKEN}",
    "{auth_token_env: AWS_SECRET_ACCESS_KEY}",
    "{api_key_env: GITHUB_TOKEN, api_secret_env: AWS_SECRET_ACCESS_KEY}",
    "{region_env: GITHUB_TOKEN}",
    "{account_sid_env: TWILIO_OF_SID}",
    "{region_env: TWILIO_OF_REGION}",
]
COMMANDS = [["validate"], ["plan", "--out", "plan.json"], ["apply", "--auto-approve", "--journal", "journal", "-v"],
            ["destroy", "--confirm", "W"], ["diff", "Other"]]  # fmt: skip


@pytest.mark.parametrize("credentials", HOSTILE)
@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command[0])
def test_no_secret_of_a_job_is_sent_or_shown(credentials, command, tmp_path, monkeypatch, capfd, silent_server):
    monkeypatch.chdir(tmp_path)
    canary = "ghs_canary0123456789"
    for name in ("GITHUB_TOKEN", "AWS_SECRET_ACCESS_KEY", "TWILIO_OF_SID", "TWILIO_OF_REGION"):
        monkeypatch.setenv(name, canary)
    for name, value in USUAL.items():
        monkeypatch.setenv(name, value)
    (tmp_path / "w.yaml").write_text(f"workspace: {{name: W, credentials: {credentials}}}\n")
    server = [] if command[0] == "validate" or "region" in credentials else ["--base-url", silent_server.url]

    for form in ("text", "json"):
        code = run([command[0], "w.yaml", *command[1:], *server, "--timeout", "5", "--format", form])

        printed = capfd.readouterr()
        assert code == (0 if command[0] == "validate" and "_OF_" in credentials else 1 if "_OF_" in credentials else 3)
        assert canary not in printed.out + printed.err
    assert not silent_server.was_asked
    for path in tmp_path.iterdir():
        assert canary not in path.read_text()
