"""Answers and promises that customers got."""
import threading
import time
from collections import Counter


class Record:
    """Counts of answers, and promised versions."""

    def __init__(self, tokens):
        # Access tokens of the customers.
        self.tokens = tokens
        self.lock = threading.Lock()
        self.answers = Counter()
        # 503s by their code and the last disturbance.
        self.refused = Counter()
        self.dropped = Counter()
        self.notes = Counter()
        self.failures = []
        # Booking -> the highest version in an answer, whether it was persisted, and its status.
        self.told = {}
        self.late = 0

    def add(self, status, code, turn):
        with self.lock:
            self.answers[f"{status} {code}".strip()] += 1
            if status == 503:
                self.refused[f"{code} after {turn}"] += 1

    def note(self, what):
        with self.lock:
            self.notes[what] += 1

    def fail(self, text):
        with self.lock:
            self.failures.append(f"{time.strftime('%H:%M:%S')} {text}")
            print("FAILURE", self.failures[-1], flush=True)

    def summary(self, seconds):
        """A one-line summary of all answers so far."""
        with self.lock:
            total = sum(self.answers.values())
            return (f"{total} answers in {seconds:.0f} s ({total / seconds:.0f}/s), {self.late} late: "
                    f"{dict(self.answers.most_common())}; 503 by cause: {dict(self.refused)}; dropped while restarting: "
                    f"{dict(self.dropped)}; {dict(self.notes)}; {len(self.failures)} failures")
