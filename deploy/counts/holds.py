"""Redis memory of a live hold, its outbox entry persisted and trimmed."""
from installation import Installation
from memory import hold_bytes

HOLDS = 50_000


def measure():
    """Figures by name: bytes per hold."""
    with Installation() as installation:
        installation.stop("reconcile")
        whole, alone = hold_bytes(installation, HOLDS)
    return {"Redis: live hold, its outbox entry trimmed: bytes": alone, "Redis: live hold with its outbox entry: bytes": whole}
