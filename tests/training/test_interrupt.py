import os
import signal

import pytest

from emolens.signals import Interrupted
from emolens.training.interrupt import deferred_interrupt


def test_the_first_signal_is_noted_and_the_second_stops():
    with deferred_interrupt() as asked:
        assert asked.number == 0
        os.kill(os.getpid(), signal.SIGTERM)
        assert asked.number == signal.SIGTERM
        with pytest.raises(Interrupted, match="interrupted"):
            os.kill(os.getpid(), signal.SIGINT)


def test_under_a_launcher_the_same_signal_comes_twice():
    with deferred_interrupt(patient=True) as asked:
        for _ in range(3):
            os.kill(os.getpid(), signal.SIGINT)
        assert asked.number == signal.SIGINT
