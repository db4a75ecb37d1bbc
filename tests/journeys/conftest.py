"""The world of the governance matrix, in which every page has something to show."""

from tests.governance.conftest import world as world
