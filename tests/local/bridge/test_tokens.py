"""Access tokens: JSON Web Tokens that an application signs, and the refusals of others."""

import base64
import json
import time
from contextlib import suppress

import jwt
import pytest
from hypothesis import given
from hypothesis import strategies as st
from twilio.jwt.access_token import AccessToken
from twilio.jwt.access_token.grants import TaskRouterGrant

from tests.local.bridge.conftest import ACCOUNT, SECRET, claims_of, token
from tr_apply.local.bridge.tokens import Grant, read_token
from tr_apply.local.storage.refusals import AccessTokenError

WORKSPACE, WORKER = "WS" + "1" * 32, "WK" + "2" * 32


def read(text, account_sid=None, secret=SECRET, now_s=None):
    return read_token(text, account_sid, secret, time.time() if now_s is None else now_s)


def test_a_token_of_twilios_library_is_read():
    made = AccessToken(ACCOUNT, "SK" + "3" * 32, SECRET, ttl=100, identity="alice")
    made.add_grant(TaskRouterGrant(workspace_sid=WORKSPACE, worker_sid=WORKER, role="supervisor"))

    grant = read(made.to_jwt(), ACCOUNT)

    assert grant == Grant(ACCOUNT, WORKSPACE, WORKER, "supervisor", grant.lifetime_s)
    assert 90 < grant.lifetime_s <= 100
    assert grant.may_see_all


def test_a_worker_is_the_role_of_a_token_that_names_none():
    grant = read(token(WORKSPACE, WORKER, role=None))

    assert (grant.role, grant.may_see_all) == ("worker", False)


def test_any_secret_will_do_where_any_password_does():
    text = token(WORKSPACE, WORKER, secret="x" * 32)

    assert read(text, secret=None).worker_sid == WORKER
    with pytest.raises(AccessTokenError, match="signed with the auth token"):
        read(text)


def test_a_token_expires_on_the_clock_on_the_wall():
    text = token(WORKSPACE, WORKER, ttl_s=100)

    assert read(text, now_s=time.time() + 50).lifetime_s < 51
    with pytest.raises(AccessTokenError, match="has expired") as caught:
        read(text, now_s=time.time() + 101)
    assert caught.value.code == 20104


@pytest.mark.parametrize(
    ("made", "reason"),
    [
        (lambda: token(WORKSPACE, WORKER, algorithm="HS512", secret=SECRET * 2), "signed with"),
        (lambda: token(WORKSPACE, WORKER, account="AC" + "9" * 32), "for another account"),
        (lambda: token(WORKSPACE, WORKER, nbf=int(time.time()) + 600), "not valid yet"),
        (lambda: token(WORKSPACE, WORKER, exp=None), "must say when it expires"),
        (lambda: token(WORKSPACE, WORKER, grants={}), "no task_router grant"),
        (lambda: token(WORKSPACE, WORKER, grants=None), "no task_router grant"),
        (lambda: token("WK" + "1" * 32, WORKER), "needs a workspace_sid"),
        (lambda: token(WORKSPACE, "WS" + "1" * 32), "not the SID of a worker"),
        (lambda: token(WORKSPACE), "needs a worker_sid"),
        (lambda: token(WORKSPACE, WORKER, role="owner"), "needs a worker_sid"),
        (lambda: token(WORKSPACE, WORKER, account="XX"), "needs a sub"),
        (lambda: "", "is required"),
        (lambda: None, "is required"),
        (lambda: "a.b", "not a JSON Web Token"),
        (lambda: "a" * 9000, "not a JSON Web Token"),
        (lambda: "é.b.c", "not a JSON Web Token"),
    ],
    ids=map(str, range(16)),
)
def test_a_refusal_says_why_the_token_is_wrong(made, reason):
    with pytest.raises(AccessTokenError, match=reason) as caught:
        read(made(), ACCOUNT)
    assert caught.value.code == 20101


def unsigned(header, claims):
    parts = (base64.urlsafe_b64encode(json.dumps(each).encode()).decode().rstrip("=") for each in (header, claims))
    return ".".join((*parts, ""))


def test_no_other_algorithm_is_taken_than_the_one_that_was_agreed_on():
    claims = claims_of(WORKSPACE, WORKER)

    with pytest.raises(AccessTokenError, match="HS256"):
        read(unsigned({"alg": "none"}, claims), secret=None)
    with pytest.raises(AccessTokenError, match="HS256"):
        read(jwt.encode(claims, SECRET * 2, algorithm="HS384"), secret=None)
    with pytest.raises(AccessTokenError, match="signed with the auth token"):
        read(unsigned({"alg": "HS256"}, claims))


JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=8),
    lambda each: (
        st.lists(each, max_size=2)
        | st.dictionaries(
            st.sampled_from(["alg", "exp", "nbf", "sub", "grants", "task_router", "role"]), each, max_size=3
        )
    ),
    max_leaves=8,
)


@given(st.text(max_size=40) | st.builds(unsigned, JSON, JSON) | JSON)
def test_any_token_gives_a_grant_or_a_refusal(text):
    with suppress(AccessTokenError):
        assert isinstance(read(text, secret=None), Grant)


@pytest.mark.parametrize("text", ["!!.!!.x", "AA.AA.AA", "W10.W10.AA", "IkEi"], ids=str)
def test_an_invalid_token_is_refused_even_by_a_server_that_accepts_any_secret(text):
    with pytest.raises(AccessTokenError, match="not a JSON Web Token"):
        read(text, secret=None)


@given(st.data())
def test_a_token_with_one_character_changed_is_refused(data):
    text = token(WORKSPACE, WORKER)
    place = data.draw(st.integers(0, len(text) - 2))  # the last one has bits that mean nothing
    other = data.draw(st.sampled_from("abcXYZ019-_."))
    changed = text[:place] + other + text[place + 1 :]

    if changed != text:
        with pytest.raises(AccessTokenError):
            read(changed)
