"""Turn measurements into tables."""

import dataclasses
import pathlib
import re
from typing import Any

OURS = "Headwater"
Record = dict[str, Any]


@dataclasses.dataclass(frozen=True)
class Aim:
    """A ratio (theirs / ours) or, with no rival, a quantity of ours that should be reached."""

    task: str
    rival: str | None
    text: str
    at_least: float | None = None
    at_most: float | None = None

    def row(self, record: Record) -> str:
        """One line of the table of aims."""
        value = self._value(record)
        if value is None:
            return f"| {self.task} | {self.text} | – | not measured |"
        reached = f"{value:.2f}×" if self.rival else quantity(value, record["tasks"][self.task]["unit"])
        met = (self.at_least is None or value >= self.at_least) and (self.at_most is None or value <= self.at_most)
        return f"| {self.task} | {self.text} | {reached} | {'met' if met else 'missed'} |"

    def _value(self, record: Record) -> float | None:
        ours = _median(record, self.task, OURS)
        if self.rival is None or ours is None:
            return ours
        theirs = _median(record, self.task, self.rival)
        return None if theirs is None else theirs / ours


def _median(record: Record, task: str, side: str) -> float | None:
    return record["tasks"].get(task, {}).get("sides", {}).get(side, {}).get("median")


def quantity(value: float, unit: str) -> str:
    """A value with the unit that reads best: `3.1 s`, `12.4 µs`, `639 MB`."""
    if unit == "bytes":
        return f"{value / 1e6:,.0f} MB"
    for size, name in ((1, "s"), (1e-3, "ms")):
        if value >= size:
            return f"{value / size:.3g} {name}"
    return f"{value * 1e6:.3g} µs"


def _task(record: Record, name: str) -> list[str]:
    task = record["tasks"][name]
    ours = _median(record, name, OURS)
    lines = [f"## {name}", "", f"{task['title']}.", "", "| | median | least | theirs / ours |", "|---|---:|---:|---:|"]
    for side, result in task["sides"].items():
        if "error" in result:
            lines.append(f"| {side} | failed | | |")
            continue
        ratio = "" if ours is None or side == OURS else f"{result['median'] / ours:.2f}×"
        values = [quantity(result[key], task["unit"]) for key in ("median", "min")]
        lines.append(f"| {side} | {values[0]} | {values[1]} | {ratio} |")
    return [*lines, ""]


def _conditions(record: Record) -> str:
    machine = record["machine"]
    versions = {}
    for task in record["tasks"].values():
        for result in task["sides"].values():
            versions |= result.get("versions", {})
    packages = ", ".join(f"{name} {version}" for name, version in sorted(versions.items()))
    return (
        f"{machine['date']}, {machine['cpu']} with {machine['cores']} cores, {machine['system']}, "
        f"Python {machine['python']}; {packages or 'no versions recorded'}. "
        f"Medians of {machine['rounds']} interleaved rounds, each in fresh processes."
    )


def _aims(record: Record, aims: tuple[Aim, ...]) -> list[str]:
    return ["| | aim | reached | |", "|---|---|---:|---|", *(aim.row(record) for aim in aims)]


def markdown(record: Record, aims: tuple[Aim, ...]) -> str:
    """The whole report."""
    lines = ["# Side by side", "", _conditions(record), "", "## Aims", "", *_aims(record, aims), ""]
    for name in record["tasks"]:
        lines += _task(record, name)
    return "\n".join(lines)


def _grid(record: Record) -> list[str]:
    """One row per task, one column per side."""
    names = list(dict.fromkeys(side for task in record["tasks"].values() for side in task["sides"]))
    lines = [f"| | {' | '.join(names)} |", "|---" * (len(names) + 1) + "|"]
    for task in record["tasks"].values():
        cells = []
        for name in names:
            median = task["sides"].get(name, {}).get("median")
            cells.append("" if median is None else quantity(median, task["unit"]))
        lines.append(f"| {task['title']} | {' | '.join(cells)} |")
    return lines


def into_readme(readme: pathlib.Path, record: Record, aims: tuple[Aim, ...]) -> None:
    """Replace what stands between README's bench marks."""
    body = "\n".join([*_grid(record), "", *_aims(record, aims), "", _conditions(record), "`make bench` repeats it."])
    text, count = re.subn(
        r"(<!-- bench: begin -->\n).*?(<!-- bench: end -->)",
        lambda found: f"{found[1]}{body}\n{found[2]}",
        readme.read_text(),
        flags=re.DOTALL,
    )
    if count != 1:
        raise ValueError(f"expected one pair of bench marks in {readme}, found {count}")
    readme.write_text(text)
