# What one does here all day; `.ci/run` does all of it on a bare machine.

# Format, then check everything but the tests.
check: format
    uv run --all-groups ruff check
    uv run --all-groups pyright
    uv run --all-groups lint-imports
    uv run --all-groups deptry .
    uv run python tools/house.py
    uv run python tools/licences.py

# Run the tests; `just test tests/house` runs some.
test *arguments:
    uv run pytest {{ arguments }}

# Serve the demo company on this machine.
serve:
    uv run jindou up

# Format the code, and write the pages that are made from it.
format:
    uv run --all-groups ruff format
    uv run --all-groups ruff check --fix-only --quiet
    uv run python tools/settings_doc.py --write
    uv run python tools/licences.py --write
