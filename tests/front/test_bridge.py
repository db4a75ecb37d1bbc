"""A WSGI application behind the front sees and says what the standard has it see and say."""

from collections.abc import Callable, Iterable
from io import BytesIO
from typing import IO, Any
from wsgiref.validate import validator

import pytest

from routing_console.front.bodies import Body
from routing_console.front.bridge import MEMORY_BYTES, call, environ_of
from tests.front.asking import scope

Start = Callable[..., Any]


def _environ(content: bytes = b"", **request: Any) -> dict[str, Any]:
    request = {"method": "POST", "target": "/a?b=1", "headers": [], **request}
    return environ_of(scope(**request), Body(BytesIO(content), len(content)))


def test_environment_and_answer__by_the_standard_librarys_validator__are_wsgi() -> None:
    def application(environ: dict[str, Any], start: Start) -> Iterable[bytes]:
        body = environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"]))
        start("201 Created", [("Content-Type", "text/plain"), ("X-Two", "a"), ("X-Two", "b")])
        return [environ["REQUEST_METHOD"].encode(), b" ", body]

    # The validator knows no environment of a plain dictionary's subclass, nor latin-1 headers.
    answer = call(validator(application), _environ(b"hello", headers=[("Content-Type", "a/b")]))
    assert (answer.status, answer.body) == (201, b"POST hello")
    assert list(answer.headers)[1:3] == [(b"x-two", b"a"), (b"x-two", b"b")]


def test_path__with_any_bytes__arrives_as_they_were() -> None:
    request = scope("GET", "/")
    request |= {"path": "/\ufffd", "raw_path": b"/%ff%C3%A9", "query_string": b"q=%ff&\xe9"}
    environ = environ_of(request, Body(BytesIO(), 0))
    assert environ["PATH_INFO"].encode("latin-1") == b"/\xff\xc3\xa9"
    assert environ["QUERY_STRING"].encode("latin-1") == b"q=%ff&\xe9"


def test_headers__given_twice__are_joined_as_http_joins_them() -> None:
    headers = [("Accept", "a"), ("Accept", "b"), ("Cookie", "a=1"), ("Cookie", "b=2")]
    environ = _environ(headers=headers)
    assert environ["HTTP_ACCEPT"] == "a,b"
    assert environ["HTTP_COOKIE"] == "a=1; b=2"


def test_header__with_an_underscore__does_not_pass_for_the_proxys() -> None:
    environ = _environ(headers=[("X_Forwarded_Proto", "https")])
    assert "HTTP_X_FORWARDED_PROTO" not in environ


def test_body__sent_in_chunks__has_a_length() -> None:
    environ = _environ(b"12345", headers=[("Transfer-Encoding", "chunked")])
    assert environ["CONTENT_LENGTH"] == "5"
    assert "HTTP_TRANSFER_ENCODING" not in environ


@pytest.mark.parametrize("size", [0, 1, MEMORY_BYTES, MEMORY_BYTES + 1])
def test_answer__of_any_size__is_complete_and_closed_by_then(size: int) -> None:
    closed = []

    class Parts(list[bytes]):
        def close(self) -> None:
            closed.append(True)

    def application(environ: dict[str, Any], start: Start) -> Iterable[bytes]:
        start("200 OK", [])
        return Parts([b"a" * (size // 2), b"b" * (size - size // 2)])

    answer = call(application, _environ())
    body: bytes | IO[bytes] = answer.body
    content = body if isinstance(body, bytes) else body.read()
    assert content == b"a" * (size // 2) + b"b" * (size - size // 2)
    assert isinstance(body, bytes) == (size <= MEMORY_BYTES)
    assert closed == [True]


@pytest.mark.parametrize(("status", "length"), [("200 OK", [b"3"]), ("304 Not Modified", [])])
def test_answer__without_a_length__is_given_it_where_it_has_a_body(
    status: str, length: list[bytes]
) -> None:
    def application(environ: dict[str, Any], start: Start) -> Iterable[bytes]:
        start(status, [])
        return [b"a", b"bc"] if length else []

    answer = call(application, _environ())
    assert [value for name, value in answer.headers if name == b"content-length"] == length


def test_application__that_fails_half_way__is_closed_and_its_error_passed_on() -> None:
    closed = []

    class Failing:
        def __iter__(self) -> Iterable[bytes]:
            yield b"half"
            raise ZeroDivisionError

        def close(self) -> None:
            closed.append(True)

    def application(environ: dict[str, Any], start: Start) -> Any:
        start("200 OK", [])
        return Failing()

    with pytest.raises(ZeroDivisionError):
        call(application, _environ())
    assert closed == [True]
