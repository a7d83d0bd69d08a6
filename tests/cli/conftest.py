"""Fixtures shared by the tests of the command line."""

import pytest
from tests.operators import measure_operators


@pytest.fixture(scope="session", autouse=True)
def operators():
    """Make all processes use the same operators; see `tests.operators`."""
    measure_operators()
