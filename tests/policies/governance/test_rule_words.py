"""What a rule change says field by field is words, never Python."""

from policies.governance.rule_words import changed_fields


def test_changed_fields__are_told_in_words_and_others_left_out() -> None:
    before = {
        "required_approvals": 2,
        "required_checks": ["static_analysis", "contracts"],
        "risk_rules": [{"condition": "rerouted", "above": 0.2, "approvals": 1, "role": "owner"}],
        "reauthenticate_to_approve": True,
        "when_stale": "serve_stale",
    }
    after = {
        "required_approvals": 1,
        "required_checks": [],
        "risk_rules": [],
        "reauthenticate_to_approve": False,
        "when_stale": "serve_stale",
    }
    assert list(changed_fields(before, after)) == [
        ("Required approvals", "2", "1"),
        ("Required checks", "static analysis, complete contracts", "–"),
        (
            "Risk rules",
            "More traffic goes to another model than 20.0%: 1 more approval by an owner",
            "–",
        ),
        ("Password before approving and publishing", "yes", "no"),
    ]


def test_changed_fields__of_a_plan_and_a_price__are_told_in_words() -> None:
    before = {"datasets": [{"digest": "sha256:1", "name": "May"}], "timeout_ms": {}}
    after = {
        "datasets": [
            {"digest": "sha256:1", "name": "May"},
            {"digest": "sha256:2", "name": "June"},
        ],
        "timeout_ms": {"*": 2000.0},
        "regions": ["eu", "us"],
    }
    assert list(changed_fields(before, after)) == [
        ("Datasets", "“May”", "“May”, “June”"),
        ("Time limits (ms)", "–", "* 2000"),
        ("Regions", "–", "eu, us"),
    ]
