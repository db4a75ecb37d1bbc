"""Addresses below /api/v1/: changes of the rules."""

from django.urls import path

from policies.api.views import rules

ONE = "rule-changes/<int:pk>/"
urlpatterns = [
    path("rule-changes/", rules.RuleChanges.as_view(), name="rule-changes"),
    path(ONE, rules.OneRuleChange.as_view(), name="rule-change"),
    path(f"{ONE}accept/", rules.AcceptRuleChange.as_view(), name="accept-rule-change"),
    path(f"{ONE}reject/", rules.RejectRuleChange.as_view(), name="reject-rule-change"),
    path(f"{ONE}withdraw/", rules.WithdrawRuleChange.as_view(), name="withdraw-rule-change"),
]
