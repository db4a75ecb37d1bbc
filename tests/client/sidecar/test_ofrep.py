"""OpenFeature's own client against our sidecar, and the protocol where the client is lenient."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from openfeature import api
from openfeature.client import OpenFeatureClient
from openfeature.contrib.provider.ofrep import OFREPProvider
from openfeature.evaluation_context import EvaluationContext
from openfeature.exception import ErrorCode
from openfeature.flag_evaluation import Reason

from tests.client.conftest import Router
from tests.client.fake_console import FakeConsole
from tests.client.sidecar.conftest import Running, running

FLAGS = "/ofrep/v1/evaluate/flags"


@pytest.fixture
def flags(sidecar: Running) -> Iterator[OpenFeatureClient]:
    api.set_provider(OFREPProvider(sidecar.url))
    yield api.get_client()
    api.clear_providers()


def context(**attributes: Any) -> EvaluationContext:
    return EvaluationContext("r-1", attributes)


def test_model__by_openfeature__is_the_models_name_with_the_rule_as_variant(
    flags: OpenFeatureClient, sidecar: Running
) -> None:
    details = flags.get_string_details("model", "", context(task="code"))
    expected = sidecar.client.decide({"attributes": {"task": "code"}, "request_id": "r-1"})
    assert (details.value, details.error_code) == (expected.model, None)
    assert details.variant == expected.decision.policy_rule
    assert details.flag_metadata["class"] == "complex"
    assert details.flag_metadata["release_number"] == 1
    assert details.flag_metadata["request_id"] == "r-1"


def test_model__dealt_out_by_weights__is_a_split_by_the_targeting_key(
    flags: OpenFeatureClient, sidecar: Running
) -> None:
    for number in range(30):
        key = f"user-{number}"
        details = flags.get_string_details("model", "", EvaluationContext(key, {"task": "answer"}))
        decided = sidecar.client.decide({"attributes": {"task": "answer"}, "request_id": key})
        assert (details.value, details.reason) == (decided.model, Reason.SPLIT)


def test_class__by_openfeature__is_the_class_with_its_rule(flags: OpenFeatureClient) -> None:
    details = flags.get_string_details("class", "", context(task="code"))
    assert (details.value, details.variant) == ("complex", "c1")
    assert details.reason == Reason.TARGETING_MATCH


def test_class__no_rule_matches__is_the_default(flags: OpenFeatureClient) -> None:
    details = flags.get_string_details("class", "", context(task="answer"))
    assert (details.reason, details.variant) == (Reason.DEFAULT, "default")


def test_decision__by_openfeature__can_be_echoed_for_its_next_attempt(
    flags: OpenFeatureClient, sidecar: Running
) -> None:
    decision = flags.get_object_details("decision", {}, context(task="code")).value
    asked_directly = {"request_id": "r-1", "attributes": {"task": "code"}}
    assert decision == sidecar.post("/v1/decide", asked_directly).json
    failed = {"model": "swift-large", "failure_kind": "timeout"}
    asked = {"decision": decision, "attempts": [failed]}
    assert sidecar.post("/v1/next-attempt", asked).json["next"]["model"] == "orchid"


def test_unknown_flag__by_openfeature__is_not_found_and_named(flags: OpenFeatureClient) -> None:
    details = flags.get_string_details("colour", "blue", context())
    assert (details.value, details.error_code) == ("blue", ErrorCode.FLAG_NOT_FOUND)
    assert details.error_message is not None and "model, class, decision" in details.error_message


def test_model__asked_for_as_a_number__is_a_type_mismatch(flags: OpenFeatureClient) -> None:
    assert flags.get_integer_details("model", 1, context()).error_code == ErrorCode.TYPE_MISMATCH


def test_context__of_a_wrong_kind__is_invalid_and_its_place_named(
    flags: OpenFeatureClient,
) -> None:
    details = flags.get_string_details("model", "", context(task={"deep": 1}))
    assert details.error_code == ErrorCode.INVALID_CONTEXT
    assert details.error_message is not None and "/context/task" in details.error_message


def test_context__shared_with_other_flags__is_taken_for_what_is_ours(
    flags: OpenFeatureClient,
) -> None:
    shared = context(task="code", user={"name": "A"}, colour="red")
    details = flags.get_string_details("model", "", shared)
    assert details.value == "swift-large"
    assert details.flag_metadata["ignored"] == "colour"


def test_model__no_release_yet__gives_the_applications_default(router: Router) -> None:
    with running(router()) as sidecar:
        api.set_provider(OFREPProvider(sidecar.url))
        details = api.get_client().get_string_details("model", "mine", context())
        api.clear_providers()
    assert (details.value, details.error_code) == ("mine", ErrorCode.GENERAL)
    assert details.error_message is not None and "no release yet" in details.error_message


@pytest.mark.parametrize(
    ("document", "code"),
    [
        ([], "PARSE_ERROR"),
        ({"context": 7}, "INVALID_CONTEXT"),
        ({"context": {"targetingKey": 7}}, "INVALID_CONTEXT"),
        ({"context": {"task": {}}}, "INVALID_CONTEXT"),
    ],
)
@pytest.mark.parametrize("path", [FLAGS, f"{FLAGS}/model"])
def test_bad_request__is_answered_in_the_protocols_words(
    sidecar: Running, path: str, document: object, code: str
) -> None:
    answered = sidecar.post(path, document)
    assert (answered.status, answered.json["errorCode"]) == (400, code)
    assert ("key" in answered.json) == path.endswith("/model")


def test_bulk__one_context__gives_every_flag(sidecar: Running) -> None:
    answered = sidecar.post(FLAGS, {"context": {"targetingKey": "r-1", "task": "code"}})
    values = {flag["key"]: flag["value"] for flag in answered.json["flags"]}
    assert (values["model"], values["class"]) == ("swift-large", "complex")
    for flag in answered.json["flags"]:
        assert all(isinstance(each, str | bool | int | float) for each in flag["metadata"].values())


@pytest.mark.parametrize("key", [{"targetingKey": "r-1"}, {}])
def test_bulk__asked_again__is_not_modified_until_another_release(
    sidecar: Running, console: FakeConsole, key: dict[str, str]
) -> None:
    asked = {"context": {**key, "task": "answer"}}
    tag = sidecar.post(FLAGS, asked).headers["ETag"]
    again = sidecar.ask("POST", FLAGS, asked, {"If-None-Match": tag})
    assert (again.status, again.body, again.headers["ETag"]) == (304, b"", tag)
    console.publish(2, share=10)
    sidecar.client.poll_once()
    assert sidecar.ask("POST", FLAGS, asked, {"If-None-Match": tag}).status == 200


@pytest.mark.parametrize("path", [FLAGS, f"{FLAGS}/model"])
@pytest.mark.parametrize(
    ("method", "headers", "status"),
    [
        ("GET", {}, 405),
        ("POST", {"Content-Type": "text/plain"}, 415),
        ("POST", {"Content-Encoding": "gzip"}, 415),
    ],
)
def test_flags__asked_in_a_way_that_they_are_not__are_refused_in_ofreps_form(
    sidecar: Running, path: str, method: str, headers: dict[str, str], status: int
) -> None:
    answered = sidecar.ask(method, path, {"context": {}}, headers)
    assert (answered.status, answered.headers["Content-Type"]) == (status, "application/json")
    assert answered.json["errorCode"] == "GENERAL"
    assert answered.json["errorDetails"]
