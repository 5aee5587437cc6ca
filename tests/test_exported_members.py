"""What a module says it offers is there, said once and in order."""

import importlib
import pkgutil

import pytest

import jindou
import jindou_client

MODULES = sorted(
    module.name
    for package in (jindou, jindou_client)
    for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}.")
    if not module.name.endswith("__main__") and ".migrations" not in module.name
)


@pytest.mark.parametrize("name", MODULES)
def test_every_name_a_module_exports_exists_and_is_named_once(name: str) -> None:
    module = importlib.import_module(name)
    exported: list[str] = list(getattr(module, "__all__", []))
    assert [member for member in exported if not hasattr(module, member)] == []
    assert len(exported) == len(set(exported))
