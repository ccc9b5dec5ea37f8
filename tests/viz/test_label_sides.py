"""Labels find a side where they can be read."""

import numpy as np

from gnnrec_core.render.charts.label_sides import SIDES, label_sides, outside, places, shared


def test_labels_of_close_points_do_not_cover_each_other():
    points = [(0.338, 0.342), (0.205, 0.294), (0.06, 0.163), (0.308, 0.302), (0.375, 0.334), (1.0, 0.0098)]
    lengths = [27, 22, 10, 7, 4, 6]  # two runs and four baselines on MovieLens 100K
    dots, labels = places(points, lengths)
    chosen = labels[np.arange(6), [SIDES.index(side) for side in label_sides(points, lengths)]]
    assert shared(chosen[:, None], dots).sum() == 0
    assert (shared(chosen[:, None], chosen) - np.diag(shared(chosen, chosen))).sum() == 0
    assert outside(chosen).max() < 0.3 * 27 * 7 * 17


def test_labels_do_not_cover_the_error_bars_of_a_neighbour():
    points = [(0.844, 0.223), (0.888, 0.2232), (0.06, 0.14), (0.53, 0.21), (0.68, 0.23), (1.0, 0.0138)]  # the sample
    bars = [(y - 0.014, y + 0.014) for _, y in points]
    lengths = [8, 3, 10, 7, 4, 6]
    dots, labels = places(points, lengths, bars)
    chosen = labels[np.arange(6), [SIDES.index(side) for side in label_sides(points, lengths, bars)]]
    others = shared(chosen[:, None], dots) * (1 - np.eye(6))
    assert others.sum() == 0


def test_common_room_by_hand():
    one = np.array([0.0, 0.0, 10.0, 10.0])
    assert shared(one, np.array([5.0, 8.0, 20.0, 20.0])) == 5 * 2
    assert shared(one, np.array([10.0, 0.0, 20.0, 10.0])) == 0
    assert outside(np.array([-4.0, 0.0, 6.0, 10.0])) == 40


def test_one_point_or_none_or_an_unknown_one_is_fine():
    assert label_sides([], []) == []
    assert label_sides([(0.5, 0.5)], [40])[0] in SIDES
    assert len(label_sides([(0.5, float("nan")), (0.1, 0.2)], [3, 3])) == 2
