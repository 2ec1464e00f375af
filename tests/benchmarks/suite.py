"""Tell how long the tests take, by file.

    uv run pytest --junit-xml=now.xml
    uv run python tests/benchmarks/suite.py now.xml [--before before.xml] [--most 40]

Prints a table of files, the slowest first: how many tests each has, and the seconds that they and what they prepare
take. Several processes run tests at the same time, so the run takes fewer seconds than all files together.
"""

import argparse
from collections import defaultdict
from pathlib import Path
from xml.etree import ElementTree as ET


def seconds_of(file: Path) -> tuple[dict[str, list[float]], float]:
    """Return the seconds of the tests of each file, and those of the run, of a report in JUnit's format."""
    root = ET.parse(file).getroot()  # noqa: S314 - pytest wrote it
    seconds = defaultdict(list)
    for test in root.iter("testcase"):
        seconds[test.attrib["classname"].replace(".", "/") + ".py"].append(float(test.attrib["time"]))
    return dict(seconds), sum(float(suite.attrib["time"]) for suite in root.iter("testsuite"))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("report", type=Path, help="what pytest --junit-xml wrote")
    parser.add_argument("--before", type=Path, help="that of an earlier run, to compare with")
    parser.add_argument("--most", type=int, help="number of files that are shown")
    chosen = parser.parse_args()
    now, whole = seconds_of(chosen.report)
    before, whole_before = seconds_of(chosen.before or chosen.report)
    total = {name: max(sum(before.get(name, ())), sum(now.get(name, ()))) for name in before | now}
    print("| file | tests | before, s | now, s |\n| --- | ---: | ---: | ---: |")
    for name in sorted(total, key=total.__getitem__, reverse=True)[: chosen.most]:
        tests = now.get(name, ())
        print(f"| {name} | {len(tests)} | {sum(before.get(name, ())):.1f} | {sum(tests):.1f} |")
    together, together_before = ([one for tests in each.values() for one in tests] for each in (now, before))
    print(f"| all files | {len(together)} | {sum(together_before):.0f} | {sum(together):.0f} |")
    print(f"| the run | | {whole_before:.0f} | {whole:.0f} |")


if __name__ == "__main__":
    main()
