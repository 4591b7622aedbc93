"""Which TaskRouter the command line names. Light: a command that asks none reads its options, too."""

from pathlib import Path

from tr_apply.errors import UsageError
from tr_apply.frozen import frozen
from tr_apply.own_folder import DATABASE


@frozen
class TargetOptions:
    """The options that name a TaskRouter; where they name none, the environment does.

    Raises:
        UsageError: when they contradict each other.
    """

    base_url: str | None = None
    local: bool = False
    local_db: Path | None = None

    def __post_init__(self) -> None:
        if self.is_local and self.base_url is not None:
            raise UsageError("--local and --base-url exclude each other")
        if self.base_url == "":  # a variable of the shell that is not set; Twilio itself was not meant
            raise UsageError("--base-url is empty")

    @property
    def is_local(self) -> bool:
        """Whether the embedded TaskRouter is meant."""
        return self.local or self.local_db is not None

    @property
    def database(self) -> Path:
        """The file of the embedded TaskRouter."""
        return self.local_db or DATABASE
