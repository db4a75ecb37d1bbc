"""A client that does one thing wrong is failed by a case; one that does nothing wrong by none."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conformance.clients import ProcessClient
from tests.conformance.console import Script, scripted_console
from tests.conformance.playing import Case, Failed, load_cases, play
from tests.conformance.wrong.client import WrongClient

CASES = {case.name: case for case in load_cases()}
COMMAND = [sys.executable, "-S", "-m", "tests.conformance.wrong.client"]
# What is done wrong, and the case that fails who does it.
OF_KEYS = {
    "verifies no release": "bad_signature",
    "minds no typ of releases": "signature_of_another_typ",
    "takes alg none": "signature_of_another_algorithm",
    "takes alg HS256": "signature_of_another_algorithm",
    "takes the keys of its file alone": "keys_given_rotated",
    "pins keys anew at each start": "key_swapped_after_restart",
    "keeps the first keys alone over a restart": "key_hidden_later",
    "keeps keys as shown, not as trusted": "key_beside",
    "forgets keys that are not shown": "key_hidden_later",
    "starts anew after no key was shown": "keys_emptied",
    "lets keys change under their names": "key_under_a_trusted_name",
    "verifies no endorsement": "key_beside",
    "minds no typ of endorsements": "endorsement_of_another_typ",
    "any trusted key endorses": "second_key_two_by_the_first",
    "any trusted key endorses for any place": "second_key_two_by_the_first",
    "takes keys of any place": "key_out_of_sequence",
    "takes no other file of keys": "keys_given_of_another_console",
}
OF_REVOCATIONS = {
    "reads no revocation": "key_revoked",
    "reads no revocation of the keys that it starts from": "key_revoked_from_the_start",
    "holds to the first reason of a revocation": "key_retired_then_compromised",
    "looks for unknown keys alone": "key_revoked",
    "refuses compromised keys alone": "key_retired",
    "drops a release whose key is revoked": "key_revoked_while_in_force",
    "forgets revocations that are not shown": "key_revoked_hidden_later",
    "keeps no revocation over a restart": "key_revoked_hidden_later",
    "keeps compromised keys alone over a restart": "key_retired",
    "keeps nothing of a poll that fails": "key_revoked_while_refusing",
    "forgets revocations with another file of keys": "keys_given_anew_revoked",
    "believes the last reason shown": "key_compromised_then_retired",
    "names the tag of a compromised release": "compromised_tag_counts_for_nothing",
    "minds no typ of revocations": "key_revoked_in_other_words",
    "verifies no revocation": "key_revoked_by_a_stranger",
    "lets any key shown revoke": "key_revoked_by_a_stranger",
    "lets any trusted key revoke": "key_revoked_by_no_later_one",
    "believes a revoked entry's place": "key_revoked_by_no_later_one",
    "counts numbers of compromised keys": "compromised_number_counts_for_nothing",
    "forgets whose a number was at a restart": "compromised_number_counts_for_nothing",
    "forgets where it belongs with a compromised key": "compromised_number_counts_for_nothing",
    "forgets numbers of retired keys": "key_retired",
    "forgets numbers of retired keys at a restart": "key_retired",
}
OF_PLACES = {
    "takes what comes first, whatever is expected": "not_expected",
    "minds the workflow alone": "other_environment",
    "minds the environment alone": "other_workflow",
    "forgets where it belongs at a restart": "other_environment_after_restart",
}
OF_ENDS = {
    "decides with whatever is over": "expired_refuse",
    "refuses whatever is over": "expired_serve",
    "minds the end only when it takes a release": "expires_while_in_force_refuse",
    "takes not modified for a renewal": "expires_while_in_force_refuse",
    "forgets the end at a restart": "expired_serve",
    "takes a staleness rule that it does not know": "staleness_unknown",
    "forgets the newest end at a restart": "replay_of_a_renewed_release",
    "keeps no renewal": "renewal",
}
OF_KEEPING = {
    "drops its release at a 404": "status_404",
    "forgets the release at a restart": "restart",
    "forgets the newest number at a restart": "replay",
    "counts what it refuses as seen": "refused_leaves_no_trace",
    "names the tag of what it refuses": "tag_of_what_was_refused",
}
OF_POLLING = {
    "polls no more after a failure": "polls_on",
    "asks sooner than told": "retry_after",
}
WRONG = OF_KEYS | OF_REVOCATIONS | OF_PLACES | OF_ENDS | OF_KEEPING | OF_POLLING


@pytest.fixture(scope="module")
def script() -> Iterator[Script]:
    with scripted_console() as started:
        yield started


@pytest.mark.parametrize("case", CASES.values(), ids=lambda case: case.name)
def test_wrong_client__with_nothing_wrong__holds(
    case: Case, script: Script, tmp_path: Path
) -> None:
    if case.needs_a_process:
        play(case, script, lambda variables: ProcessClient(COMMAND, variables), tmp_path)
    else:
        play(case, script, WrongClient, tmp_path)


@pytest.mark.parametrize(("wrong", "case"), WRONG.items(), ids=WRONG)
def test_wrong_client__with_one_thing_wrong__is_failed_by_its_case(
    wrong: str, case: str, script: Script, tmp_path: Path
) -> None:
    with pytest.raises(Failed, match=r"(release|stale|error) is|asked"):
        play(CASES[case], script, lambda variables: WrongClient(variables, wrong), tmp_path)
