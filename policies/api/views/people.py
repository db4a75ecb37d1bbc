"""The caller, their tokens, their teams."""

from __future__ import annotations

from django.shortcuts import get_object_or_404
from rest_framework import status
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from policies.api.access import person, team_or_404, visible_teams
from policies.api.bodies import Nothing, PageQuery, read, read_query
from policies.api.operation import Made, body_example, operation
from policies.api.pages import page_of, pages_of
from policies.api.shapes.people import (
    IssuedPersonalTokenSerializer,
    MembershipSerializer,
    MeSerializer,
    NewMember,
    NewTeam,
    NewToken,
    PersonalTokenSerializer,
    TeamSerializer,
)
from policies.api.shapes.rules import RuleChangeSerializer, waiting_answer
from policies.models import Membership, PersonalToken
from policies.services.people import tokens
from policies.services.rules.members import give_role
from policies.services.teams import members


class Me(APIView):
    @operation("get_me", "Who I am and what I may do", gives=MeSerializer)
    def get(self, request: Request) -> Response:
        return Response(MeSerializer(person(request), context={"request": request}).data)


class MyTokens(APIView):
    @operation(
        "list_my_tokens",
        "My personal tokens",
        gives=pages_of(PersonalTokenSerializer),
        query=PageQuery,
    )
    def get(self, request: Request) -> Response:
        read_query(request, PageQuery)
        rows = PersonalToken.objects.filter(user=person(request))
        return page_of(rows, PersonalTokenSerializer, request)

    @operation(
        "issue_my_token",
        "Issue a token that acts for me",
        takes=NewToken,
        gives=IssuedPersonalTokenSerializer,
        status=201,
        made=Made("api:my-token", told={"pk": "id"}),
        examples=[body_example("For a pipeline", {"name": "nightly pipeline"})],
    )
    def post(self, request: Request) -> Response:
        asked = read(request, NewToken)
        user = person(request)
        token, plain = tokens.issue_personal_token(
            user, asked["name"], acting_user=user, expires_at=asked.get("expires_at")
        )
        shown = IssuedPersonalTokenSerializer(token, context={"plain": plain})
        return Response(shown.data, status=status.HTTP_201_CREATED)


class MyToken(APIView):
    @operation("revoke_my_token", "End one of my tokens at once", gives=PersonalTokenSerializer)
    def delete(self, request: Request, pk: int) -> Response:
        read(request, Nothing)
        token = get_object_or_404(PersonalToken, pk=pk, user=person(request))
        token = tokens.revoke_personal_token(token, acting_user=person(request))
        return Response(PersonalTokenSerializer(token).data)


class Teams(APIView):
    @operation("list_teams", "Teams I belong to", gives=pages_of(TeamSerializer), query=PageQuery)
    def get(self, request: Request) -> Response:
        read_query(request, PageQuery)
        return page_of(visible_teams(request).order_by("slug"), TeamSerializer, request)

    @operation(
        "create_team",
        "Found a team",
        takes=NewTeam,
        gives=TeamSerializer,
        status=201,
        made=Made("api:team", told={"slug": "slug"}),
        examples=[body_example("A team", {"slug": "support", "name": "Support"})],
    )
    def post(self, request: Request) -> Response:
        team = members.create_team(**read(request, NewTeam), acting_user=person(request))
        shown = TeamSerializer(team, context={"request": request})
        return Response(shown.data, status=status.HTTP_201_CREATED)


class OneTeam(APIView):
    @operation("get_team", "One team", gives=TeamSerializer)
    def get(self, request: Request, slug: str) -> Response:
        team = team_or_404(request, slug)
        return Response(TeamSerializer(team, context={"request": request}).data)


class Members(APIView):
    @operation(
        "list_members",
        "Who has which role in a team",
        gives=pages_of(MembershipSerializer),
        query=PageQuery,
    )
    def get(self, request: Request, slug: str) -> Response:
        read_query(request, PageQuery)
        rows = Membership.objects.filter(team=team_or_404(request, slug)).select_related("user")
        return page_of(rows.order_by("user__username", "pk"), MembershipSerializer, request)

    @operation(
        "add_member",
        "Give a person a role",
        takes=NewMember,
        gives=MembershipSerializer,
        status=201,
        made=Made("api:member", ("slug",), {"pk": "id"}),
        or_else={status.HTTP_202_ACCEPTED: RuleChangeSerializer},
        examples=[body_example("A reviewer", {"username": "rune", "role": "reviewer"})],
    )
    def post(self, request: Request, slug: str) -> Response:
        """A role that may approve, publish or change rules waits for a second person, once the
        team has a release: the answer is then 202."""
        team = team_or_404(request, slug)
        asked = read(request, NewMember)
        change = give_role(team, **asked, acting_user=person(request))
        waiting = waiting_answer(change)
        if waiting is not None:
            return waiting
        membership = Membership.objects.get(team=team, user=asked["user"], role=asked["role"])
        return Response(MembershipSerializer(membership).data, status=status.HTTP_201_CREATED)


class Member(APIView):
    @operation("remove_member", "Take a role away from a person", status=204)
    def delete(self, request: Request, slug: str, pk: int) -> Response:
        read(request, Nothing)
        memberships = Membership.objects.select_related("team", "user")
        membership = get_object_or_404(memberships, team=team_or_404(request, slug), pk=pk)
        members.remove_member(membership, acting_user=person(request))
        return Response(status=status.HTTP_204_NO_CONTENT)
