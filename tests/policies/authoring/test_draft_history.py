"""The history of a draft: every save is kept, undo walks back through it, nothing is lost."""

from __future__ import annotations

import datetime
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.utils import timezone

from policies.governance.refusals import Refused
from policies.models import Draft, DraftRevision, Workflow
from policies.services.authoring import drafts, editing, history
from policies.services.authoring.history import KEPT_WHOLE, Reach, reach, reach_of
from tests.policies.steps import documents, draft_of

KIND = "router_policy"


def share(percent: int) -> Any:
    return documents(share=percent)[KIND]


def save(draft: Draft, percent: int, person: User) -> None:
    editing.save_document(draft, KIND, share(percent), acting_user=person)


def held(draft: Draft) -> Any:
    return draft.documents.get(kind=KIND).document


def kept(draft: Draft) -> list[int]:
    rows = draft.revisions.filter(kind=KIND).order_by("revision")
    return list(rows.values_list("revision", flat=True))


@pytest.fixture
def draft(workflow: Workflow, author: User) -> Draft:
    return draft_of(workflow, author)


def test_draft__new__has_the_first_revision_of_each_document(draft: Draft, author: User) -> None:
    assert draft.revisions.count() == 4
    first = draft.revisions.get(kind=KIND)
    assert (first.revision, first.document, first.saved_by) == (1, held(draft), author)


def test_save__is_kept_with_who_and_when(draft: Draft, co_author: User) -> None:
    save(draft, 50, co_author)
    row = draft.revisions.get(kind=KIND, revision=2)
    assert row.document == share(50) and row.saved_by == co_author
    assert timezone.now() - row.saved_at < datetime.timedelta(minutes=1)


def test_undo_and_redo__walk_back_and_forth_by_saving_anew(draft: Draft, author: User) -> None:
    for percent in (80, 70):
        save(draft, percent, author)
    editing.undo(draft, KIND, acting_user=author)
    assert held(draft) == share(80)
    editing.undo(draft, KIND, acting_user=author)
    assert held(draft) == share(90)
    with pytest.raises(Refused, match="nothing to undo"):
        editing.undo(draft, KIND, acting_user=author)
    for percent in (80, 70):
        editing.redo(draft, KIND, acting_user=author)
        assert held(draft) == share(percent)
    with pytest.raises(Refused, match="nothing to redo"):
        editing.redo(draft, KIND, acting_user=author)
    assert kept(draft) == [1, 2, 3, 4, 5, 6, 7]


def test_edit_after_undo__leaves_nothing_to_redo__and_loses_nothing(
    draft: Draft, author: User
) -> None:
    save(draft, 80, author)
    editing.undo(draft, KIND, acting_user=author)
    save(draft, 60, author)
    assert reach(draft, KIND) == Reach(undo=1, redo=None)
    editing.restore_revision(draft, KIND, 2, acting_user=author)
    assert held(draft) == share(80)


def test_restored_revision__can_be_undone(draft: Draft, author: User) -> None:
    save(draft, 80, author)
    editing.restore_revision(draft, KIND, 1, acting_user=author)
    assert held(draft) == share(90)
    editing.undo(draft, KIND, acting_user=author)
    assert held(draft) == share(80)


def test_reach__over_gaps_in_the_history__leads_to_revisions_that_are_kept() -> None:
    rows = [(1, "saved", None), (9, "saved", None), (10, "undone", 5), (11, "saved", None)]
    assert reach_of(rows) == Reach(undo=10)
    assert reach_of([]) == reach_of([(4, "redone", 3)]) == Reach()


def test_restoring__counts_as_contributing(draft: Draft, author: User, co_author: User) -> None:
    save(draft, 80, author)
    editing.restore_revision(draft, KIND, 1, acting_user=co_author, expected_revision=2)
    assert set(draft.contributors.all()) == {author, co_author}


def test_restoring__by_a_viewer_from_an_old_page_or_in_a_closed_draft__is_refused(
    draft: Draft, author: User, viewer: User
) -> None:
    save(draft, 80, author)
    with pytest.raises(Refused, match="Only"):
        editing.restore_revision(draft, KIND, 1, acting_user=viewer)
    with pytest.raises(Refused, match="saved revision 2"):
        editing.restore_revision(draft, KIND, 1, acting_user=author, expected_revision=1)
    drafts.discard_draft(draft, acting_user=author)
    with pytest.raises(Refused, match="closed"):
        editing.undo(draft, KIND, acting_user=author)
    assert held(draft) == share(80)


def test_revision_that_is_not_kept__cannot_be_restored(draft: Draft, author: User) -> None:
    with pytest.raises(DraftRevision.DoesNotExist):
        editing.restore_revision(draft, KIND, 7, acting_user=author)


def fill(draft: Draft, author: User, count: int, apart: datetime.timedelta) -> None:
    """A history of this many revisions after the first, the last saved just now."""
    now = timezone.now()
    DraftRevision.objects.filter(draft=draft, kind=KIND).update(saved_at=now - (count + 1) * apart)
    DraftRevision.objects.bulk_create(
        DraftRevision(
            draft=draft,
            kind=KIND,
            revision=number,
            document={},
            saved_by=author,
            saved_at=now - (count + 2 - number) * apart,
        )
        for number in range(2, count + 2)
    )
    draft.documents.filter(kind=KIND).update(revision=count + 1)


def test_old_saves_of_one_session__are_thinned_out__but_never_its_first(
    draft: Draft, author: User
) -> None:
    fill(draft, author, KEPT_WHOLE, datetime.timedelta(seconds=10))
    for percent in (50, 60, 70):
        save(draft, percent, author)
    assert len(kept(draft)) == KEPT_WHOLE + 1
    assert kept(draft)[:2] == [1, 5]


def test_old_saves_of_different_sessions_or_people__all_stay(
    draft: Draft, author: User, co_author: User
) -> None:
    fill(draft, author, KEPT_WHOLE, datetime.timedelta(minutes=6))
    save(draft, 50, author)
    assert len(kept(draft)) == KEPT_WHOLE + 2
    draft.revisions.filter(kind=KIND).update(saved_at=timezone.now())
    draft.revisions.filter(kind=KIND, revision=3).update(saved_by=co_author)
    save(draft, 60, author)
    assert 3 in kept(draft)


def test_thinning_out__keeps_one_revision_for_every_pause(draft: Draft, author: User) -> None:
    fill(draft, author, KEPT_WHOLE, datetime.timedelta(seconds=100))
    for percent in range(10, 16):
        save(draft, percent, author)
    # The first at 0 s; those at 100 and 200 s are within five minutes of it, that at 300 s is not.
    assert kept(draft)[:3] == [1, 4, 7]
    assert history.SESSION_PAUSE.total_seconds() == 300
