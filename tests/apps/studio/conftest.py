"""What the tests of the studio share."""

import numpy as np
import pytest
from tests.apps.studio.results import made


@pytest.fixture
def result(rng):
    return made(rng.random((48, 64, 3), np.float32))
