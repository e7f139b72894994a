"""Records what four reports hold, and compares two such records: a change of the structure must change none of it.

The four: the paper's study (quick), the study that fuses views (quick), the study of readers, a clustered `compare`.
Tables and scores are compared byte by byte, findings by value. A JSON says what is meant to differ, with the reason:
`moved`, from old to new places of findings.json ("" when a place is gone), `new` places, and `changed` ones. A place is
matched from its start, * stands for one name.

    python benchmarks/recorded_outputs.py record before
    python benchmarks/recorded_outputs.py compare before after --meant meant.json
"""

import argparse
import json
import math
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
STUDIES = {"paper": ["--profile", "quick"], "fusion": ["--profile", "quick"], "readers": []}
CLUSTERED = ["tests/data/oracle/c01_clustered_p200.csv", "--label", "y", "--arm", "ap", "--arm", "lat"]
# What a run says of the machine and of its own duration differs each time.
OF_THE_MACHINE = re.compile(r"\d+-(facts|units)\b")


def command(*arguments: str | Path) -> None:
    program = [sys.executable, "-c", "from ovcf_bench.cli.main import main\nif __name__ == '__main__': main()"]
    subprocess.run([*program, *map(str, arguments)], cwd=ROOT, check=True, stdout=subprocess.DEVNULL)


def record(folder: Path) -> None:
    """Make the four reports in `folder`; what is trained there already is not trained again."""
    folder.mkdir(parents=True, exist_ok=True)
    key = folder / "key"
    key.write_text("ab" * 32)
    key.chmod(0o600)
    work = folder / "work"
    for name, options in STUDIES.items():
        places = ["--runs", work / name, "--cache", work / "cache", "--key", key]
        command("run", ROOT / "studies" / f"{name}.yaml", *options, *places, "--workers", "2")
    command("compare", *CLUSTERED, "--patient", "patient_id", "--cluster", "patient_id", "--runs", work / "clustered",
            "--key", key)  # fmt: skip
    for name in (*STUDIES, "clustered"):
        (run,) = (each for each in (work / name).iterdir() if (each / "findings.json").exists())
        to = folder / name
        shutil.rmtree(to, ignore_errors=True)
        command("report", run, "--export", to)
        shutil.rmtree(to / "figures")
        (to / "tables.docx").unlink()
        for each in ("findings.json", "scores.csv", "report.html"):
            shutil.copyfile(run / each, to / each)


def leaves(value: Any, place: str = "") -> Iterator[tuple[str, Any]]:
    """Yield every value of a JSON document with its place, such as sets.internal.n."""
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else None
    if items is None:
        yield place, value
    else:
        for name, inner in items:
            yield from leaves(inner, f"{place}.{name}" if place else str(name))


def matches(place: str, pattern: str) -> re.Match[str] | None:
    return re.match(re.escape(pattern).replace(r"\*", "([^.]+)") + r"(?=\.|$)", place)


def renamed(place: str, moved: dict[str, str]) -> str:
    """Return where a value of the old findings lies in the new ones, "" when it is gone."""
    for old, new in moved.items():
        if found := matches(place, old):
            return new.replace("*", "{}").format(*found.groups()) + place[found.end() :] if new else ""
    return place


def same(one: Any, other: Any) -> bool:  # but for the last bits of a float
    return one == other or (
        isinstance(one, float) and isinstance(other, float) and math.isclose(one, other, rel_tol=1e-12)
    )


def files_that_differ(before: Path, after: Path) -> Iterator[str]:
    """Yield tables and scores that are not the same byte by byte."""
    old, new = ({path.relative_to(each) for path in each.rglob("*")} for each in (before, after))
    yield from (f"{path} is in one of them only" for path in sorted(old ^ new))
    for path in sorted(old & new):
        compared = path.suffix in (".csv", ".md", ".tex") and not OF_THE_MACHINE.search(str(path))
        if compared and (before / path).read_bytes() != (after / path).read_bytes():
            yield str(path)


def findings_that_differ(before: Path, after: Path, meant: dict[str, dict[str, str]]) -> Iterator[str]:
    """Yield the places of findings.json whose values differ, but those that are meant to."""
    was, now = (dict(leaves(json.loads((each / "findings.json").read_text()))) for each in (before, after))
    was = {renamed(place, meant["moved"]): value for place, value in was.items()}
    was.pop("", None)
    for place in sorted(was.keys() | now.keys()):
        if place not in now:
            yield f"{place} is gone"
        elif place not in was:
            if not any(matches(place, each) for each in meant["new"]):
                yield f"{place} is new"
        elif not same(was[place], now[place]) and not any(matches(place, each) for each in meant["changed"]):
            yield f"{place}: {was[place]!r} -> {now[place]!r}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    doing = parser.add_subparsers(dest="doing", required=True)
    doing.add_parser("record").add_argument("folder", type=Path)
    comparing = doing.add_parser("compare")
    comparing.add_argument("before", type=Path)
    comparing.add_argument("after", type=Path)
    comparing.add_argument("--meant", type=Path)
    options = parser.parse_args()
    if options.doing == "record":
        record(options.folder.resolve())
        return
    meant = json.loads(options.meant.read_text()) if options.meant else {"moved": {}, "new": {}, "changed": {}}
    found = [
        f"{name}: {difference}"
        for name in (*STUDIES, "clustered")
        for pair in [(options.before / name, options.after / name)]
        for difference in (*files_that_differ(*pair), *findings_that_differ(*pair, meant))
    ]
    print(*found, f"{len(found)} differences", sep="\n")
    sys.exit(bool(found))


if __name__ == "__main__":
    main()
