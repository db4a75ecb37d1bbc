"""Addresses below /api/v1/: change requests and what keeps them."""

from django.urls import path

from policies.api.urls.prefixes import CHANGE, WORKFLOW
from policies.api.views import changes, protection, review, three_way

urlpatterns = [
    path("changes/", changes.AllChanges.as_view(), name="all-changes"),
    path(f"{WORKFLOW}changes/", changes.Changes.as_view(), name="changes"),
    path(CHANGE, changes.OneChange.as_view(), name="change"),
    path(f"{CHANGE}update-content/", review.UpdateContent.as_view(), name="update-content"),
    path(f"{CHANGE}rebase/", review.Rebase.as_view(), name="rebase"),
    path(f"{CHANGE}three-way/", three_way.ThreeWay.as_view(), name="three-way"),
    path(f"{CHANGE}merge/", three_way.Merge.as_view(), name="merge"),
    path(f"{CHANGE}acknowledge/", review.Acknowledge.as_view(), name="acknowledge"),
    path(f"{CHANGE}submit/", review.Submit.as_view(), name="submit"),
    path(f"{CHANGE}approve/", review.Approve.as_view(), name="approve"),
    path(f"{CHANGE}request-changes/", review.RequestChanges.as_view(), name="request-changes"),
    path(f"{CHANGE}reject/", review.Reject.as_view(), name="reject"),
    path(f"{CHANGE}withdraw/", review.Withdraw.as_view(), name="withdraw"),
    path(f"{CHANGE}publish/", review.Publish.as_view(), name="publish"),
    path(f"{CHANGE}schedule/", protection.Schedule.as_view(), name="schedule"),
    path(f"{CHANGE}take-back/", protection.TakeBack.as_view(), name="take-back"),
    path(f"{CHANGE}break-glass/", protection.BreakGlass.as_view(), name="break-glass"),
    path(
        f"{CHANGE}approve-afterwards/",
        protection.ApproveAfterwards.as_view(),
        name="approve-afterwards",
    ),
    path(f"{CHANGE}close-debt/", protection.CloseDebt.as_view(), name="close-debt"),
    path(f"{CHANGE}comments/", review.Comments.as_view(), name="comments"),
    path(
        f"{CHANGE}comments/<int:pk>/resolve/",
        protection.ResolveThread.as_view(),
        name="resolve-thread",
    ),
    path(
        f"{CHANGE}comments/<int:pk>/reopen/",
        protection.ReopenThread.as_view(),
        name="reopen-thread",
    ),
    path(f"{WORKFLOW}freezes/", protection.Freezes.as_view(), name="freezes"),
    path(f"{WORKFLOW}freezes/<int:pk>/lift/", protection.LiftFreeze.as_view(), name="lift-freeze"),
    path(f"{WORKFLOW}review-debts/", protection.Debts.as_view(), name="review-debts"),
]
