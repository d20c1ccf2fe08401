"""Owns counting the checks of a client written in Python, and saying which
failed. Never knows a client or a server.
"""

import sys
import time
import traceback

# Longest wait for something that must happen by itself, in seconds.
PATIENCE_SECONDS = 30


def shown(value):
    """A value as text that fits on a line."""
    text = repr(value)
    return text if len(text) <= 200 else f"{text[:200]}... ({len(text)} long)"


class Checks:
    """Counts checks; prints the failed ones at once."""

    def __init__(self):
        self.count = 0
        self.failed = 0

    def _report(self, what, got, wanted):
        self.failed += 1
        print(f"FAILED {what}: {shown(got)} instead of {shown(wanted)}")

    def same(self, what, got, wanted):
        """The value, and its type, must be the wanted ones."""
        self.count += 1
        if type(got) is not type(wanted) or got != wanted:
            self._report(what, got, wanted)

    def fails(self, what, error, call, text=""):
        """The call must raise this error, with this in its text."""
        self.count += 1
        try:
            got = call()
        except error as raised:
            if text not in str(raised):
                self._report(what, raised, text)
        except Exception as raised:  # any other one is the finding
            self._report(what, raised, error)
        else:
            self._report(what, got, error)

    def becomes(self, what, call, wanted):
        """The call must return the wanted value soon."""
        end = time.monotonic() + PATIENCE_SECONDS
        while (got := call()) != wanted and time.monotonic() < end:
            time.sleep(0.05)
        self.same(what, got, wanted)

    def section(self, name, body):
        """Runs one part; what it raises does not stop the others."""
        try:
            body()
        except Exception:
            self.failed += 1
            print(f"FAILED {name}:\n{traceback.format_exc()}")

    def end(self):
        """Says how many checks there were and ends the program."""
        print(f"{self.count} checks")
        sys.exit(1 if self.failed else 0)
