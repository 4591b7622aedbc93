import json

import pytest

from tr_apply.local.http.answers import json_response


@pytest.mark.parametrize("text", ["plain", 'quote " and \\', "línea\n", "日本", "\ud800", "\u2028", "\x7f\x00"])
def test_an_answer_holds_every_text_that_json_can_hold(text):
    response = json_response({"name": text, text: [1, 2.5, None, True]})

    assert json.loads(response.body) == {"name": text, text: [1, 2.5, None, True]}
    assert int(response.headers["content-length"]) == len(response.body)
