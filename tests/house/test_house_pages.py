import hashlib

import pytest
from house_tree import SmallTree

from houserules import pages

CONSOLE = "src/jindou/surfaces/console"
VENDOR = f"{CONSOLE}/static/vendor"


@pytest.mark.parametrize(
    ("markup", "what"),
    [
        ("<script>go()</script>", "An inline script"),
        ("<style>p { color: red }</style>", "An inline style sheet"),
        ('<p style="color: red">', "A `style` attribute"),
        ('<button onclick="go()">', "A script in `onclick`"),
        ('<button hx-on:click="go()">', "A script in `hx-on:click`"),
        ('<a href="javascript:go()">', "A script in `href`"),
    ],
)
def test_markup_that_a_strict_policy_refuses_is_found(small: SmallTree, markup: str, what: str) -> None:
    small.write({f"{CONSOLE}/templates/page.html": f"{{% if\n x > 1 %}}\n{markup}\n{{% endif %}}\n"})
    assert small.found(pages.check) == [
        f"{CONSOLE}/templates/page.html:3: [csp] {what} is refused by the content security policy; use a file."
    ]


def test_files_and_data_are_fine(small: SmallTree) -> None:
    markup = '<script src="/static/js/page.js"></script><script type="application/json">{{ data }}</script>'
    small.write({f"{CONSOLE}/templates/page.html": markup + '<p class="{{ on }}" {% if x %}hidden{% endif %}>'})
    assert small.found(pages.check) == []


def test_a_vendored_file_holds_the_bytes_that_were_pinned(small: SmallTree) -> None:
    entry = '["x.js"]\npackage = "x"\nversion = "1"\nlicence = "MIT"\nsha256 = "{}"\n'
    small.write({f"{VENDOR}/x.js": "x;", f"{VENDOR}/hashes.toml": entry.format(hashlib.sha256(b"x;").hexdigest())})
    assert small.found(pages.check) == []
    small.write({f"{VENDOR}/x.js": "y;"})
    assert small.found(pages.check) == [f"{VENDOR}/x.js:1: [vendor] These are not the bytes pinned in hashes.toml."]


def test_a_vendored_file_nobody_pinned_and_a_pin_without_a_file_are_found(small: SmallTree) -> None:
    small.write({f"{VENDOR}/x.js": "x;", f"{VENDOR}/hashes.toml": '["y.js"]\nsha256 = ""\n'})
    assert small.found(pages.check) == [
        f"{VENDOR}/hashes.toml:1: [vendor] `x.js` must be both here and in the folder, or in neither.",
        f"{VENDOR}/hashes.toml:1: [vendor] `y.js` must be both here and in the folder, or in neither.",
    ]


def test_a_vendored_file_says_where_it_is_from(small: SmallTree) -> None:
    pin = f'["x.js"]\nsha256 = "{hashlib.sha256(b"x;").hexdigest()}"\n'
    small.write({f"{VENDOR}/x.js": "x;", f"{VENDOR}/hashes.toml": pin})
    assert small.found(pages.check) == [
        f"{VENDOR}/x.js:1: [vendor] Its entry in hashes.toml says no licence, package, version."
    ]


def test_a_text_missing_in_one_language_is_found(small: SmallTree) -> None:
    small.write(
        {
            f"{CONSOLE}/texts/en.json": '{"run": {"cost": "Cost", "steps": ""}}',
            f"{CONSOLE}/texts/zh.json": '{"run": {"steps": "步骤"}}',
        }
    )
    assert small.found(pages.check) == [
        f"{CONSOLE}/texts/en.json:1: [texts] No text for `run.steps`.",
        f"{CONSOLE}/texts/zh.json:1: [texts] No text for `run.cost`.",
    ]


def test_a_text_that_a_page_asks_for_and_nobody_wrote_is_found(small: SmallTree) -> None:
    texts = '{"run.cost": "x", "status.ok": "x", "live.text": "x", "live.step.one": "x", "live.step.other": "x"}'
    fine = """{{ t("run.cost") }} {{ t('status.' ~ x) }}"""
    lost = """{{ t("run.lost") }} {{ t('kind.' ~ x) }} {{ t.count("run", 2) }}"""
    small.write(
        {
            f"{CONSOLE}/texts/en.json": texts,
            f"{CONSOLE}/texts/zh.json": texts,
            f"{CONSOLE}/static/js/run.js": 'this.t.get("text"); this.t.count("step", 2);\nthis.t.get("lost");',
            f"{CONSOLE}/templates/run.html": f"{fine}\n{lost}\n",
        }
    )
    assert small.found(pages.check) == [
        f"{CONSOLE}/static/js/run.js:2: [texts] No text for `live.lost`.",
        f"{CONSOLE}/templates/run.html:2: [texts] No text for `kind.`.",
        f"{CONSOLE}/templates/run.html:2: [texts] No text for `run.lost`.",
        f"{CONSOLE}/templates/run.html:2: [texts] No text for `run.one`.",
        f"{CONSOLE}/templates/run.html:2: [texts] No text for `run.other`.",
    ]
