"""X-Twilio-Signature, as the helper libraries' RequestValidator checks it."""

import base64
import hashlib
import hmac
from collections.abc import Mapping


def signature(url: str, form: Mapping[str, str], auth_token: str) -> str:
    """The signature of a POST: HMAC-SHA1 over the URL and the sorted fields, as base64."""
    text = url + "".join(name + form[name] for name in sorted(form))
    return base64.b64encode(hmac.new(auth_token.encode(), text.encode(), hashlib.sha1).digest()).decode()
