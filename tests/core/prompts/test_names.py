"""Names are found by their capitals, and sentences' opening words are not taken for them."""

import pytest

from core.errors import InputError
from core.prompts.names import check_names, name_pattern, two_names


@pytest.mark.parametrize(
    ("prompt", "names"),
    [
        ("When John and Mary went to the shops, John gave the bag to", ("John", "Mary")),
        ("Mary and John met. Then Mary gave a ring to", ("Mary", "John")),
        ("Perhaps John and Mary went", ("John", "Mary")),
        ("John gave Mary a book. He gave it to", ("John", "Mary")),
        ("After Anna left, I saw Tom and Anna's dog", ("Anna", "Tom")),
        ("Mr. Abbott met Mrs. Chen", ("Abbott", "Chen")),
        ("She said: “Zoë, call Jean-Luc.”", ("Zoë", "Jean-Luc")),
        ("then Анна and Мария went", ("Анна", "Мария")),
        ("\n\n  Tom saw Ann", ("Tom", "Ann")),
    ],
)
def test_two_names(prompt, names):
    assert two_names(prompt) == names


@pytest.mark.parametrize(
    ("prompt", "said"),
    [
        ("The quick brown fox. The quick brown fox", "has 0 (none)"),
        ("the shops", "has 0 (none)"),
        ("When John went. Then John", "has 1 ('John')"),
        ("When John and Mary and Tom went", "has 3 ('John', 'Mary', 'Tom')"),
        ("1984 🙂 ...", "has 0 (none)"),
    ],
)
def test_other_numbers_of_names_are_told(prompt, said):
    with pytest.raises(InputError) as caught:
        two_names(prompt)
    assert caught.value.field == "corrupted_prompt"
    assert said in str(caught.value)


def test_given_names_are_words_of_the_prompt():
    assert check_names("John saw New York", ("New York", "John")) == ("New York", "John")
    for names, said in (
        ((), "two different names"),
        (("John",), "'John'"),
        (("John", "John"), "two different names"),
        (("John", "Bob"), "'Bob' is no word"),
        (("John", "saw New Yor"), "is no word"),
        (("John", ""), "empty"),
        (("John", "\ud800"), "U+D800"),
    ):
        with pytest.raises(InputError) as caught:
            check_names("John saw New York", names)
        assert caught.value.field == "corrupted_prompt"
        assert said in str(caught.value)
        str(caught.value).encode()


def test_a_name_is_a_word_of_its_own():
    pattern = name_pattern("Al", "Al.an")
    assert pattern.findall("Al saw Alan, Al's and Al.an in Kal") == ["Al", "Al", "Al.an"]
