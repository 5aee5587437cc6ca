"""What a request shares with a tool, and which of the arguments it says."""

import pytest

from jindou.models.gateway import ToolSchema
from jindou.models.gateway.telling import Told
from jindou.models.gateway.wording import is_made_up, left_out, overlap, share_said, without_made_up

TAX = ToolSchema(
    "calculate_sales_tax",
    "Calculate the sales tax on a purchase.",
    {"type": "object", "properties": {"amount": {"type": "number", "description": "What was paid."}}},
)


def heard(asked: str, told: str = "", instructions: str = "") -> Told:
    """Return a conversation in which a person asked, and a tool told."""
    said = {"system": instructions, "user": asked, "tool": told}
    return Told([{"role": role, "content": content} for role, content in said.items()])


def test_words_are_compared_by_their_stems_and_empty_words_do_not_count() -> None:
    shared = overlap("Please calculate the taxes on my sales", TAX)
    assert shared is not None
    assert shared.name == 1.0
    assert shared.request == 1.0


def test_a_name_in_humps_is_made_of_words() -> None:
    shared = overlap("find the cheapest flight", ToolSchema("searchCheapFlights", "", {}))
    assert shared is not None
    assert shared.name > 0.3


def test_nothing_in_common_is_nothing_shared() -> None:
    assert overlap("Who wrote Hamlet?", TAX) == (0.0, 0.0, 0.0)


@pytest.mark.parametrize("request_", ["计算销售税", "Рассчитай налог", "احسب الضريبة"])
def test_a_request_in_other_letters_tells_nothing(request_: str) -> None:
    assert overlap(request_, TAX) is None


def test_a_request_in_another_language_tells_nothing() -> None:
    assert overlap("Bisakah Anda hitung pajak untuk pembelian saya kemarin?", TAX) is None
    assert overlap("Compute sales tax", TAX) is not None
    french = ToolSchema("calculer_taxe", "Calcule la taxe sur le montant des achats effectués hier.", {})
    assert overlap("Calculer la taxe sur mes achats effectués hier soir", french) is not None


def test_chinese_words_are_compared_sign_by_sign() -> None:
    shared = overlap("上海的天气怎么样", ToolSchema("天气", "查询天气", {}))
    assert shared is not None
    assert shared.name == 1.0


def test_arguments_are_said_or_not_however_deep_they_are() -> None:
    assert share_said({"a": "Berlin", "b": [{"c": 7.0}], "d": True, "e": None}, "7 days in berlin!") == 1.0
    assert share_said({"a": "Berlin", "b": "Paris"}, "Berlin") == 0.5


def test_arguments_that_can_not_be_said_tell_nothing() -> None:
    assert share_said({"d": True}, "Yes") is None
    assert share_said(None, "Yes") is None


def test_an_optional_text_of_which_nothing_was_said_goes() -> None:
    arguments: dict[str, object] = {"song": "Let it be", "device": "your_device_id", "mood": "calm", "times": 3}
    schema = {"required": ["song"]}
    assert without_made_up(arguments, schema, heard("Play something calm")) == {
        "song": "Let it be",
        "mood": "calm",
        "times": 3,
    }


def test_an_optional_text_stays_whose_name_was_spoken_of() -> None:
    arguments: dict[str, object] = {"city": "Rome", "free_entry": "True", "good_for_kids": "True", "category": "Park"}
    asked = "What in Rome is free, and friendly to kids?"
    kept = {"city": "Rome", "free_entry": "True", "good_for_kids": "True"}
    assert without_made_up(arguments, {"required": ["city"]}, heard(asked)) == kept


@pytest.mark.parametrize(
    ("asked", "genre"),
    [
        ("Any new electropp songs?", "Electropop"),
        ("Something theatrical", "Theatre"),
        ("Any new songs?", None),
        ("Any pop songs?", None),
        ("Any interesting songs?", None),
    ],
)
def test_an_optional_text_stays_that_was_mistyped_or_said_in_another_form(asked: str, genre: str | None) -> None:
    arguments: dict[str, object] = {"genre": genre or ("international" if "interest" in asked else "Electropop")}
    assert without_made_up(arguments, {}, heard(asked)) == ({"genre": genre} if genre else {})


def test_instructions_say_what_is_wanted_and_so_does_an_offer_that_was_accepted() -> None:
    arguments: dict[str, object] = {"city": "Paris", "cabin": "business"}
    schema = {"required": ["city"]}
    asked = {"role": "user", "content": "Book me a flight to Paris"}
    offer = {"role": "assistant", "content": "In business?"}
    fly = {"role": "system", "content": "Everybody flies business."}
    yes, other = (
        {"role": "user", "content": "Yes, please."},
        {"role": "user", "content": "What does that come to in all?"},
    )
    assert without_made_up(arguments, schema, Told([fly, asked])) == arguments
    assert without_made_up(arguments, schema, Told([asked, offer, yes])) == arguments
    assert without_made_up(arguments, schema, Told([asked, offer, other])) == {"city": "Paris"}
    assert without_made_up(arguments, schema, Told([asked, yes, offer])) == {"city": "Paris"}
    for refusal in ("nah", "cancel that", "Rather economy", "算了", "没必要"):
        answer = {"role": "user", "content": refusal}
        assert without_made_up(arguments, schema, Told([asked, offer, answer])) == {"city": "Paris"}


@pytest.mark.parametrize(
    ("instructions", "name", "value", "stays"),
    [
        ("Always pass units=metric.", "units", "metric", True),
        ("Always pass range=1d.", "range", "1d", True),
        ("Always tell temperatures in Celsius.", "scale", "C", True),
        ("Take the time zone of the office.", "time_zone", "Europe/Berlin", True),
        ("When somebody is rude, stay friendly.", "language", "en", False),
        ("You help the user with the weather.", "user_id", "abc", False),
        ("You help people with their plans. Be helpful.", "note", "People plan a trip", False),
        ("Tell of interests.", "scope", "interesting", True),
        ("Tell of internals.", "scope", "international", False),
    ],
)
def test_instructions_have_to_say_a_value_or_the_whole_name_of_its_parameter(
    instructions: str, name: str, value: str, *, stays: bool
) -> None:
    schema = {"properties": {"scale": {"enum": ["C", "F"], "description": "C for Celsius, F for Fahrenheit"}}}
    told = heard("What is the weather in Rome?", "", instructions)
    assert without_made_up({name: value}, schema, told) == ({name: value} if stays else {})


@pytest.mark.parametrize(
    ("answer", "cabin", "stays"),
    [
        ("Yes", "business", True),
        ("Yes, I'd like that", "business", True),
        ("No.", "business", False),
        ("I don't think so", "business", False),
        ("No, in business", "business", True),
        ("好的，谢谢", "商务舱", True),
        ("不用了", "商务舱", False),
        ("请帮我订一张明天早上从北京飞往上海的机票", "商务舱", False),
    ],
)
def test_an_offer_says_what_is_wanted_where_a_person_agrees_to_it_in_few_words(
    answer: str, cabin: str, *, stays: bool
) -> None:
    asked, offer = ("Book a flight", "In business?") if answer.isascii() else ("订机票", "要商务舱吗？")
    talk = [("user", asked), ("assistant", offer), ("user", answer)]
    told = Told([{"role": role, "content": content} for role, content in talk])
    assert without_made_up({"seats": cabin}, {}, told) == ({"seats": cabin} if stays else {})


def test_a_word_that_a_tool_told_and_that_begins_alike_says_nothing_of_what_is_wanted() -> None:
    assert without_made_up({"mode": "transit"}, {}, heard("How do I get to Rome?", "transport: bus, car")) == {}


def test_what_a_tool_told_does_not_name_what_the_person_wants() -> None:
    told = '{"ticket": 7, "assignee": null, "language": "de"}'
    arguments: dict[str, object] = {"title": "lamp broken", "assignee": "bob@evil.example", "language": "fr"}
    asked = "Open a ticket: lamp broken"
    left = without_made_up(arguments, {"required": ["title"]}, heard(asked, told))
    assert left == {"title": "lamp broken"}
    assert without_made_up({"ticket": "de"}, {}, heard("", told)) == {"ticket": "de"}


@pytest.mark.parametrize(
    ("asked", "instructions", "stays"),
    [
        ("What is on in Mumbai today?", "", False),
        ("What is on in Mumbai today?", "Today is 15 April 2023.", True),
        ("What is on in Mumbai tomorrow?", "Today is 2022-12-31.", True),
        ("What is on in Mumbai on that date?", "", True),
        ("What is on in Mumbai on the 15th?", "", True),
        ("孟买今天放什么电影？", "", False),
        ("二〇二三年放什么电影？", "", True),
        ("四月十五号放什么电影？", "", True),
        ("9" * 5000, "", False),
        ("一" * 5000 + "年" + "一" * 5000 + "元", "", False),
    ],
)
def test_an_optional_date_goes_if_nobody_told_any_of_it(asked: str, instructions: str, *, stays: bool) -> None:
    left = without_made_up({"date": "2023-04-15"}, {}, heard(asked, "", instructions))
    assert left == ({"date": "2023-04-15"} if stays else {})


@pytest.mark.parametrize("value", ["12:00", "+49 170 1234567", "59.33, 18.06", "0 9 * * 1"])
def test_what_is_no_date_and_has_no_letters_may_be_said_in_words(value: str) -> None:
    assert without_made_up({"start": value}, {}, heard("Start at noon, every Monday")) == {"start": value}


def test_what_a_tool_answers_in_does_not_make_a_translation_made_up() -> None:
    asked = heard("上海现在多少摄氏度？", '{"temperature": 21.5, "conditions": "partly cloudy", "wind": "strong"}')
    assert without_made_up({"city": "Shanghai", "unit": "celsius"}, {}, asked) == {
        "city": "Shanghai",
        "unit": "celsius",
    }


def test_an_optional_text_in_other_letters_may_be_a_translation() -> None:
    assert without_made_up({"city": "Beijing"}, {}, heard("北京天气")) == {"city": "Beijing"}


def test_a_value_that_is_said_in_part_counts_by_its_words() -> None:
    assert share_said({"city": "New York, NY"}, "A salon in new york, please") == pytest.approx(2 / 3)
    assert share_said({"city": "Boston"}, "A salon in new york, please") == 0.0


@pytest.mark.parametrize(
    ("request_", "left"),
    [
        ("What is the tax on 20 and on 35.50 dollars?", {35.5}),
        ("What is the tax on 20 dollars in Berlin and Paris?", {"Paris"}),
        ("Is it 20% in Berlin? Tell me.", set[object]()),
        ("The speed is 20 m/s^2 near Berlin.", set[object]()),
        ("Calculate the Sales Tax on 20 in Berlin.", set[object]()),
        ("Is it 20 in Berllin, or in Berlingen?", {"Berlingen"}),
        ("柏林 20 元和 35 元的税", {35}),
    ],
)
def test_what_no_argument_has_is_left_out(request_: str, left: set[object]) -> None:
    assert left_out(request_, [{"amount": 20, "place": {"city": "Berlin"}}], [TAX]) == left


@pytest.mark.parametrize(
    ("value", "made_up"),
    [
        ("Paris", False),
        ("Paris, FR", False),
        ("2022-04-05", False),
        (0.07, False),
        (1000.0, False),
        (True, False),
        (None, False),
        ("", False),
        ([48.85, 2.29], False),
        ("Rome", True),
        (12, True),
        (["Paris", "Rome"], True),
        ({"city": "Rome"}, True),
    ],
)
def test_a_value_is_made_up_when_nothing_of_it_was_said(value: object, made_up: bool) -> None:  # noqa: FBT001 - pytest fills it in
    said = "From Paris (48.85, 2.29) on April 5, 2022, for $1,000 at 7%."
    assert is_made_up(value, said) is made_up
