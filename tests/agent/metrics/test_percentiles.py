from agent.metrics.percentiles import at_index, interpolated, mean, nearest_rank, rate


def test_three_rules_give_three_numbers() -> None:
    values = [100, 200, 400, 800]
    assert interpolated(values, 50) == 300.0
    assert at_index(values, 50) == 400
    assert nearest_rank(values, 50) == 200


def test_the_ends_are_the_least_and_the_most() -> None:
    assert [rule([3, 1, 2], 0) for rule in (interpolated, at_index, nearest_rank)] == [1, 1, 1]
    assert [rule([3, 1, 2], 100) for rule in (interpolated, at_index, nearest_rank)] == [3, 3, 3]


def test_interpolation_is_told_to_a_tenth() -> None:
    assert interpolated([0, 1, 3], 95) == 2.8


def test_of_nothing_there_is_nothing() -> None:
    assert [rule([], 50) for rule in (interpolated, at_index, nearest_rank)] == [None, None, None]
    assert mean([]) is None
    assert rate(0, 0) is None
