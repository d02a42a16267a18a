"""Names: everybody can be seen, told apart, and is nobody else; all scripts are welcome."""

import aiohttp
import pytest
from relay_fixture import House

from streamer.errors import ControlError, RefusedError
from streamer.relay.access.names import distinguish, look_alike
from streamer.relay.access.sanitize import MAX_BLANKS, clean_chat, clean_name

INVISIBLE = [
    "\u200b",
    "\u2060",
    "\ufeff",
    "\u00ad",
    "\u3164",
    "\u115f",
    "\u1160",
    "\uffa0",
    "\u2800",
    "\u034f",
    "\u180e",
]
INVISIBLE += ["\ufe0f", "\U000e0041", "\U000e0100", "\u200d\u200d", "\u00a0", "\u2003"]


@pytest.mark.parametrize("name", [*INVISIBLE, "\u200b \u3164", "\u0301", "\u200d\u0301\u0302"], ids=ascii)
def test_a_name_of_which_nothing_is_to_be_seen_is_refused(name: str) -> None:
    with pytest.raises(RefusedError) as refused:
        clean_name(name)
    assert refused.value.code == "bad-name"


@pytest.mark.parametrize(
    "name", ["a" + "\u0301" * 40, "Z\u0335\u0321\u0353\u0359\u030d\u033d", "\u0301Ada"], ids=ascii
)
def test_a_name_with_a_pile_of_marks_is_refused(name: str) -> None:
    with pytest.raises(RefusedError, match="marks"):
        clean_name(name)


@pytest.mark.parametrize(
    "name",
    [
        "Nguyễn Thị Ánh",
        "محمد",
        "مُحَمَّد",
        "می\u200cخواهم",
        "प्रिया",
        "क्\u200dष",
        "김민준",
        "李小龍",
        "ゆき",
        "Ελένη",
        "Саша",
        "שָׁלוֹם",
        "ทิพย์",
        "བོད",
        "Ólafur",
        "👩\u200d👩\u200d👧 Ada",
        "❤️",
        "👍🏽 Ben",
        "🏴\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f Tim",
        "#1️⃣",
        "R2-D2",
        "O'Brien",
        "José",
        "ß",
        "∑",
    ],
)
def test_honest_names_of_all_scripts_stay_as_they_are(name: str) -> None:
    assert clean_name(name) == name
    assert distinguish(clean_name(name), ["Ada", "Ben"]) == name


@pytest.mark.parametrize("odd", [each for each in INVISIBLE if not each.isspace()], ids=ascii)
def test_what_is_invisible_makes_no_second_name(odd: str) -> None:
    cleaned = clean_name(f"Ad{odd}a")
    assert look_alike(cleaned, "Ada") or cleaned == "Ad a"


LOOKALIKES = [
    *(
        ("Ada", "Аda"),
        ("Ada", "Adа"),
        ("paul", "ρaul"),
        ("Ben", "Βen"),
        ("Ben", "𝐁𝐞𝐧"),
        ("Ben", "Ｂｅｎ"),
        ("Emma", "Ernma"),
    ),
    *(
        ("Lisa", "Iisa"),
        ("Otto", "0tto"),
        ("Bill", "Bi1l"),
        ("Anna", "Аnnа"),
        ("oleg", "оleg"),
        ("Ada", "Ad\u0430"),
    ),
]


@pytest.mark.parametrize(("here", "comes"), LOOKALIKES, ids=ascii)
def test_a_name_that_only_looks_like_another_s_is_refused(here: str, comes: str) -> None:
    with pytest.raises(RefusedError, match="looks like"):
        distinguish(comes, ["Somebody", here])
    assert distinguish(comes, ["Somebody"]) == comes


@pytest.mark.parametrize(
    "name", ["The relay", "the  relay", "THE RELAY", "Тhe relay", "The re1ay", "The\u200b relay", "ЕCHO"]
)
def test_nobody_is_called_as_the_relay_is(name: str) -> None:
    with pytest.raises(RefusedError, match="relay"):
        distinguish(clean_name(name), [])


def test_two_of_the_same_name_are_told_apart() -> None:
    assert distinguish("Anna", ["Anna"]) == "Anna (2)"
    assert distinguish("anna", ["Anna"]) == "anna (2)"
    assert distinguish("Anna", ["Anna", "Anna (2)"]) == "Anna (3)"
    assert distinguish("Anna (2)", ["Anna (2)"]) == "Anna (2) (2)"
    longest = distinguish("n" * 40, ["n" * 40])
    assert (len(longest), longest[-4:]) == (40, " (2)")


async def test_two_annas_are_in_a_room_and_each_comes_back_as_who_she_was() -> None:
    async with House.open() as house:
        first, second = await house.enter(name="Anna"), await house.enter(name="Anna")
        assert second.welcome["name"] == "Anna (2)"
        assert (await first.text("joined"))["name"] == "Anna (2)"
        again = await house.enter(key="", resume=second.welcome["resume"], name="Anna")
        assert again.welcome["name"] == "Anna (2)"
        assert again.welcome["talker_id"] == second.welcome["talker_id"]


async def test_an_imitation_is_refused_in_words_before_the_upgrade() -> None:
    async with House.open() as house:
        ada = await house.enter(name="Ada")
        with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
            await house.socket(name="A\u200bd\u0430")
        assert refused.value.status == 400
        assert await house.refusal(room="home", key="correct-horse", name="Аda") == (400, "bad-name")
        assert await ada.hears_nothing()


def test_a_chat_forges_no_line_by_spaces_and_hides_nothing() -> None:
    forged = clean_chat("hello" + " \u2003\u00a0\u3164" * 60 + "Ben: I agree")
    assert forged == "hello" + " " * MAX_BLANKS + "Ben: I agree"
    assert clean_chat("a\n\n\n\n\nb") == "a\n\nb"
    assert clean_chat("one\u2028two\u0085three\x0bfour") == "onetwothreefour"
    assert clean_chat("a" + "\u0301" * 40) == "á" + "\u0301" * 3
    with pytest.raises(ControlError):
        clean_chat("\u200b\u3164")
