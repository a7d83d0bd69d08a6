"""What the tests of programs share."""

import pytest
from tests.operators import measure_operators


@pytest.fixture(scope="session", autouse=True)
def operators():
    """Let all programs compute with the same operators; see `tests.operators`."""
    measure_operators()
