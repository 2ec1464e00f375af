import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from familiar.identity.statistics import Scores, percentile_rank, score_at, statistics_of

SCORES = st.lists(st.floats(0.3, 1.0), min_size=1, max_size=40).map(np.array)


def test_the_statistics_of_a_few_scores_are_those_that_are_worked_out_by_hand() -> None:
    found = statistics_of(np.array([0.5, 0.8, 0.6, 0.7]))
    assert (found.count, found.maximum, found.minimum) == (4, 0.8, 0.5)
    assert (found.mean, found.median) == pytest.approx((0.65, 0.65))
    assert found.standard_deviation == pytest.approx(0.0125**0.5)
    middle = found.percentiles[50]
    assert (middle.score, middle.at_or_above, middle.at_or_below, middle.deviations) == pytest.approx((0.65, 2, 2, 0))
    assert (found.percentiles[0].score, found.percentiles[0].at_or_above, found.percentiles[0].at_or_below) == (
        0.5,
        4,
        1,
    )
    assert [each.percent for each in found.percentiles] == list(range(101))


@given(SCORES)
def test_percentiles_rise_from_the_least_score_to_the_greatest_and_count_every_score(scores: Scores) -> None:
    found = statistics_of(scores)
    percentiles = [each.score for each in found.percentiles]
    assert percentiles == sorted(percentiles)
    assert (percentiles[0], percentiles[-1]) == (found.minimum, found.maximum) == (scores.min(), scores.max())
    assert all(each.at_or_above + each.at_or_below >= found.count for each in found.percentiles)
    assert found.minimum <= found.mean <= found.maximum


@given(st.floats(0.3, 1.0), st.integers(1, 9))
def test_equal_scores_have_no_deviation_from_their_mean(score: float, count: int) -> None:
    found = statistics_of(np.full(count, score))
    assert found.standard_deviation == 0
    assert {each.deviations for each in found.percentiles} == {0}


@given(SCORES, st.integers(0, 100), st.data())
def test_a_score_reaches_a_percentile_if_it_is_at_least_the_score_of_that_percentile(
    scores: Scores, percent: int, data: st.DataObject
) -> None:
    score = data.draw(st.sampled_from(scores.tolist()))
    lowest, highest = percentile_rank(np.sort(scores), score)
    bound = score_at(scores, percent)
    if abs(score - bound) > 1e-9:
        assert (highest >= percent) == (score >= bound)
        assert (lowest <= percent) == (score <= bound)


def test_where_several_scores_are_equal_they_stand_in_a_range() -> None:
    assert percentile_rank(np.array([0.5, 0.6, 0.6, 0.6, 0.7]), 0.6) == (25, 75)
    assert percentile_rank(np.array([0.5, 0.7]), 0.6) == pytest.approx((50, 50))
    assert percentile_rank(np.array([0.5]), 0.5) == (0, 100)
    assert (percentile_rank(np.array([0.5]), 0.4), percentile_rank(np.array([0.5]), 0.6)) == ((0, 0), (100, 100))
    assert (percentile_rank(np.array([0.5, 0.6]), 0.4), percentile_rank(np.array([0.5, 0.6]), 0.7)) == (
        (0, 0),
        (100, 100),
    )
    assert percentile_rank(np.array([]), 0.5) == (0, 100)
