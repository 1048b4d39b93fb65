import os
import signal
import subprocess
import sys
import threading

import pytest

from emolens.signals import STOPPING, Interrupted, answered, stop_at_once


@pytest.mark.parametrize("number", STOPPING)
def test_each_stops_with_the_exit_code_of_shells(number):
    before = signal.getsignal(number)
    with pytest.raises(Interrupted) as stop, answered(stop_at_once):
        os.kill(os.getpid(), number)
    assert stop.value.exit_code == 128 + number
    words = "interrupted" if number == signal.SIGINT else f"stopped by {signal.Signals(number).name}"
    assert str(stop.value) == words
    assert signal.getsignal(number) is before


def test_what_is_ignored_stays_so():
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with answered(stop_at_once):
            os.kill(os.getpid(), signal.SIGHUP)
    finally:
        signal.signal(signal.SIGHUP, before)


def test_another_thread_is_left_alone():
    found = []

    def look():
        with answered(stop_at_once):
            found.append(signal.getsignal(signal.SIGTERM))

    thread = threading.Thread(target=look)
    thread.start()
    thread.join()
    assert found == [signal.SIG_DFL]


VERB = """
import sys, time, types
verb = types.ModuleType("emolens.cli.predict")
def main(args):
    print("at work", flush=True)
    time.sleep(600)
verb.main = main
sys.modules["emolens.cli.predict"] = verb
from emolens.cli.main import main
sys.exit(main(["predict"]))
"""


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 143), (signal.SIGHUP, 129), (signal.SIGINT, 130)])
def test_every_verb_ends_with_it_and_says_so(number, code):
    with subprocess.Popen([sys.executable, "-c", VERB], stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout.readline() == b"at work\n"
        process.send_signal(number)
        assert process.wait() == code
        words = "interrupted" if number == signal.SIGINT else f"stopped by {signal.Signals(number).name}"
        expected = f"emolens: {words}; what was finished is kept\n"
        assert process.stderr.read().decode() == expected
