"""Which TaskRouter a command talks to, and with whose credentials."""

import pytest

from tr_apply.cli.targets import target_of
from tr_apply.deployment.connect import TargetOptions, connection_of, region_of
from tr_apply.errors import TargetError, UsageError
from tr_apply.resources.credentials import Credentials

ACCOUNT, TOKEN = "AC" + "1" * 32, "token"
USUAL = {"TWILIO_ACCOUNT_SID": ACCOUNT, "TWILIO_AUTH_TOKEN": TOKEN}
KEY = {"TWILIO_API_KEY": "SK1", "TWILIO_API_SECRET": "secret"}
OWN = {"EMEA_SID": "AC" + "2" * 32, "EMEA_TOKEN": "other", "EMEA_KEY": "SK2", "EMEA_SECRET": "other secret"}

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
def test_a_region_tells_taskrouters_apart(options, environment, expected):
    assert region_of(TargetOptions(**options), environment) == expected


CREDENTIALS = [
    (USUAL, None, (ACCOUNT, TOKEN, ACCOUNT)),
    (USUAL | KEY, None, ("SK1", "secret", ACCOUNT)),
    (KEY, None, ("SK1", "secret", None)),
    (
        USUAL | KEY | OWN,
        {"account_sid_env": "EMEA_SID", "auth_token_env": "EMEA_TOKEN"},
        ("AC" + "2" * 32, "other", "AC" + "2" * 32),
    ),
    (
        USUAL | OWN,
        {"account_sid_env": "EMEA_SID", "api_key_env": "EMEA_KEY", "api_secret_env": "EMEA_SECRET"},
        ("SK2", "other secret", "AC" + "2" * 32),
    ),
    (USUAL | OWN, {"auth_token_env": "EMEA_TOKEN"}, (ACCOUNT, "other", ACCOUNT)),
]


@pytest.mark.parametrize(("environment", "named", "expected"), CREDENTIALS)
def test_a_workspace_may_name_the_variables_of_its_own_credentials(environment, named, expected):
    credentials = None if named is None else Credentials(**named)

    found = connection_of(TargetOptions(), environment, credentials)

    assert (found.username, found.password, found.account_sid) == expected


MISSING = [
    ({}, None, "TWILIO_ACCOUNT_SID"),
    ({"TWILIO_ACCOUNT_SID": ACCOUNT}, None, "TWILIO_AUTH_TOKEN"),
    (USUAL, {"account_sid_env": "EMEA_SID"}, "EMEA_SID"),
    (USUAL | {"EMEA_SID": ""}, {"account_sid_env": "EMEA_SID"}, "EMEA_SID"),
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
def test_what_is_no_address_is_said_before_anything_is_sent(url):
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
        target_of({"base_url": ""})
