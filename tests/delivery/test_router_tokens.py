"""Router tokens: shown once, kept as a hash, rotated with overlap, revoked at once."""

from __future__ import annotations

import datetime
import hashlib
import re

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone

from policies.engine import DocumentError
from policies.governance.refusals import Refused
from policies.models import AuditEvent, Environment, RouterToken
from policies.services.routers.tokens import (
    issue_router_token,
    revoke_router_token,
    rotate_router_token,
)
from tests.services.plane import PlaneInProcess

HOUR = datetime.timedelta(hours=1)


@pytest.fixture
def token(staging: Environment, operator: User) -> RouterToken:
    return issue_router_token(staging, "router in Oslo", acting_user=operator)[0]


def actions() -> list[str]:
    events = AuditEvent.objects.filter(object_type="routertoken").order_by("sequence")
    return list(events.values_list("action", flat=True))


def test_issue__plain_text__is_given_once_and_only_its_hash_is_kept(
    staging: Environment, operator: User
) -> None:
    token, plain = issue_router_token(staging, " router in Oslo ", acting_user=operator)
    assert re.fullmatch(r"rcr_[0-9A-Za-z]{49}", plain)
    token.refresh_from_db()
    assert token.hash == hashlib.sha256(plain.encode()).hexdigest()
    assert (token.name, token.hint) == ("router in Oslo", plain[:10])
    assert plain not in str(AuditEvent.objects.get(action="router_token.issued").detail)


def test_issue__twice__gives_different_tokens(staging: Environment, operator: User) -> None:
    plains = {issue_router_token(staging, "r", acting_user=operator)[1] for _ in range(20)}
    assert len(plains) == 20


@pytest.mark.parametrize("who", ["author", "reviewer", "viewer", "outsider"])
def test_issue__without_the_capability__is_refused_and_leaves_nothing(
    staging: Environment, who: str, request: pytest.FixtureRequest
) -> None:
    with pytest.raises(Refused) as refusal:
        issue_router_token(staging, "mine", acting_user=request.getfixturevalue(who))
    assert refusal.value.is_forbidden
    assert not RouterToken.objects.exists()


def test_issue__administrator__may_too(staging: Environment, administrator: User) -> None:
    assert issue_router_token(staging, "mine", acting_user=administrator)


@pytest.mark.parametrize(
    ("name", "offset", "pointers"),
    [("  ", None, ["/name"]), ("x" * 121, -HOUR, ["/name", "/expires_at"])],
)
def test_issue__wrong_fields__are_told_all_at_once(
    staging: Environment,
    operator: User,
    name: str,
    offset: datetime.timedelta | None,
    pointers: list[str],
) -> None:
    expires_at = None if offset is None else timezone.now() + offset
    with pytest.raises(DocumentError) as error:
        issue_router_token(staging, name, acting_user=operator, expires_at=expires_at)
    assert [problem.pointer for problem in error.value.problems] == pointers


def test_rotate__old_token__works_on_for_the_overlap(token: RouterToken, operator: User) -> None:
    successor, plain = rotate_router_token(token, acting_user=operator, overlap=HOUR)
    token.refresh_from_db()
    assert successor.name == token.name and successor.hash != token.hash
    assert successor.environment == token.environment and plain.startswith(successor.hint)
    assert token.is_usable and token.expires_at is not None
    assert HOUR - (token.expires_at - timezone.now()) < datetime.timedelta(seconds=30)
    assert actions() == ["router_token.issued", "router_token.rotated"]


def test_rotate__token_that_ends_sooner__is_not_prolonged(
    staging: Environment, operator: User
) -> None:
    end = timezone.now() + HOUR
    token, _ = issue_router_token(staging, "r", acting_user=operator, expires_at=end)
    successor, _ = rotate_router_token(token, acting_user=operator, overlap=5 * HOUR)
    token.refresh_from_db()
    assert token.expires_at == end
    assert successor.expires_at is not None and successor.expires_at >= end


def test_rotate__revoked_token__is_refused(token: RouterToken, operator: User) -> None:
    revoke_router_token(token, acting_user=operator)
    with pytest.raises(Refused) as refusal:
        rotate_router_token(token, acting_user=operator)
    assert refusal.value.codes == ("state",)


def test_revoke__twice__ends_it_once(token: RouterToken, operator: User) -> None:
    first = revoke_router_token(token, acting_user=operator)
    second = revoke_router_token(token, acting_user=operator)
    assert first.revoked_at == second.revoked_at is not None
    assert actions() == ["router_token.issued", "router_token.revoked"]


def test_revoke_and_rotate__without_the_capability__are_refused(
    token: RouterToken, author: User
) -> None:
    for act in (revoke_router_token, rotate_router_token):
        with pytest.raises(Refused):
            act(token, acting_user=author)
    token.refresh_from_db()
    assert token.is_usable and token.expires_at is None


def test_issue__without_a_word_on_scopes__opens_everything(token: RouterToken) -> None:
    assert token.scopes == ["read", "report"] and token.opens == "everything"


def test_issue__scopes__are_kept_in_one_order_and_by_its_successor(
    staging: Environment, operator: User
) -> None:
    token, _ = issue_router_token(staging, "r", acting_user=operator, scopes=["report"])
    assert (token.scopes, token.opens) == (["report"], "report outcomes, feedback and status")
    assert rotate_router_token(token, acting_user=operator)[0].scopes == ["report"]
    both, _ = issue_router_token(staging, "r", acting_user=operator, scopes=["report", "read"])
    assert both.scopes == ["read", "report"]


@pytest.mark.parametrize("scopes", [[], ["write"], ["read", "write"]])
def test_issue__scopes_that_are_none__are_refused(
    staging: Environment, operator: User, scopes: list[str]
) -> None:
    with pytest.raises(DocumentError, match="/scopes"):
        issue_router_token(staging, "r", acting_user=operator, scopes=scopes)
    assert not RouterToken.objects.exists()


def test_scope__report_alone__does_not_fetch_policy(staging: Environment, operator: User) -> None:
    _, plain = issue_router_token(staging, "r", acting_user=operator, scopes=["report"])
    reply = PlaneInProcess().fetch(plain)
    assert reply.status == 403
    assert 'error="insufficient_scope"' in reply.headers["www-authenticate"]


@pytest.mark.parametrize("path", ["/api/v1/outcomes", "/api/v1/feedback"])
def test_scope__read_alone__does_not_report(
    client: Client, staging: Environment, operator: User, path: str
) -> None:
    _, plain = issue_router_token(staging, "r", acting_user=operator, scopes=["read"])
    headers = {"Authorization": f"Bearer {plain}"}
    answer = client.post(path, "[]", content_type="application/json", headers=headers)
    assert answer.status_code == 403 and "scope report" in answer.content.decode()


def test_settings_page__rotate__shows_the_successor_once(
    client: Client, token: RouterToken, operator: User
) -> None:
    client.force_login(operator)
    slug = token.environment.workflow.slug
    shown = client.post(f"/w/{slug}/settings/tokens/{token.pk}/rotate/").content.decode()
    (plain,) = re.findall(r"rcr_[0-9A-Za-z]{49}", shown)
    assert "which works on until" in shown
    assert RouterToken.objects.get(hint=plain[:10]).name == token.name
    assert plain not in client.get(f"/w/{slug}/settings/").content.decode()
