"""Runs the page tests: all, or those whose names contain an argument."""

import sys
import time
import traceback

import accounts
import administration
import choosing
import holding
import journeys
import looks
import money
import refusals
import times
import trouble
from stage import Stage

MODULES = (journeys, refusals, choosing, holding, times, money, accounts, administration, trouble, looks)


def main(wanted):
    tests = [(name, test) for module in MODULES for name, test in vars(module).items()
             if name.startswith("test_") and (not wanted or any(part in name for part in wanted))]
    stage = Stage()
    failed = []
    try:
        for name, test in tests:
            start = time.monotonic()
            pages = []

            def page(*sizes, **options):
                pages.append(stage.page(*sizes, **options))
                return pages[-1]

            try:
                test(stage, page)
                for one in pages:
                    assert not one.complaints, f"the browser complains: {one.complaints}"
                print(f"ok      {name} ({time.monotonic() - start:.1f} s)", flush=True)
            except Exception:
                failed.append(name)
                print(f"FAILED  {name}\n{traceback.format_exc()}", flush=True)
                for index, one in enumerate(pages):
                    stage.picture(one, f"failed-{name}-{index}")
                    print(f"        complaints {one.complaints}, requests that failed {one.failures}")
            for one in pages:
                one.context.close()
    finally:
        stage.close()
    print(f"{len(tests) - len(failed)} of {len(tests)} tests of the pages passed.")
    return 1 if failed or not tests else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
