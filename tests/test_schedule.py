"""Schedules: presentations, batches and minibatches."""

import pytest
from nengo.exceptions import ValidationError

import nengo_ngc as ngc


def test_presentations():
    schedule = ngc.Schedule(steps=3)
    steps = range(1, 8)
    assert [s for s in steps if schedule.is_first(s)] == [1, 4, 7]
    assert [s for s in steps if schedule.is_last(s)] == [3, 6]


def test_due():
    assert ngc.Schedule(steps=3).is_due(1)
    assert not ngc.Schedule(steps=3, batch_size=4).is_due(3)
    assert ngc.Schedule(steps=3, batch_size=4).is_due(4)


def test_minibatches_make_up_batches():
    ngc.Schedule(batch_size=None).check_minibatch(7)
    ngc.Schedule(batch_size=12).check_minibatch(4)
    with pytest.raises(ValidationError, match="multiple of minibatch_size.*5.*12"):
        ngc.Schedule(batch_size=12).check_minibatch(5)


@pytest.mark.parametrize("argument", ["steps", "batch_size"])
@pytest.mark.parametrize("bad", [0, -3, 2.5, "many"])
def test_bad_arguments(argument, bad):
    with pytest.raises(ValidationError, match=argument):
        ngc.Schedule(**{argument: bad})


def test_remaining_timesteps():
    schedule = ngc.Schedule(steps=4)
    # between a timestep and the last one of its presentation, neither of them counted
    assert [schedule.remaining(step) for step in range(1, 6)] == [2, 1, 0, -1, 2]
