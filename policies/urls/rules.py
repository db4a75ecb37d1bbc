"""Addresses: changes of the rules."""

from django.urls import path

from policies.views.rules import rule_changes

urlpatterns = [
    path("rule-changes/", rule_changes.rule_changes, name="rule-changes"),
    path("rule-changes/<int:pk>/", rule_changes.rule_change, name="rule-change"),
    path(
        "rule-changes/<int:pk>/withdraw/",
        rule_changes.rule_change_withdraw,
        name="rule-change-withdraw",
    ),
    path(
        "rule-changes/<int:pk>/accept/", rule_changes.rule_change_accept, name="rule-change-accept"
    ),
    path(
        "rule-changes/<int:pk>/reject/", rule_changes.rule_change_reject, name="rule-change-reject"
    ),
]
