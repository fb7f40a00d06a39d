"""Records what an installation of an older version leaves behind: a dump of each store, and what its customers were told.

The stores and the program run with their clocks set far ahead (`ahead.c`), so that holds and keys are alive whenever a
test loads the recording: an event's clock never goes back. The reconciler is killed before the last requests, so that
the outbox lags behind.

Usage: record.py USHER DIRECTORY (as root, with PostgreSQL's and Redis's programs and a C compiler installed)
"""
import datetime
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request

AHEAD_DAYS = 27000
REDIS, POSTGRES, HTTP = 19601, 19602, 19603
usher, out = sys.argv[1], sys.argv[2]
here = os.path.dirname(os.path.abspath(__file__))
work = tempfile.mkdtemp(prefix="usher-recording-")
os.chmod(work, 0o755)
programs = subprocess.run(["pg_config", "--bindir"], check=True, capture_output=True, text=True).stdout.strip()
subprocess.run(
    ["cc", "-shared", "-fPIC", f"-DAHEAD_DAYS={AHEAD_DAYS}", "-o", f"{work}/ahead.so", f"{here}/ahead.c"], check=True)
ahead = {**os.environ, "LD_PRELOAD": f"{work}/ahead.so"}
as_postgres = ["setpriv", "--reuid=postgres", "--regid=postgres", "--init-groups", "--"]
os.makedirs(f"{work}/postgres")
shutil.chown(f"{work}/postgres", "postgres", "postgres")
subprocess.run(
    [*as_postgres, f"{programs}/initdb", "-D", f"{work}/postgres/data", "-U", "postgres", "-A", "trust", "-E", "UTF8",
     "--locale=C.UTF-8", "--no-sync", "--no-instructions"], check=True, stdout=subprocess.DEVNULL)
children = []


def start(name, args, env=ahead):
    with open(f"{work}/{name}.log", "ab") as log:
        child = subprocess.Popen(args, env=env, stdout=log, stderr=log)
    children.append(child)
    return child


def cli(*args):
    return subprocess.run(["redis-cli", "-p", str(REDIS), *args], capture_output=True, text=True).stdout.strip()


def sql(text):
    return subprocess.run(
        [f"{programs}/psql", "-X", "-A", "-t", "-h", "127.0.0.1", "-p", str(POSTGRES), "-U", "postgres", "-c", text],
        capture_output=True, text=True).stdout.strip()


def until(what, condition):
    for _ in range(600):
        try:
            if condition():
                return
        except OSError:
            pass
        time.sleep(0.05)
    raise SystemExit("never: " + what)


os.makedirs(f"{work}/redis")
postgres = start("postgres", [
    *as_postgres, f"{programs}/postgres", "-D", f"{work}/postgres/data", "-c", "listen_addresses=127.0.0.1", "-c",
    f"port={POSTGRES}", "-c", f"unix_socket_directories={work}/postgres", "-c", "fsync=off", "-c", "autovacuum=off"])
start("redis", [
    "redis-server", "--port", str(REDIS), "--bind", "127.0.0.1", "--dir", f"{work}/redis", "--save", "", "--appendonly",
    "yes", "--appendfsync", "always"])
try:
    until("redis", lambda: cli("ping") == "PONG")
    until("postgres", lambda: sql("select 1") == "1")
    env = {
        **ahead, "REDIS_URL": f"redis://127.0.0.1:{REDIS}", "USHER_LOOPS": "1", "PORT": str(HTTP), "USHER_PARTITIONS": "4",
        "DATABASE_URL": f"postgresql://postgres@127.0.0.1:{POSTGRES}/postgres", "USHER_RATE_LIMIT": "off",
        "USHER_JWT_SECRET": "the secret of a recorded installation", "USHER_SIM_CALLBACK_MS": "off"}
    subprocess.run([usher, "migrate"], env=env, check=True)
    reconcile = start("reconcile", [usher, "reconcile"], env)
    serve = start("serve", [usher, "serve"], env)
    base = f"http://127.0.0.1:{HTTP}"
    until("ready", lambda: urllib.request.urlopen(base + "/readyz").status == 200)
    tokens = {}
    def token(user):
        if user not in tokens:
            role = ["--role", "admin"] if user == "admin" else []
            tokens[user] = subprocess.run([usher, "token", "--sub", user, "--ttl", "5h"] + role, env=env,
                                          capture_output=True, text=True, check=True).stdout.strip()
        return tokens[user]
    told = []
    def ask(user, method, path, body=None, key=None, expect=None):
        headers = {"Authorization": "Bearer " + token(user)}
        data = None
        if body is not None:
            data = json.dumps(body).encode(); headers["Content-Type"] = "application/json"
        if key: headers["Idempotency-Key"] = key
        request = urllib.request.Request(base + path, data=data, headers=headers, method=method)
        try:
            with urllib.request.urlopen(request) as answer: status, text = answer.status, answer.read().decode()
        except urllib.error.HTTPError as error: status, text = error.code, error.read().decode()
        if expect and status != expect: raise SystemExit(f"{method} {path} {body}: {status} {text}")
        if key: told.append({"user": user, "method": method, "path": path, "body": data.decode() if data else None, "key": key,
                             "status": status, "answer": text})
        return json.loads(text) if text else None
    def at(**kw):
        t = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(days=AHEAD_DAYS) + datetime.timedelta(**kw)
        return t.strftime("%Y-%m-%dT%H:%M:%S.000Z")
    def event(title, tiers, hold=600, **more):
        return ask("admin", "POST", "/v1/events", {"title": title, "startsAt": at(days=300), "currency": "USD", "holdSeconds": hold,
                   "tiers": tiers, "publish": True, **more}, expect=201)
    def general(name, amount, capacity): return {"name": name, "kind": "general", "unitAmount": amount, "capacity": capacity}
    concert = event("Concert", [general("Stalls", 2500, 60), general("Balcony", 1000, 40)], hold=86400, maxTicketsPerUser=12,
                    maxBookingsPerUser=6, salesOpenAt=at(days=-1))
    stalls, balcony = [t["id"] for t in concert["tiers"]]
    venue = ask("admin", "POST", "/v1/venues", {"name": "Hall", "sections": [
        {"name": "A", "rows": [{"name": str(r), "seats": [str(s) for s in range(1, 13)]} for r in range(1, 5)]},
        {"name": "B", "rows": [{"name": str(r), "seats": [str(s) for s in range(1, 9)]} for r in range(1, 4)]}]}, expect=201)
    opera = event("Opera", [{"name": "Front", "kind": "seated", "unitAmount": 9000, "sections": ["A"]}, general("Standing", 500, 20),
                  {"name": "Back", "kind": "seated", "unitAmount": 4000, "sections": ["B"]}], venueId=venue["id"], maxTicketsPerUser=None)
    front, standing, back = [t["id"] for t in opera["tiers"]]
    short = event("Short holds", [general("All", 100, 5)], hold=1)
    gone = event("Called off", [general("All", 700, 9)])
    seats = ask("admin", "GET", f"/v1/events/{opera['id']}/seats")["seats"]
    def seat(tier, row, number): return next(s["id"] for s in seats if s["tierId"] == tier and s["row"] == str(row) and s["number"] == str(number))
    def hold(user, event, items, key=None, expect=201, **more):
        return ask(user, "POST", "/v1/bookings", {"eventId": event["id"], "items": items, **more}, key=key, expect=expect)
    def units(tier, n): return {"tierId": tier, "quantity": n}
    good, declined, later = "4242424242424242", "4000000000000002", "4000000000000077"
    card = lambda number: {"cardNumber": number}
    def pay(user, booking, number, key=None, expect=200): return ask(user, "POST", f"/v1/bookings/{booking['id']}/payments", card(number), key=key, expect=expect)

    # What the reconciler has seen.
    hold("ann", concert, [units(stalls, 2)], key="ann-1")
    hold("ann", concert, [units(balcony, 1), units(stalls, 1)], key="ann-2")
    hold("bob", concert, [units(stalls, 2)], key="bob-1", payment=card(good))
    cyd = hold("cyd", concert, [units(stalls, 3)], key="cyd-1"); pay("cyd", cyd, good, key="cyd-pays")
    dan = hold("dan", concert, [units(balcony, 2)], key="dan-1")
    ask("dan", "POST", f"/v1/bookings/{dan['id']}/cancel", {}, key="dan-cancels", expect=200)
    eve = hold("eve", concert, [units(stalls, 4)], key="eve-1", payment=card(good))
    ask("eve", "POST", f"/v1/bookings/{eve['id']}/items/{stalls}/cancel", {"quantity": 1}, key="eve-gives-one-back", expect=200)
    fay = hold("fay", concert, [units(balcony, 1)], key="fay-1"); pay("fay", fay, declined, key="fay-is-declined", expect=402)
    gus = hold("gus", concert, [units(balcony, 2)], key="gus-1"); pay("gus", gus, later, key="gus-waits", expect=202)
    hal = hold("hal", concert, [units(balcony, 1)], key="hal-1")
    ask("hal", "POST", f"/v1/bookings/{hal['id']}/extend", {}, key="hal-extends", expect=200)
    hold("Zoë 😀 %|,", concert, [units(balcony, 1)], key="zoe-1")
    hold("ann", opera, [{"seatIds": [seat(front, 1, 3), seat(front, 1, 4)]}], key="ann-3")
    hold("bob", opera, [{"tierId": front, "bestAvailable": 3}, units(standing, 2)], key="bob-2", payment=card(good))
    hold("ivy", opera, [{"tierId": back, "bestAvailable": 2}], key="ivy-1")
    ivy = hold("ivy", opera, [{"seatIds": [seat(back, 3, 1)]}, units(standing, 1)])
    pay("ivy", ivy, good)
    ask("admin", "POST", f"/v1/events/{opera['id']}/blocks", {"seatIds": [seat(front, 4, 1), seat(front, 4, 2)]}, expect=201)
    ask("admin", "POST", f"/v1/events/{opera['id']}/blocks", {"tierId": standing, "quantity": 3}, expect=201)
    undone = ask("admin", "POST", f"/v1/events/{concert['id']}/blocks", {"tierId": balcony, "quantity": 4}, expect=201)
    kim = hold("kim", gone, [units(gone["tiers"][0]["id"], 2)], key="kim-1", payment=card(good))
    hold("lea", short, [units(short["tiers"][0]["id"], 2)], key="lea-1")
    until("a hold lapses", lambda: sql("select count(*) from bookings where status = 'EXPIRED'") == "1")
    ask("admin", "POST", f"/v1/events/{gone['id']}/cancel", expect=200)
    until("a cancelled event is refunded", lambda: sql("select count(*) from payments where status = 'REFUNDED'") == "1")
    ask("admin", "PATCH", f"/v1/events/{concert['id']}", {"tiers": [{"id": stalls, "capacity": 50, "unitAmount": 2600}]}, expect=200)
    def lag():
        def last(p):
            text = cli("XREVRANGE", "{p%d}:outbox" % p, "+", "-", "COUNT", "1").split("\n")[0]
            return text
        for p in range(4):
            cursor = sql(f"select last_ms || '-' || last_seq from partitions where id = {p}")
            l = last(p)
            if l and l != cursor: return l, cursor
        return None

    until("all is persisted", lambda: lag() is None)
    time.sleep(1)
    # What it has not.
    reconcile.send_signal(signal.SIGKILL); reconcile.wait()
    jan = hold("jan", concert, [units(stalls, 2)], key="jan-1")
    hold("kit", concert, [units(stalls, 1)], key="kit-1", payment=card(good), expect=None)
    ask("cyd", "POST", f"/v1/bookings/{cyd['id']}/cancel", {}, key="cyd-cancels")
    ask("jan", "POST", f"/v1/bookings/{jan['id']}/extend", {}, key="jan-extends", expect=200)
    hold("jan", opera, [{"seatIds": [seat(front, 2, 6)]}, {"tierId": back, "bestAvailable": 2}], key="jan-2")
    ask("admin", "DELETE", f"/v1/events/{concert['id']}/blocks/{undone['id']}", expect=204)
    ask("admin", "POST", f"/v1/events/{opera['id']}/blocks", {"seatIds": [seat(back, 1, 1)]}, expect=201)
    seen = []
    def look(user, path):
        seen.append({"user": user, "path": path, "answer": ask(user, "GET", path, expect=200)})
    for user, id in sorted({(t["user"], json.loads(t["answer"])["id"]) for t in told if t["user"] != "admin" and t["status"] in (200, 201, 202)} | {("ivy", ivy["id"])}):
        look(user, f"/v1/bookings/{id}")
    for e in (concert, opera, short, gone): look("admin", f"/v1/events/{e['id']}/availability")
    look("admin", f"/v1/events/{opera['id']}/seats")
    serve.send_signal(signal.SIGTERM); serve.wait()
    # Its lease would lapse only when the clock that was set ahead has come.
    sql("UPDATE reconcilers SET seen_at = 'epoch'")
    os.makedirs(out, exist_ok=True)
    cli("CONFIG", "SET", "appendonly", "no")
    cli("SAVE")
    shutil.copy(f"{work}/redis/dump.rdb", f"{out}/redis.rdb")
    dump = subprocess.run([f"{programs}/pg_dump", "-h", "127.0.0.1", "-p", str(POSTGRES), "-U", "postgres", "--no-owner", "--no-privileges", "--inserts",
                    "postgres"], check=True, capture_output=True, text=True, env=os.environ).stdout
    dump = "\n".join(l for l in dump.split("\n") if l and not l.startswith(("--", "SET ", "\\restrict", "\\unrestrict", "SELECT pg_catalog.set_config")))
    open(f"{out}/postgres.sql", "w").write(dump + "\n")
    with open(f"{out}/answers.json", "w") as file:
        def lines(entries):
            return ",\n".join(json.dumps(entry, ensure_ascii=False) for entry in entries)
        events = json.dumps({"concert": concert["id"], "opera": opera["id"], "short": short["id"], "gone": gone["id"]})
        file.write(f'{{"events": {events},\n"requests": [\n{lines(told)}],\n"seen": [\n{lines(seen)}]}}\n')
finally:
    for child in reversed(children):
        if child.poll() is None:
            child.send_signal(signal.SIGINT if child is postgres else signal.SIGTERM)
            child.wait(30)
    shutil.rmtree(work)
