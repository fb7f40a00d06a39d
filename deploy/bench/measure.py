"""Figures, targets and verdicts."""
import os
import statistics
import subprocess
import time
from dataclasses import dataclass, field


def cpu_seconds(pid):
    """User and system time of a process so far, summed over its threads, in nanoseconds (/proc/PID/stat only has ticks of
    10 ms)."""
    nanoseconds = 0
    for thread in os.listdir(f"/proc/{pid}/task"):
        with open(f"/proc/{pid}/task/{thread}/schedstat") as file:
            nanoseconds += int(file.read().split()[0])
    return nanoseconds / 1e9


def tree_cpu_seconds(pid):
    """CPU time of a process and its children; of children that have ended, in ticks (cutime and cstime, proc(5))."""
    with open(f"/proc/{pid}/stat") as file:
        ended = sum(map(int, file.read().rsplit(")", 1)[1].split()[13:15])) / os.sysconf("SC_CLK_TCK")
    seconds = cpu_seconds(pid) + ended
    for thread in os.listdir(f"/proc/{pid}/task"):
        with open(f"/proc/{pid}/task/{thread}/children") as file:
            for child in file.read().split():
                try:
                    seconds += tree_cpu_seconds(child)
                except FileNotFoundError:
                    # It has just ended; its parent includes its time next time.
                    continue
    return seconds


def resident_bytes(pid):
    """Resident memory of a process (proc(5))."""
    with open(f"/proc/{pid}/statm") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")


@dataclass
class Target:
    """One line of the table: figures of several rounds against a bound."""

    name: str
    what: str
    unit: str = ""
    at_least: float | None = None
    at_most: float | None = None
    figures: list = field(default_factory=list)
    note: str = ""
    # Whether something other than the figure was wrong.
    is_wrong: bool = False

    @property
    def figure(self):
        return statistics.median(self.figures)

    @property
    def bound(self):
        if self.at_least is not None:
            return f"≥ {self.at_least:g}{self.unit}"
        return f"≤ {self.at_most:g}{self.unit}" if self.at_most is not None else "reported"

    @property
    def verdict(self):
        if not self.figures:
            return "not measured"
        if self.at_least is None and self.at_most is None:
            return "–"
        good = self.figure >= self.at_least if self.at_least is not None else self.figure <= self.at_most
        return "met" if good and not self.is_wrong else "missed"

    @property
    def row(self):
        spread = f"{number(min(self.figures))}–{number(max(self.figures))}" if len(self.figures) > 1 else "one round"
        figure = f"{number(self.figure)}{self.unit}" if self.figures else "–"
        return [self.name, self.what, self.bound, figure, self.verdict, spread if self.figures else "–", self.note]


def number(value):
    """Three significant digits."""
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"


HEADER = ["", "what", "target", "figure", "verdict", "spread", "both sides (medians)"]


def table(targets):
    """The targets as a Markdown table."""
    rows = [HEADER] + [target.row for target in targets]
    widths = [max(len(row[column]) for row in rows) for column in range(len(HEADER))]
    lines = ["| " + " | ".join(cell.ljust(width) for cell, width in zip(row, widths)) + " |" for row in rows]
    lines.insert(1, "|" + "|".join("-" * (width + 2) for width in widths) + "|")
    return "\n".join(lines)


def fsync_microseconds(directory):
    """Time to sync 4 KiB to the disk: median of 100 runs."""
    path = os.path.join(directory, "fsync")
    times = []
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT, 0o600)
    for _ in range(100):
        os.write(descriptor, bytes(4096))
        start = time.perf_counter()
        os.fdatasync(descriptor)
        times.append(time.perf_counter() - start)
    os.close(descriptor)
    os.unlink(path)
    return statistics.median(times) * 1e6


def output(*command):
    """A command's output in one line; a dash if the command is missing."""
    try:
        return " ".join(subprocess.run(command, capture_output=True, text=True).stdout.split())
    except OSError:
        return "–"


def machine(directory):
    """The machine and versions behind the figures."""
    with open("/proc/cpuinfo") as file:
        models = [line.split(":", 1)[1].strip() for line in file if line.startswith("model name")]
    with open("/proc/stat") as file:
        times = [int(part) for part in file.readline().split()[1:9]]
    with open("/proc/loadavg") as file:
        load = file.read().split()[0]
    return (
        f"{len(models)} × {models[0] if models else 'CPU'}, kernel {os.uname().release}, "
        f"{os.sysconf('SC_PAGE_SIZE') * os.sysconf('SC_PHYS_PAGES') >> 30} GiB; steal since boot "
        f"{100 * times[7] / sum(times):.1f} %, load before the start {load}; fdatasync of 4 KiB "
        f"{fsync_microseconds(directory):.0f} µs; {output('redis-server', '--version').split(' sha')[0]}; "
        f"{output('psql', '--version')}"
    )
