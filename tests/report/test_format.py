import pytest

from ovcf_bench.wording import count, duration, interval, joined, number, p_phrase, p_value, per_cent, signed


@pytest.mark.parametrize(
    ("value", "text"), [(0.9152, "0.915"), (-0.021, "−0.021"), (-0.0001, "0.000"), (1, "1.000"), (None, "–")]
)
def test_numbers_have_three_decimals_and_a_true_minus(value, text):
    assert number(value) == text


@pytest.mark.parametrize(("value", "text"), [(0.003, "+0.003"), (-0.021, "−0.021"), (0.0004, "0.000"), (None, "–")])
def test_differences_show_their_sign(value, text):
    assert signed(value) == text


def test_intervals_are_written_with_to():
    assert interval((0.8931, 0.9349)) == "0.893 to 0.935"
    assert interval((-0.04, 0.002), sign=True) == "−0.040 to +0.002"
    assert interval(None) == "–"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0266, ".027"),
        (0.604, ".604"),
        (0.00099, "< .001"),
        (0.001, ".001"),
        (0.9996, "> .999"),
        (1.0, "> .999"),
        (None, "–"),
    ],
)
def test_p_values_are_printed_as_journals_do(value, text):
    assert p_value(value) == text


def test_p_values_in_a_sentence_have_their_sign():
    assert (p_phrase(0.0266), p_phrase(0.0001)) == ("p = .027", "p < .001")


def test_counts_shares_and_times_read_well():
    assert (count(1611), count(0), count(None)) == ("1,611", "0", "–")
    assert (per_cent(0.542), per_cent(None)) == ("54.2 %", "–")
    assert [duration(seconds) for seconds in (45, 192, 5400, 9000, None)] == [
        "45 s",
        "3.2 min",
        "90.0 min",
        "2.5 h",
        "–",
    ]


def test_names_are_listed_as_in_prose():
    assert [joined(names) for names in ([], ["a"], ["a", "b"], ["a", "b", "c"])] == ["", "a", "a and b", "a, b and c"]
