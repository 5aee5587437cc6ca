from house_tree import SmallTree

from houserules import names, sizes


def test_a_file_of_401_lines_is_too_long(small: SmallTree) -> None:
    small.write({"src/jindou/long.py": "x = 1\n" * 401, "src/jindou/fits.py": "x = 1\n" * 400})
    assert small.found(sizes.check) == ["src/jindou/long.py:1: [size] The file has 401 lines, more than 400."]


def test_a_function_of_51_lines_is_too_long_wherever_it_stands(small: SmallTree) -> None:
    body = "        x = 1\n" * 50
    small.write(
        {"tests/test_x.py": f"class Outer:\n    async def inner(self):\n{body}\n    def fits(self):\n{body[:-14]}"}
    )
    assert small.found(sizes.check) == ["tests/test_x.py:2: [size] `Outer.inner` has 51 lines, more than 50."]


def test_a_class_of_301_lines_is_too_long(small: SmallTree) -> None:
    small.write({"src/jindou/x.py": "class Wide:\n" + "    x = 1\n" * 300})
    assert small.found(sizes.check) == ["src/jindou/x.py:1: [size] `Wide` has 301 lines, more than 300."]


def test_a_script_has_300_lines_at_most_and_all_together_3000(small: SmallTree) -> None:
    small.write({"src/a.js": "x;\n" * 301} | {f"src/{number}.mjs": "x;\n" * 300 for number in range(9)})
    assert small.found(sizes.check) == [
        "src/0.mjs:1: [size] All hand-written scripts together have 3001 lines, more than 3000.",
        "src/a.js:1: [size] The file has 301 lines, more than 300.",
    ]


def test_what_others_wrote_may_be_of_any_size(small: SmallTree) -> None:
    small.write({"src/static/vendor/htmx.js": "x;\n" * 5000})
    assert small.found(sizes.check) == []


def test_a_size_with_a_reason_is_allowed(small: SmallTree) -> None:
    table = '[[size]]\nwhat = "src/jindou/long.py"\nreason = "A table of one row a country."\n'
    small.write({"src/jindou/long.py": "x = 1\n" * 500, "tools/exceptions.toml": table})
    assert small.found(sizes.check) == []


def test_an_exception_without_need_without_reason_or_from_no_rule_is_a_breach(small: SmallTree) -> None:
    granted = [("size", "src/jindou/a.py", "It is long."), ("size", "src/jindou/b.py", " "), ("taste", "c", "No.")]
    table = "".join(f'[[{rule}]]\nwhat = "{what}"\nreason = "{reason}"\n' for rule, what, reason in granted)
    small.write({"src/jindou/a.py": "", "src/jindou/b.py": "", "tools/exceptions.toml": table})
    assert small.found(sizes.check) == [
        "tools/exceptions.toml:1: [exceptions] The exception of src/jindou/b.py from `size` needs a reason.",
        "tools/exceptions.toml:1: [exceptions] There is no exception from `taste`.",
        "tools/exceptions.toml:1: [exceptions] src/jindou/a.py keeps `size` by now; delete its exception.",
    ]


def test_a_word_that_says_nothing_is_found_in_files_and_folders(small: SmallTree) -> None:
    small.write({"src/jindou/run_utils.py": "", "docs/common/x.md": "", "src/jindou/corelation.py": ""})
    assert small.found(names.check) == [
        "docs/common/x.md:1: [name] `common` in a path says nothing; name what the file is about.",
        "src/jindou/run_utils.py:1: [name] `utils` in a path says nothing; name what the file is about.",
    ]


def test_a_file_that_git_ignores_is_not_ours(small: SmallTree) -> None:
    small.write({".gitignore": "build/\n", "build/utils.py": "", ".venv/.gitignore": "*\n", ".venv/core.py": ""})
    assert small.found(names.check) == []
