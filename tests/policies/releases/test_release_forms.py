"""The forms of a release's page: what they say of a mistake is where the page goes to."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import User
from django.test import Client

from policies.models import Environment, Release
from tests.policies.steps import documents, published


@pytest.mark.parametrize("act", ["roll-back", "promote"])
def test_form__sent_empty__comes_back_with_its_errors_where_the_page_goes_to_them(
    client: Client, release: Release, staging: Environment, author: User, owner: User, act: str
) -> None:
    published(staging, author, [owner], owner, documents(share=50))
    client.force_login(owner)
    answer = client.post(f"{release.get_absolute_url()}{act}/", {})
    assert answer.status_code == 422
    assert answer.content.decode().count('id="error-summary"') == 1
