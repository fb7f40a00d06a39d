"""A process under callgrind, and its counts between two points in time."""
import os
import re
import shutil
import subprocess

CALLEE = re.compile(r"cfn=\((\d+)\)(?: (.*))?$")
FUNCTION = re.compile(r"fn=\((\d+)\)(?: (.*))?$")
# Where to keep dumps for callgrind_annotate; otherwise they are deleted.
DUMPS = os.environ.get("DUMPS")
ALLOCATORS = {"malloc", "calloc", "realloc", "posix_memalign", "aligned_alloc"}


def command(output):
    """Command prefix that runs a program under callgrind, with counting off."""
    return [
        "valgrind", "--quiet", "--tool=callgrind", "--instr-atstart=no", "--separate-threads=no",
        f"--callgrind-out-file={output}"]


class Counted:
    """Counts a process within a `with` statement: `instructions` in user space and `allocations`."""

    def __init__(self, pid, output):
        self.pid, self.output = pid, output
        self.name, self.dumps = "", 0
        self.instructions = self.allocations = 0

    def __call__(self, name):
        """Sets the name of the next measurement."""
        self.name = name
        return self

    def __enter__(self):
        self._tell("instrumentation on")
        self._tell("zero")
        return self

    def __exit__(self, kind, *_):
        if kind is None:
            self._tell("dump")
            self._tell("instrumentation off")
            self.dumps += 1
            self._read(f"{self.output}.{self.dumps}")

    def _tell(self, text):
        subprocess.run(
            ["vgdb", f"--pid={self.pid}", *text.split()], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            timeout=60)

    def _read(self, path):
        """Reads a dump (Callgrind Format Specification): its total, and the number of allocator calls."""
        names, callee, self.allocations = {}, None, 0
        with open(path, errors="replace") as file:
            for line in file:
                if match := CALLEE.match(line) or FUNCTION.match(line):
                    number, name = match.groups()
                    if name is not None:
                        # Recursive functions are counted separately, with an apostrophe and a depth.
                        names[number] = name.split("'")[0]
                    if line.startswith("c"):
                        callee = names[number]
                elif line.startswith("calls=") and callee in ALLOCATORS:
                    self.allocations += int(line[6:].split()[0])
                elif line.startswith(("summary:", "totals:")):
                    self.instructions = int(line.split()[1])
        if DUMPS:
            os.makedirs(DUMPS, exist_ok=True)
            shutil.move(path, os.path.join(DUMPS, re.sub(r"\W+", "-", self.name.lower())))
        else:
            os.unlink(path)
        assert self.instructions, f"{path} has no total"


def without_debug_information(program, directory):
    """A copy of a program that valgrind 3.19 can load: it cannot read the debug information of Swift 6."""
    copy = os.path.join(directory, os.path.basename(program))
    subprocess.run(["objcopy", "--strip-debug", program, copy], check=True)
    os.chmod(copy, 0o755)
    return copy
