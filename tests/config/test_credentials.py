"""``workspace.credentials``: names of environment variables; a value in their place is refused and not repeated."""

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

NAMES = {"account_sid_env": "TWILIO_EMEA_SID", "auth_token_env": "TWILIO_EMEA_TOKEN"}
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
    configuration = loaded(with_credentials("{account_sid_env: TWILIO_EMEA_SID, auth_token_env: TWILIO_EMEA_TOKEN}"))

    assert configuration.diagnostics == ()
    assert configuration.document.workspace.credentials.model_dump(exclude_none=True) == NAMES


def test_without_them_there_are_none(loaded):
    assert loaded("workspace: {name: W}\n").document.workspace.credentials is None


def test_a_name_may_come_from_a_variable(loaded):
    configuration = loaded(with_credentials('{auth_token_env: "TWILIO_${region}_TOKEN"}'), given={"region": "EMEA"})

    assert configuration.diagnostics == ()
    assert configuration.document.workspace.credentials.auth_token_env == "TWILIO_EMEA_TOKEN"


@pytest.mark.parametrize(
    "name", ["TOKEN", "_x", "twilio_auth_token", "TWILIO_AUTH_TOKEN_2", "T1", "TWILIOAUTHTOKENOFPRODUCTION"]
)
def test_a_name_that_the_caller_allows_is_taken(loaded, name):
    environment = {"TR_APPLY_CREDENTIALS_ENV": f"OTHER, {name}"}

    assert loaded(with_credentials(f"{{auth_token_env: {name}}}"), environment=environment).diagnostics == ()


OWN_SORT = {
    "account_sid_env": ["TWILIO_EMEA_SID", "TR_APPLY_SID", "TWILIO_SID_OF_STAGING"],
    "auth_token_env": ["TWILIO_EMEA_TOKEN", "TR_APPLY_TOKEN"],
    "api_key_env": ["TWILIO_EMEA_KEY"],
    "api_secret_env": ["TR_APPLY_EMEA_SECRET"],
    "region_env": ["TWILIO_EMEA_REGION"],
}
OF_OTHERS = ["GITHUB_TOKEN", "AWS_SECRET_ACCESS_KEY", "TWILIO", "TWILIO_", "TR_APPLY_", "MY_TWILIO_SID", "TWILIOSID"]


def filled(key, name):
    """Credentials with *name* at *key*, and the other keys that it needs."""
    pair = {"api_key_env": "api_secret_env", "api_secret_env": "api_key_env"}.get(key)
    more = f", {pair}: {OWN_SORT[pair][0]}" if pair else ""
    return with_credentials(f"{{{key}: {name}{more}}}")


@pytest.mark.parametrize(("key", "name"), [(key, name) for key, names in OWN_SORT.items() for name in names])
def test_a_variable_of_its_own_sort_is_taken(loaded, key, name):
    configuration = loaded(filled(key, name))

    assert configuration.diagnostics == ()
    assert getattr(configuration.document.workspace.credentials, key) == name


@given(
    st.sampled_from(sorted(OWN_SORT)), st.sampled_from(OF_OTHERS) | st.from_regex(r"\A[A-Z]{1,8}(_[A-Z]{1,8}){0,3}\Z")
)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_other_variable_is_refused_with_the_option_that_allows_it(loaded, key, name):
    sort = key.split("_")[-2].upper()
    assume(not (name.startswith(("TWILIO_", "TR_APPLY_")) and sort in name))

    [found] = loaded(filled(key, name)).diagnostics

    assert (found.code, found.path) == ("credentials-variable", f"workspace.credentials.{key}")
    assert f"--allow-credentials-env {name} " in found.message
    assert loaded(filled(key, name), credentials_variables=[name]).diagnostics == ()


def test_a_file_cannot_allow_a_variable_by_itself(loaded):
    text = f"vars: {{TR_APPLY_CREDENTIALS_ENV: GITHUB_TOKEN}}\n{with_credentials('{auth_token_env: GITHUB_TOKEN}')}"

    configuration = loaded(text, overlays=["vars: {TR_APPLY_CREDENTIALS_ENV: GITHUB_TOKEN}\n"])

    assert [each.code for each in configuration.diagnostics] == ["credentials-variable"]


def test_an_overlay_is_held_to_the_same_rule(loaded):
    overlay = with_credentials("{auth_token_env: GITHUB_TOKEN}").replace("name: W, ", "")

    [found] = loaded("workspace: {name: W}\n", overlays=[overlay]).diagnostics

    assert (found.code, found.file) == ("credentials-variable", "overlay0.txt")


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
def test_a_wrong_value_is_not_repeated(loaded, text, secret):
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
def test_a_combination_that_makes_no_sense_is_reported(loaded, text, expected):
    assert expected in findings(loaded(with_credentials(text)))


def test_an_api_key_and_its_secret_belong_together(loaded):
    text = with_credentials("{api_key_env: TWILIO_KEY, api_secret_env: TWILIO_SECRET}")

    assert loaded(text).diagnostics == ()


def test_credentials_are_not_in_a_plan(world, told_plan):
    world.apply("workspace: {name: Center}\n")
    text = "workspace: {name: Center, credentials: {auth_token_env: TWILIO_OTHER_TOKEN}}\n"

    assert told_plan(world.plan(text)) == []
    assert "TWILIO_OTHER_TOKEN" not in str(world.document(text))
