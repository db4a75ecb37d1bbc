"""Log lines say what happened and hold no secret."""

import json
import logging
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policies.delivery import bearer
from routing_console.front.application import Front
from routing_console.logs import JSONFormatter, LineFormatter, WithRequestId, masked
from tests.front.asking import ask, scope
from tests.front.test_application import echo
from tests.services import loops

SECRETS = [
    ("token {} is unknown", bearer.mint(bearer.ROUTER_PREFIX)),
    ("token {} is unknown", bearer.mint(bearer.PERSONAL_PREFIX)),
    ("{{'Authorization': 'Bearer {}'}}", "abc.DEF-123_~+/="),
    ("authorization: basic {}", "dXNlcjpwYXNzd29yZA=="),
    ("Cookie: sessionid={}; a=b", "k2j3h4k2j3h4"),
    ("connecting to postgresql://console:{}@db:5432/console failed", "hunter2"),
    ("secret whsec_{}", "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"),
]


class Lines(logging.Handler):
    """Keeps what a formatter makes of each record."""

    def __init__(self, formatter: logging.Formatter) -> None:
        super().__init__()
        self.lines: list[str] = []
        self.setFormatter(formatter)
        self.addFilter(WithRequestId())

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(self.format(record))


@pytest.fixture(params=[LineFormatter(), JSONFormatter()], ids=["line", "json"])
def lines(request: pytest.FixtureRequest) -> Iterator[Lines]:
    handler = Lines(request.param)
    logging.getLogger().addHandler(handler)
    yield handler
    logging.getLogger().removeHandler(handler)


# Named by place: tokens are new in each process, and processes must find the same tests.
@pytest.mark.parametrize(("text", "secret"), SECRETS, ids=range(len(SECRETS)))
def test_secret__wherever_it_stands_in_a_record__is_in_no_line(
    lines: Lines, text: str, secret: str
) -> None:
    logger = logging.getLogger("tests.logs")
    written = text.format(secret)
    try:
        raise ValueError(written)
    except ValueError:
        logger.exception("It failed: %s", written, extra={"sent": {"nested": written}})
    assert "ValueError" in lines.lines[-1]
    assert secret not in "".join(lines.lines)


@given(st.text(alphabet=st.characters(exclude_characters="_=:@"), max_size=60))
def test_text__without_a_secret__stays_as_it_is(text: str) -> None:
    assert masked(text) == text or "earer" in text.lower() or "basic" in text.lower()


@given(st.text(max_size=40))
def test_line__with_words_of_strangers__is_one_line(text: str) -> None:
    record = logging.LogRecord("x", logging.INFO, __file__, 1, "GET %s", (text,), None)
    line = LineFormatter("%(message)s").format(record)
    assert line.splitlines() == [line] and line.isprintable()


def test_request__that_has_ended__is_one_line_with_its_id_and_without_its_query() -> None:
    handler = Lines(JSONFormatter())
    logger = logging.getLogger("routing_console.requests")
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    headers = [("X-Request-ID", "abc"), ("Authorization", "Bearer rcr_secretsecret")]
    try:
        loops.run(ask(Front(echo, problems=dict), scope("GET", "/w/?q=secret", headers)))
    finally:
        logger.removeHandler(handler)
        logger.setLevel(logging.NOTSET)
    said = json.loads(handler.lines[-1])
    assert said["duration_ms"] >= 0
    known = {"method": "GET", "path": "/w/", "status": 200, "place": "pages", "request_id": "abc"}
    assert known.items() <= said.items()
    assert said["level"] == "INFO"
    assert "secret" not in handler.lines[-1]
