"""What is done with a change request: each act is a POST, and answers with how it stands then."""

from __future__ import annotations

from collections.abc import Callable

from rest_framework import status
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from policies.api.access import change_to_act_on_or_404, person, release_rows
from policies.api.bodies import Nothing, PageQuery, read, read_query
from policies.api.operation import Made, body_example, operation
from policies.api.pages import page_of, pages_of
from policies.api.shapes.changes import ChangeDetailSerializer
from policies.api.shapes.releases import ReleaseDetailSerializer
from policies.api.shapes.review import Acknowledgement, CommentSerializer, Judgement, NewComment
from policies.api.shapes.three_way import Rebasing
from policies.api.views.changes import shown_change
from policies.models import ChangeRequest, Review
from policies.services.releases import publication
from policies.services.review import changes, reviews
from policies.services.review.merging import rebase_as_it_is

SEEN = "sha256:" + "0" * 64
JUDGEMENT_EXAMPLE = body_example(
    "Bound to what I saw", {"reason": "Cheaper, and no worse.", "subject_digest": SEEN}
)


class UpdateContent(APIView):
    @operation(
        "update_change_content",
        "Take over the draft's documents; a change of meaning voids approvals",
        gives=ChangeDetailSerializer,
    )
    def post(self, request: Request, slug: str, number: int) -> Response:
        read(request, Nothing)
        change = change_to_act_on_or_404(request, slug, number)
        return shown_change(request, changes.update_content(change, acting_user=person(request)))


class Rebase(APIView):
    @operation(
        "rebase_change",
        "Compare it with the release active now; refused where that would undo it, unless said so",
        takes=Rebasing,
        gives=ChangeDetailSerializer,
        examples=[body_example("Undo what was published", {"undoes": SEEN})],
    )
    def post(self, request: Request, slug: str, number: int) -> Response:
        change = change_to_act_on_or_404(request, slug, number)
        undoes = read(request, Rebasing).get("undoes", "")
        rebased = rebase_as_it_is(change, undoes=undoes, acting_user=person(request))
        return shown_change(request, rebased)


class Acknowledge(APIView):
    @operation(
        "acknowledge_warnings",
        "Accept warnings of the static analysis by name",
        takes=Acknowledgement,
        gives=ChangeDetailSerializer,
    )
    def post(self, request: Request, slug: str, number: int) -> Response:
        change = change_to_act_on_or_404(request, slug, number)
        names = read(request, Acknowledgement)["names"]
        return shown_change(
            request, changes.acknowledge(change, names, acting_user=person(request))
        )


class Submit(APIView):
    @operation("submit_change", "Ask for review", gives=ChangeDetailSerializer)
    def post(self, request: Request, slug: str, number: int) -> Response:
        read(request, Nothing)
        change = change_to_act_on_or_404(request, slug, number)
        return shown_change(request, changes.submit(change, acting_user=person(request)))


class Withdraw(APIView):
    @operation("withdraw_change", "Take the proposal back", gives=ChangeDetailSerializer)
    def post(self, request: Request, slug: str, number: int) -> Response:
        read(request, Nothing)
        change = change_to_act_on_or_404(request, slug, number)
        return shown_change(request, changes.withdraw(change, acting_user=person(request)))


def judged(request: Request, change: ChangeRequest, judge: Callable[..., Review]) -> Response:
    """Say a person's word on what they saw, by one of the services of review."""
    asked = read(request, Judgement)
    judge(change, asked["reason"], acting_user=person(request), seen=asked["subject_digest"])
    return shown_change(request, change)


class Approve(APIView):
    @operation(
        "approve_change",
        "Approve exactly what is there now",
        takes=Judgement,
        gives=ChangeDetailSerializer,
        examples=[JUDGEMENT_EXAMPLE],
    )
    def post(self, request: Request, slug: str, number: int) -> Response:
        return judged(request, change_to_act_on_or_404(request, slug, number), reviews.approve)


class RequestChanges(APIView):
    @operation(
        "request_changes",
        "Ask the author for something else; outranks any number of approvals",
        takes=Judgement,
        gives=ChangeDetailSerializer,
    )
    def post(self, request: Request, slug: str, number: int) -> Response:
        return judged(
            request, change_to_act_on_or_404(request, slug, number), reviews.request_changes
        )


class Reject(APIView):
    @operation(
        "reject_change",
        "Close the proposal for good",
        takes=Judgement,
        gives=ChangeDetailSerializer,
    )
    def post(self, request: Request, slug: str, number: int) -> Response:
        return judged(request, change_to_act_on_or_404(request, slug, number), reviews.reject)


class Publish(APIView):
    @operation(
        "publish_change",
        "Put an approved change in force",
        gives=ReleaseDetailSerializer,
        status=201,
        made=Made("api:release", ("slug",), {"environment": "environment", "number": "number"}),
    )
    def post(self, request: Request, slug: str, number: int) -> Response:
        read(request, Nothing)
        change = change_to_act_on_or_404(request, slug, number)
        release = publication.publish(change, acting_user=person(request))
        shown = ReleaseDetailSerializer(
            release_rows().get(pk=release.pk), context={"request": request}
        )
        return Response(shown.data, status=status.HTTP_201_CREATED)


class Comments(APIView):
    @operation(
        "list_comments",
        "The discussion, oldest first",
        gives=pages_of(CommentSerializer),
        query=PageQuery,
    )
    def get(self, request: Request, slug: str, number: int) -> Response:
        read_query(request, PageQuery)
        change = change_to_act_on_or_404(request, slug, number)
        return page_of(
            change.comments.select_related("author", "resolved_by", "change__bundle"),
            CommentSerializer,
            request,
        )

    @operation(
        "comment_on_change",
        "Say something about it, or about one place of its bundle",
        takes=NewComment,
        gives=CommentSerializer,
        status=201,
        made=Made("api:comments", ("slug", "number")),
        examples=[
            body_example("About a rule", {"body": "Why 90 %?", "anchor": "/router_policy/rules/0"})
        ],
    )
    def post(self, request: Request, slug: str, number: int) -> Response:
        change = change_to_act_on_or_404(request, slug, number)
        asked = read(request, NewComment)
        remark = changes.comment(change, **asked, acting_user=person(request))
        return Response(CommentSerializer(remark).data, status=status.HTTP_201_CREATED)
