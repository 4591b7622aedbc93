"""``workspace.credentials``: names of environment variables; a value in their place is refused and not repeated."""

import pytest

NAMES = {"account_sid_env": "EMEA_SID", "auth_token_env": "EMEA_TOKEN"}
SECRETS = [
    "AC0123456789abcdef0123456789abcdef",
    "SK0123456789ABCDEF0123456789ABCDEF",
    "abcdef0123456789abcdef0123456789",
    "0123456789abcdef0123456789abcdef",
    "qH3vX8nLs0TzR5wKbY2mPc7JfG9dEa4U",
    "xQvbNmAsDfGhJkLpOiUyTrEwZxCvBnMa",
    "not-a-name",
    "a secret",
    "hunter2!",
    "1STNAME",
    "x" * 200,
]


def with_credentials(text):
    return f"workspace: {{name: W, credentials: {text}}}\n"


def findings(configuration):
    return [(each.code, each.path) for each in configuration.diagnostics]


def test_the_names_are_part_of_the_document(loaded):
    configuration = loaded(with_credentials("{account_sid_env: EMEA_SID, auth_token_env: EMEA_TOKEN}"))

    assert configuration.diagnostics == ()
    assert configuration.document.workspace.credentials.model_dump(exclude_none=True) == NAMES


def test_without_them_there_are_none(loaded):
    assert loaded("workspace: {name: W}\n").document.workspace.credentials is None


def test_a_name_may_come_from_a_variable(loaded):
    configuration = loaded(with_credentials('{auth_token_env: "${region}_TOKEN"}'), given={"region": "EMEA"})

    assert configuration.diagnostics == ()
    assert configuration.document.workspace.credentials.auth_token_env == "EMEA_TOKEN"


@pytest.mark.parametrize(
    "name", ["TOKEN", "_x", "twilio_auth_token", "TWILIO_AUTH_TOKEN_2", "T1", "TWILIOAUTHTOKENOFPRODUCTION"]
)
def test_a_name_is_taken(loaded, name):
    assert loaded(with_credentials(f"{{auth_token_env: {name}}}")).diagnostics == ()


@pytest.mark.parametrize("secret", SECRETS)
@pytest.mark.parametrize("key", ["account_sid_env", "auth_token_env"])
def test_a_value_is_refused_and_not_repeated(loaded, secret, key):
    configuration = loaded(with_credentials(f"{{{key}: '{secret}'}}"))

    [found] = configuration.diagnostics
    assert (found.code, found.path) == ("invalid-value", f"workspace.credentials.{key}")
    assert secret not in str(found)


@pytest.mark.parametrize(
    ("text", "secret"),
    [
        ("{auth_token_env: 12345678901234567890123456789012}", "12345678901234567890123456789012"),
        ("{auth_token_env: 1.5}", "1.5"),
        ("{auth_token_env: true}", "true"),
        ("hunter2", "hunter2"),
        ("{auth_token_env: [hunter2]}", "hunter2"),
        ("{auth_token: hunter2}", "hunter2"),
        ("{auth_token_env: {a: hunter2}}", "hunter2"),
    ],
)
def test_whatever_stands_there_instead_is_not_repeated(loaded, text, secret):
    configuration = loaded(with_credentials(text))

    assert configuration.diagnostics
    assert secret not in "\n".join(map(str, configuration.diagnostics))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("{}", ("empty", "workspace.credentials")),
        ("{api_key_env: KEY}", ("missing-key", "workspace.credentials")),
        ("{api_secret_env: SECRET}", ("missing-key", "workspace.credentials")),
        ("{auth_token_env: null}", ("null", "workspace.credentials.auth_token_env")),
        ("null", ("null", "workspace.credentials")),
        ("{auth_token: TOKEN}", ("unknown-key", "workspace.credentials.auth_token")),
    ],
)
def test_what_makes_no_sense_is_told(loaded, text, expected):
    assert expected in findings(loaded(with_credentials(text)))


def test_an_api_key_and_its_secret_belong_together(loaded):
    assert loaded(with_credentials("{api_key_env: KEY, api_secret_env: SECRET}")).diagnostics == ()


def test_they_are_no_part_of_a_plan(world, told_plan):
    world.apply("workspace: {name: Center}\n")
    text = "workspace: {name: Center, credentials: {auth_token_env: OTHER_TOKEN}}\n"

    assert told_plan(world.plan(text)) == []
    assert "OTHER_TOKEN" not in str(world.document(text))
