"""Names are kept as everybody can type them, and nobody gets a name that looks like another's."""

import pytest

from jindou.errors import Invalid
from jindou.identity.principals import clean_name, skeleton
from jindou.identity.principals.names import clean_handle


def test_a_handle_is_kept_in_its_normal_form() -> None:
    assert clean_handle(" ｃｌｅｒｋ ") == "clerk"
    assert clean_handle("Marta.Lindqvist+x@example.com") == "Marta.Lindqvist+x@example.com"
    assert clean_handle("赵强") == "赵强"
    assert clean_name("  Zhao\u00a0 Qiang ") == "Zhao Qiang"


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("cle\u200brk", "visible characters"),
        ("clerk\u202e", "visible characters"),
        ("cl\u00aderk", "visible characters"),
        ("clerk\u3164", "visible characters"),
        ("clerk\ufe0f", "visible characters"),
        ("cl\u0435rk", "one script in a word"),
        ("αdmin", "one script in a word"),
        ("", "letters, digits and . _ - @ +"),
        ("-clerk", "letters, digits and . _ - @ +"),
        ("a/b", "letters, digits and . _ - @ +"),
        ("a b", "letters, digits and . _ - @ +"),
        ("x" * 81, "letters, digits and . _ - @ +"),
    ],
)
def test_a_handle_that_is_not_what_it_looks_like_is_refused(text: str, rule: str) -> None:
    with pytest.raises(Invalid) as refused:
        clean_handle(text)
    assert (refused.value.field, refused.value.rule) == ("handle", rule)


@pytest.mark.parametrize("text", ["", "\u2028", "Le\u200dna", "Mаrta"])
def test_a_name_that_is_not_what_it_looks_like_is_refused(text: str) -> None:
    with pytest.raises(Invalid):
        clean_name(text)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("clerk", "CLERK"),
        ("clerk", "c1erk"),
        ("clerk", "cIerk"),
        ("cea", "сеа"),
        ("HOPE", "НОРЕ"),
        ("barn", "bam"),
        ("o0", "OO"),
        ("vvest", "west"),
        ("room1", "room١"),
    ],
)
def test_look_alikes_share_a_skeleton(one: str, other: str) -> None:
    assert skeleton(one) == skeleton(other)


def test_different_names_have_different_skeletons() -> None:
    names = ["clerk", "manager", "warehouse", "finance", "lena", "李雷", "李蕾", "иван", "élan", "elan"]
    assert len({skeleton(name) for name in names}) == len(names)
