"""superpoint-ros benchmark"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from superpoint_ros.cli.console import ERRORS, print_table, say


def benchmark(
    json_file: Annotated[Path | None, typer.Option("--json", metavar="FILE", help="write every figure into this file")] = None,
    old: Annotated[
        Path | None, typer.Option("--compare", metavar="OLD.json", help="print ratios to an earlier run's --json file")
    ] = None,
    plots: Annotated[
        Path | None, typer.Option(metavar="FOLDER", help="draw cost against pixels and against keypoints into this folder")
    ] = None,
    nodes: Annotated[bool, typer.Option("--nodes", help="also through nodes in processes of their own and real DDS")] = False,
    quick: Annotated[bool, typer.Option("--quick", help="fewer sizes and samples, without the full network")] = False,
) -> None:
    """Measure what everything costs on this computer, stage by stage, beside SIFT, ORB and (where it is installed) XFeat.

    Takes some minutes; the computer should have nothing else to do. Times are milliseconds of wall clock. What is compared is
    measured in turns, so ratios within one run hold even on a busy computer; figures of two runs compare only on a quiet one.

    [bold]Examples[/bold]

      superpoint-ros benchmark --quick
      superpoint-ros benchmark --nodes --json benchmark.json --plots docs/images
      superpoint-ros benchmark --compare benchmark.json
    """
    from superpoint_ros.benchmark.pictures import write_pictures
    from superpoint_ros.benchmark.result import BenchmarkResult
    from superpoint_ros.benchmark.run import Plan, run_benchmark
    from superpoint_ros.benchmark.tables import comparison, machine_line, tables
    from superpoint_ros.demo.run import require_ros

    earlier = BenchmarkResult.read(old) if old else None
    if nodes:
        require_ros()
    plan = Plan.quick(nodes) if quick else Plan(nodes=nodes)
    with ERRORS.status("rendering images") as status:
        result = run_benchmark(plan, lambda done: status.update(f"measured: {done}"))
    if json_file:
        result.write(json_file)
    say(machine_line(result))
    for table in tables(result):
        print_table(table.title, table.rows, table.header)
    if earlier:
        against = comparison(earlier, result)
        print_table(against.title, against.rows, against.header)
    if plots:
        say("plots: " + ", ".join(map(str, write_pictures(result, plots))))
