"""Who said what of an outcome. Its own columns hold the latest word; that of each token is kept
beside it, so that it can be taken back.
"""

from __future__ import annotations

import datetime
from collections import defaultdict
from collections.abc import Sequence

from django.db.models import Q

from evaluations.models import Outcome, OutcomeWord
from evaluations.outcomes.events import Feedback
from policies.models import RouterToken

LEARNT_LATER = ("quality_nano", "labelled_class", "late_quality", "late_label")
_SAID = ("quality_nano", "quality_at", "labelled_class", "labelled_at")
_ROWS_A_STATEMENT = 500


def keep_words(
    said: Sequence[tuple[Outcome, Feedback]], token: RouterToken | None, now: datetime.datetime
) -> None:
    """Keep what a token says of outcomes, one row each, and before all others their own word.

    The caller has locked the outcomes and not written the feedback into them yet. What comes
    without a token becomes the outcome's own word.
    """
    speaker = None if token is None else token.pk
    outcomes = {outcome.pk: outcome for outcome, _ in said}
    kept = OutcomeWord.objects.filter(Q(token=token) | Q(token=None), outcome__in=outcomes)
    words = {(word.outcome_id, word.token_id): word for word in kept}
    for pk, outcome in outcomes.items():
        words.setdefault((pk, None), _own_word(outcome))
    for outcome, feedback in said:
        word = words.setdefault((outcome.pk, speaker), OutcomeWord(outcome=outcome, token=token))
        if feedback.quality_nano is not None:
            word.quality_nano, word.quality_at = feedback.quality_nano, now
        if feedback.labelled_class:
            word.labelled_class, word.labelled_at = feedback.labelled_class, now
    new = [word for word in words.values() if word.pk is None]
    again = [word for (_, teller), word in words.items() if teller == speaker and word.pk]
    OutcomeWord.objects.bulk_create(new, batch_size=_ROWS_A_STATEMENT)
    OutcomeWord.objects.bulk_update(again, _SAID, batch_size=_ROWS_A_STATEMENT)


def _own_word(outcome: Outcome) -> OutcomeWord:
    """What stood before the first feedback that is kept with its token."""
    at = outcome.received_at
    return OutcomeWord(
        outcome=outcome,
        quality_nano=outcome.quality_nano,
        quality_at=None if outcome.quality_nano is None else at,
        labelled_class=outcome.labelled_class,
        labelled_at=at if outcome.labelled_class else None,
    )


def take_words_back(token: RouterToken, outcomes: Sequence[int]) -> None:
    """Forget what a token said of these outcomes, which the caller has locked; what was said last
    by others stands again."""
    for start in range(0, len(outcomes), _ROWS_A_STATEMENT):
        some = outcomes[start : start + _ROWS_A_STATEMENT]
        OutcomeWord.objects.filter(token=token, outcome__in=some).delete()
        left: dict[int, list[OutcomeWord]] = defaultdict(list)
        for word in OutcomeWord.objects.filter(outcome__in=some):
            left[word.outcome_id].append(word)
        rows = list(Outcome.objects.filter(pk__in=some).only(*LEARNT_LATER))
        for row in rows:
            _let_stand(row, left[row.pk])
        Outcome.objects.bulk_update(rows, LEARNT_LATER)


def _let_stand(outcome: Outcome, words: Sequence[OutcomeWord]) -> None:
    """Write the latest quality and the latest label of these words into the row."""
    own = next(word for word in words if word.token_id is None)
    qualities = [
        (word.quality_at, word.pk, word.quality_nano)
        for word in words
        if word.quality_at is not None
    ]
    labels = [
        (word.labelled_at, word.pk, word.labelled_class)
        for word in words
        if word.labelled_at is not None
    ]
    outcome.quality_nano = max(qualities)[-1] if qualities else None
    outcome.labelled_class = max(labels)[-1] if labels else ""
    # An own word of long ago may have been learnt later itself: that stays as it is.
    if own.quality_nano is None:
        outcome.late_quality = bool(qualities)
    if not own.labelled_class:
        outcome.late_label = bool(labels)
