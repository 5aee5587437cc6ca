from pathlib import Path

import pytest
from house_tree import SmallTree


@pytest.fixture
def small(tmp_path: Path) -> SmallTree:
    return SmallTree(tmp_path)
