"""Reports of hyperfine (`--export-json`): seconds of wall clock per command."""

from __future__ import annotations

from release_tasks.formats.json_field import Field, read_fields
from release_tasks.records.benchmark_report import Report, Sampled, by_name


def parse_hyperfine(data: bytes, *, where: str) -> Report:
    """Read every run of every command; the metric is called like the command, or its `--command-name`.

    Raises FormatError with the path of what is wrong; so it does for a run that ended otherwise than with 0,
    which `--ignore-failure` lets through: how long a failure takes is no measurement.
    """
    top = read_fields(data, where=where)
    return Report(format="hyperfine", metrics=by_name(map(_command, top["results"].items()), where))


def _command(result: Field) -> Sampled:
    times = result["times"]
    samples = tuple(item.number(least=0) for item in times.items())
    if not samples:
        raise times.wrong("at least one run")
    codes = result.get("exit_codes")
    for code in () if codes is None else codes.items():
        if code.value is False or code.value != 0:
            raise code.wrong("exit code 0", hint="measure a command that succeeds, without --ignore-failure")
    return Sampled(name=result["command"].text(), samples=samples, unit="s", direction="lower")
