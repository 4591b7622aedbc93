"""Which environment variables hold the credentials of a workspace's account: names, never values."""

import re
from typing import Annotated, Any, Final, Self

from pydantic import AfterValidator, ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

from tr_apply.resources.kind import Resource
from tr_apply.routing.names import sid_pattern

# A name, and nothing that is more likely the secret itself: a SID, a token, or letters and digits in one long run.
_NAME: Final = (
    rf"^(?!{sid_pattern('[A-Za-z]{2}')}$)"
    r"(?![0-9a-fA-F]{32}$)"
    r"(?![A-Za-z]{0,40}[0-9][A-Za-z0-9]{15,}$)"
    r"(?!(?=.*[a-z])(?=.*[A-Z])[A-Za-z0-9]{20,}$)"
    r"[A-Za-z_][A-Za-z0-9_]{0,127}$"
)


def _name_of_a_variable(written: str) -> str:
    if not re.match(_NAME, written) or written.endswith("\n"):
        raise PydanticCustomError(
            "invalid-value",
            "expected the name of an environment variable, as in TWILIO_AUTH_TOKEN; a value does not belong into a "
            "file: if this is one, take it out and have it replaced at Twilio",
        )
    return written


EnvironmentVariable = Annotated[str, Field(json_schema_extra={"pattern": _NAME}), AfterValidator(_name_of_a_variable)]

_TOGETHER: Final[dict[str, Any]] = {"api_key_env": ["api_secret_env"], "api_secret_env": ["api_key_env"]}


class Credentials(Resource):
    """Names of the environment variables with the credentials of the workspace's account.

    So one run serves workspaces of several accounts. A key that is left out uses the usual variable. A name begins with
    TWILIO_ or TR_APPLY_ and contains its sort (SID, TOKEN, KEY, SECRET, REGION), as in TWILIO_EMEA_SID; others need
    --allow-credentials-env.
    """

    model_config = ConfigDict(json_schema_extra={"minProperties": 1, "dependentRequired": _TOGETHER})

    account_sid_env: EnvironmentVariable | None = None
    """Name of the variable with the account's SID, as in TWILIO_ACCOUNT_SID."""

    auth_token_env: EnvironmentVariable | None = None
    """Name of the variable with the account's auth token."""

    api_key_env: EnvironmentVariable | None = None
    """Name of the variable with the SID of an API key, to be used rather than the auth token."""

    api_secret_env: EnvironmentVariable | None = None
    """Name of the variable with the secret of that API key."""

    region_env: EnvironmentVariable | None = None
    """Name of the variable with the account's region, as in TWILIO_REGION."""

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if not self.model_fields_set:
            raise PydanticCustomError("empty", "name at least one variable, or leave `credentials` out")
        for key, [other] in _TOGETHER.items():
            if getattr(self, key) is not None and getattr(self, other) is None:
                raise PydanticCustomError("missing-key", "`{key}` also needs `{other}`", {"key": key, "other": other})
        return self
