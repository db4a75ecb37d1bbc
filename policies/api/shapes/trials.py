"""A request tried on documents, and the trace of its decision."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from policies.api.bodies import Body
from policies.api.shapes.components import ProblemAt
from policies.api.shapes.drafts import Documents, ReleaseName
from policies.engine.routing import ON_NO_CANDIDATE, SELECTIONS

SOURCES = ("documents", "draft", "release")
Text, Flag = serializers.CharField, serializers.BooleanField
Number, Whole = serializers.FloatField, serializers.IntegerField
Value = serializers.JSONField


class Trial(Body):
    """A request, and exactly one of four documents, a draft or a release to try it on."""

    documents = Documents(required=False)
    draft = Whole(required=False, min_value=1, help_text="Number of a draft of this workflow.")
    release = ReleaseName(required=False)
    request = serializers.DictField(
        help_text="`attributes`, and where known `prompt`, `request_id`, `input_tokens`, "
        "`max_output_tokens`."
    )

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if sum(name in attrs for name in SOURCES) != 1:
            one = "Give exactly one of documents, draft and release."
            raise serializers.ValidationError({"documents": [one]})
        return attrs


class ReasonShape(serializers.Serializer[Any]):
    model = Text()
    reason = Text(help_text="A code, such as `region`.")
    sentence = Text()


class EndShape(serializers.Serializer[Any]):
    reason = Text(help_text="A code, such as `max_attempts`.")
    sentence = Text()


class RequirementsShape(serializers.Serializer[Any]):
    regions = serializers.ListField(child=Text())
    capabilities = serializers.ListField(child=Text())
    input_tokens = Whole(allow_null=True)
    max_output_tokens = Whole(allow_null=True)


class DecisionShape(serializers.Serializer[Any]):
    """What a router would do, with the names of the engine."""

    class_key = Text()
    class_rule = Text(allow_null=True)
    class_source = serializers.ChoiceField(["rule", "default", "provided"])
    policy_rule = Text(help_text="`default` where no rule matched.")
    model = Text(allow_null=True, help_text="Null where the request is refused.")
    candidates = serializers.ListField(child=Text())
    excluded = ReasonShape(many=True)
    bucket = Number(allow_null=True)
    refused = Text(allow_null=True)
    unchecked = serializers.ListField(child=Text())
    requirements = RequirementsShape()
    fell_to_default = Flag()


class AttributeShape(serializers.Serializer[Any]):
    name = Text()
    standing = serializers.ChoiceField(["given", "derived", "missing", "unusable", "undeclared"])
    value = Value(allow_null=True)
    trouble = Text(allow_blank=True)


class ProvidedShape(serializers.Serializer[Any]):
    standing = serializers.ChoiceField(
        ["used", "absent", "unknown_class", "no_confidence", "low_confidence"]
    )
    attribute = Text()
    offered = Value(allow_null=True)
    confidence_attribute = Text()
    confidence = Value(allow_null=True)
    min_confidence = Number()


class TestShape(serializers.Serializer[Any]):
    attribute = Text()
    constraint = Value(help_text="As in the document.")
    actual = Value(allow_null=True, help_text="Null where the attribute is missing.")
    holds = Flag()


class BoxShape(serializers.Serializer[Any]):
    holds = Flag()
    tests = TestShape(many=True)


class RuleShape(serializers.Serializer[Any]):
    id = Text()
    outcome = serializers.ChoiceField(["matched", "failed", "not_tried"])
    boxes = BoxShape(many=True)


class CandidateShape(serializers.Serializer[Any]):
    model = Text()
    weight = Number()
    place = Whole(allow_null=True, help_text="1 is chosen; null is excluded.")
    reasons = ReasonShape(many=True)
    cost_usd = Number(allow_null=True)
    typical_cost_usd = Number(allow_null=True)


class RouteShape(serializers.Serializer[Any]):
    rule = Text()
    select = serializers.ChoiceField(SELECTIONS)
    on_no_candidate = serializers.ChoiceField(ON_NO_CANDIDATE)
    candidates = CandidateShape(many=True)
    bucket = Number(allow_null=True)
    holders = serializers.ListField(
        child=Text(),
        help_text="The models that the key belonged to by each of a split's weights, oldest "
        "first; empty for a split without earlier weights.",
    )
    unchecked = serializers.ListField(child=Text())


class HopShape(serializers.Serializer[Any]):
    model = Text()
    tries = Whole()
    waits_ms = serializers.ListField(child=Whole())


class FailureShape(serializers.Serializer[Any]):
    kind = Text(help_text="One of the sixteen failure kinds.")
    hops = HopShape(many=True)
    end = EndShape()
    unreached = serializers.ListField(child=Text())


class TraceSerializer(serializers.Serializer[Any]):
    """Every step of a decision; `problems` are what of the request is not used."""

    decision = DecisionShape()
    attributes = AttributeShape(many=True)
    provided = ProvidedShape(allow_null=True)
    class_rules = RuleShape(many=True)
    policy_rules = RuleShape(many=True)
    routes = RouteShape(many=True)
    failures = FailureShape(many=True)
    split_key = Text(allow_blank=True)
    problems = ProblemAt(many=True)
