"""Compares both stores, and the stores with the answers that customers got."""
import subprocess
import time
from collections import Counter


def check(versions, record, say):
    """Compares both stores, and all answers with them."""
    deadline = time.monotonic() + 120
    while True:
        verified = subprocess.run(
            [versions.binaries[0], "verify"], env=versions.environment, capture_output=True, text=True)
        if verified.returncode == 0 or time.monotonic() > deadline:
            break
        time.sleep(2)
    say(f"usher verify: {verified.returncode} {verified.stdout.strip()[-600:]} {verified.stderr.strip()[-600:]}")
    if verified.returncode != 0:
        record.fail("the stores disagree")
    rows = dict(line.split("|") for line in versions.sql("SELECT id, status FROM bookings;").splitlines())
    persisted = {booking: status for booking, (_, is_persisted, status) in record.told.items() if is_persisted}
    for booking, status in persisted.items():
        row = rows.get(booking)
        # Only holds change without a request.
        if row is None or row != status and status not in ("RESERVED", "PENDING_PAYMENT"):
            record.fail(f"booking {booking} was told {status} and persisted, and PostgreSQL has {row}")
    say(f"told persisted: {Counter(persisted.values())}; rows: {Counter(rows.values())}")
    say("payments: " + versions.sql("SELECT status, count(*) FROM payments GROUP BY 1 ORDER BY 1;").replace("\n", " "))
