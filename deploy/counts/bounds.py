"""Figures against their bounds."""
import json
import math
import os

from installation import ROOT

DOCUMENT = os.path.join(ROOT, "docs/benchmarks.md")
BEGIN, END = "<!-- counts: written by `make counts WRITE=1` -->", "<!-- end of counts -->"
ROOM = 1.1
HEADER = ["what", "at first", "reached", "bound", "now", "of the bound"]


class Bounds:
    """What bounds.json has: for each name the figure at first, the one reached, and the bound; and what was counted now."""

    def __init__(self, path):
        self.path = path
        self.known, self.now = {}, {}
        if os.path.exists(path):
            with open(path) as file:
                self.known = json.load(file)

    def add(self, figures):
        """Adds counted figures."""
        self.now.update(figures)

    @property
    def exceeded(self):
        return {
            name: figure for name, figure in self.now.items()
            if name in self.known and figure > self.known[name]["bound"]}

    def check(self):
        """Exits with a failure if a bound is exceeded, or a figure has no bound."""
        lines = [
            f"{name}: {number(figure)} where at most {number(self.known[name]['bound'])} is allowed, "
            f"{100 * (figure / self.known[name]['bound'] - 1):.1f} % too much (it was {number(self.known[name]['reached'])})"
            for name, figure in self.exceeded.items()]
        lines += [f"{name}: {number(figure)} and no bound" for name, figure in self.now.items() if name not in self.known]
        if not lines:
            return
        raise SystemExit(
            "Requests exceed the bounds in deploy/counts/bounds.json:\n  " + "\n  ".join(lines) +
            "\nFind out why: `DUMPS=/tmp/dumps deploy/counts/run` writes callgrind dumps, and `callgrind_annotate "
            "--inclusive=yes` of one before and one after the change shows the difference. If it is justified, "
            "`deploy/counts/run --raise` raises the bounds; give the reason in the commit.")

    def write(self, may_raise):
        """Lowers bounds, and with `may_raise` also raises them; updates the document's table."""
        for name, figure in self.now.items():
            known = self.known.setdefault(name, {"first": figure, "reached": figure, "bound": bound(figure)})
            # Smaller changes are noise.
            if figure < 0.98 * known["reached"] or may_raise and name in self.exceeded:
                known.update(reached=figure, bound=bound(figure))
        with open(self.path, "w") as file:
            json.dump({name: rounded(known) for name, known in self.known.items()}, file, indent=2)
            file.write("\n")
        write_document(self.table(columns=4))
        if self.exceeded:
            self.check()

    def table(self, columns=len(HEADER)):
        """A Markdown table, with or without the current figures."""
        rows = [HEADER]
        for name in [*self.known, *(name for name in self.now if name not in self.known)]:
            known, now = self.known.get(name), self.now.get(name)
            rows.append([
                name, *(number(known[key]) if known else "–" for key in ("first", "reached", "bound")),
                number(now) if now is not None else "–",
                f"{100 * now / known['bound']:.0f} %" if known and now is not None else "–"])
        rows = [row[:columns] for row in rows]
        widths = [max(len(row[column]) for row in rows) for column in range(columns)]
        lines = ["| " + " | ".join(
            cell.ljust(width) if column == 0 else cell.rjust(width)
            for column, (cell, width) in enumerate(zip(row, widths))) + " |" for row in rows]
        rules = ["-" * (widths[0] + 2), *("-" * (width + 1) + ":" for width in widths[1:])]
        return "\n".join([lines[0], "|" + "|".join(rules) + "|", *lines[1:]])


def bound(figure):
    """A tenth above a figure; for allocations at least half of one, to allow for one more connection."""
    return math.ceil(10 * max(ROOM * figure, figure + 0.5)) / 10 if figure < 1000 else math.ceil(ROOM * figure)


def rounded(known):
    return {key: round(value, 1) if value < 1000 else round(value) for key, value in known.items()}


def number(value):
    return f"{value:,.0f}" if value >= 1000 else f"{value:,.1f}"


def write_document(text):
    """Writes the table between its marks in docs/benchmarks.md."""
    with open(DOCUMENT) as file:
        head, rest = file.read().split(BEGIN)
    with open(DOCUMENT, "w") as file:
        file.write(f"{head}{BEGIN}\n{text}\n{END}{rest.split(END)[1]}")
