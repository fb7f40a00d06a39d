#!/usr/bin/env python3
"""P4: claims over HTTP against what PostgreSQL can do alone.

The other side is what one would write without Redis: a transaction that locks the event's row (`SELECT … FOR UPDATE`),
takes a unit and inserts the booking, by pgbench with prepared statements, fsync on. All clients want the one hot event;
the best of 5, 16 and 64 clients counts.
"""
import os
import subprocess

from claims import claims
from installation import Installation
from measure import Target, table

SECONDS = 4
SCRIPT = """\\set user random(1, 8000)
BEGIN;
SELECT available FROM hot_event WHERE id = 1 FOR UPDATE;
UPDATE hot_event SET available = available - 1 WHERE id = 1;
INSERT INTO hot_booking (event_id, user_id, expires_at) VALUES (1, :user, now() + interval '10 minutes');
COMMIT;
"""
TABLES = """
CREATE TABLE hot_event (id integer PRIMARY KEY, available integer NOT NULL CHECK (available >= 0));
CREATE TABLE hot_booking (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, event_id integer NOT NULL REFERENCES hot_event,
    user_id bigint NOT NULL, expires_at timestamptz NOT NULL, created_at timestamptz NOT NULL DEFAULT now());
INSERT INTO hot_event VALUES (1, 100000000);
"""


def transactions(installation, clients):
    """Transactions a second."""
    path = os.path.join(installation.directory, "pgbench.sql")
    with open(path, "w") as file:
        file.write(SCRIPT)
    printed = subprocess.run(
        ["pgbench", "--no-vacuum", "--protocol=prepared", "--client", str(clients), "--jobs", "2", "--time", str(SECONDS),
         "--file", path, installation.database], capture_output=True, text=True, check=True).stdout
    return next(float(line.split()[2]) for line in printed.splitlines() if line.startswith("tps ="))


def measure(rounds=3):
    target = Target("P4", "claims/s ÷ PostgreSQL alone, one hot event", at_least=20)
    http, alone = Target("", ""), Target("", "")
    with Installation() as installation:
        installation.stop("reconcile")
        installation.sql(TABLES)
        claims(installation, 2)
        for _ in range(rounds):
            http.figures.append(claims(installation, SECONDS).rate)
            alone.figures.append(max(transactions(installation, clients) for clients in (5, 16, 64)))
            target.figures.append(http.figures[-1] / alone.figures[-1])
    target.note = f"{http.figure:,.0f}/s over HTTP, {alone.figure:,.0f}/s in PostgreSQL"
    return [target]


if __name__ == "__main__":
    print(table(measure()))
