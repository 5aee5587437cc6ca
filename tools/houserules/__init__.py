"""The rules of the house that no linter knows, each in a module of its own. `tools/house.py` runs them all."""
