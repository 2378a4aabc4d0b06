"""The page of a run: self-contained, well-formed, with the numbers of the run and its pictures."""

from __future__ import annotations

import base64
import os
import shutil
import subprocess
from html.parser import HTMLParser
from pathlib import Path

import cv2
import numpy as np
import pytest

from superpoint_ros.evaluation.result import ResultRow, Run
from superpoint_ros.evaluation.run_report import make_run_report
from superpoint_ros.evaluation.side_by_side import GAP, MatchPicture
from superpoint_ros.evaluation.summary import summarize_run

VOID = {"meta", "br", "img", "link", "input", "hr"}


class Page(HTMLParser):
    """Everything that the tests ask about a page; fails where tags are not closed in order."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.ids: list[str] = []
        self.references: list[str] = []
        self.links: list[str] = []
        self.images: list[str] = []
        self.tables: list[list[list[str]]] = []
        self.bold: list[str] = []
        self.texts: list[str] = []
        self._open: list[str] = []
        self.feed(text)
        self.close()
        assert self._open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_startendtag(tag, attrs)
        if tag not in VOID:
            self._open.append(tag)
        if tag == "table":
            self.tables.append([])
        elif tag == "tr":
            self.tables[-1].append([])
        elif tag in ("td", "th"):
            self.tables[-1][-1].append("")

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        for name, value in attrs:
            assert value is not None
            if name == "id":
                self.ids.append(value)
            elif name in ("href", "xlink:href", "src", "srcset", "data", "action"):
                (self.references if value.startswith("#") else self.links).append(value)
            elif "url(" in value:
                self.references.append(value[value.index("url(") + 4 : value.index(")")])
            if name == "src" and tag == "img":
                self.images.append(value)

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        if {"td", "th"} & set(self._open) and "table" in self._open and "svg" not in self._open:
            self.tables[-1][-1][-1] += f" {data}" if "small" in self._open else data
        if "b" in self._open:
            self.bold.append(data)
        if "style" not in self._open and data.strip():
            self.texts.append(data.strip())


def draw(row: ResultRow) -> MatchPicture:
    image = np.full((60, 1500), 100, np.uint8)
    points = np.array([[10.0, 30.0], [400.0, 50.0]], np.float32)
    return MatchPicture(image, image, points, points, np.array([True, False]), f"1 of 2 matches, seed {row.seed}")


def write(run: Run, folder: Path) -> Path:
    page = folder / "report.html"
    make_run_report(run, summarize_run(run), draw).write(page)
    return page


@pytest.fixture(scope="module")
def path(make_run, tmp_path_factory: pytest.TempPathFactory) -> Path:
    more = {"date": "2026-11-23T12:00:00", "revision": "0123456789abcdef", "notes": ["The pair graf/2 looks wrong."]}
    return write(make_run(**more), tmp_path_factory.mktemp("page"))


@pytest.fixture(scope="module")
def page(path: Path) -> Page:
    return Page(path.read_text(encoding="utf-8"))


def test_nothing_is_loaded_from_anywhere(page: Page) -> None:
    assert all(link.startswith("data:image/jpeg;base64,") for link in page.links)
    assert page.links == page.images != []


def test_every_id_is_there_once_and_every_reference_has_one(page: Page) -> None:
    assert len(page.ids) == len(set(page.ids)) > 0
    assert {reference.lstrip("#") for reference in page.references} <= set(page.ids)
    assert page.references


def test_tables_have_the_figures_of_the_run(make_run, page: Page) -> None:
    run = make_run()
    everything, settings, graf, boat, notes, failed = page.tables
    for table, group in ((everything, ""), (graf, "graf"), (boat, "boat")):
        header, *lines = table
        assert header[3] == "MMA 1 px [%]\N{NO-BREAK SPACE}↑"
        assert header[2] == "MLE ε=3 [px]\N{NO-BREAK SPACE}↓"
        assert [line[0].split()[0] for line in lines] == ["small:1a2b3c4d", "orb"]
        for line in lines:
            rows = [row for row in run.rows if row.features == line[0].split()[0] and group in ("", row.group)]
            for metric, cell in zip(run.metrics, line[1:], strict=True):
                scale = 1.0 if metric.unit else 100.0
                value, low, high, spread = cell.replace("[", "").replace(",", "").replace("]", "").split()
                at_seed = [metric.of([row for row in rows if row.seed == seed]) for seed in (0, 1)]
                assert float(value) == pytest.approx(scale * np.mean(at_seed), abs=0.06)
                assert float(low) <= float(value) <= float(high)
                assert spread.startswith("±")
    assert "10 pairs, 2 of 20 failed" in page.tables[0][2][0]
    assert settings[1:] == [["data", "pairs"], ["resolution", "480, 640"], ["max keypoints", "1000"], ["epsilon", "3.0"]]
    assert notes == [["The pair graf/2 looks wrong."]]
    assert failed[1:] == [["boat/9", "orb", str(seed), "boat/img6.pgm has no keypoints, it is black"] for seed in (0, 1)]


def test_the_best_of_each_column_is_bold(page: Page) -> None:
    small = [page.tables[0][1][i].split()[0] for i in range(1, 8)]
    assert page.bold[:7] == small, "small is drawn better than orb everywhere"


def test_curves_rise_over_all_thresholds_and_pairs(page: Page) -> None:
    assert "MMA over the threshold" in page.texts
    assert "Pairs with at most this corner error" in page.texts
    assert page.texts.count("small:1a2b3c4d") >= 2, "in the legends"


def test_best_and_worst_pairs_are_drawn(make_run, page: Page) -> None:
    assert len(page.images) == 8
    run = make_run()
    error = {row.pair: row.figures["corner_error"] for row in run.rows if (row.features, row.seed) == ("small:1a2b3c4d", 0)}
    ranked = sorted(error, key=error.__getitem__)
    captions = [text for text in page.texts if "matches, seed 0" in text]
    names = [caption.split(", ")[0] for caption in captions[:4]]
    assert names == [f"best: {ranked[0]}", f"best: {ranked[1]}", f"worst: {ranked[-1]}", f"worst: {ranked[-2]}"]
    assert captions[0] == f"best: {ranked[0]}, corner error {error[ranked[0]]:.2f} px. 1 of 2 matches, seed 0"
    assert not any("boat/9" in caption for caption in captions[4:]), "a pair that failed has no matches to draw"
    data = base64.b64decode(page.images[0].partition(",")[2])
    picture = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
    assert 1090 <= picture.shape[1] <= 1100, "no larger than a screen shows"


def test_what_was_measured_and_how_to_do_it_again(page: Page) -> None:
    assert page.texts.count("hpatches-1000 homography") == 2, "title and headline"
    assert "pairs · 2026-11-23 · 0123456789" in page.texts
    assert "superpoint-ros evaluate …" in page.texts


def test_many_metrics_are_split_and_a_single_kind_of_features_is_no_winner(make_run, tmp_path: Path) -> None:
    run = make_run(features=("sift",), seeds=1)
    metrics = tuple(metric for _ in range(2) for metric in run.metrics)
    page = Page(write(Run(run.protocol, {}, run.rows, metrics), tmp_path).read_text(encoding="utf-8"))
    assert [len(table[0]) for table in page.tables] == [8, 8, 2, 8, 8, 8, 8]
    assert page.bold == []


def test_points_stay_where_they_are_on_a_smaller_picture() -> None:
    image = np.zeros((100, 200), np.uint8)
    corners = np.array([[-0.5, -0.5], [199.5, 99.5]], np.float32)
    small = MatchPicture(image, image, corners, corners, np.array([True, True])).shrunk(200 + GAP)
    assert small.reference.shape[:2] == (50, 100)
    np.testing.assert_allclose(small.current_points, [[-0.5, -0.5], [99.5, 49.5]])
    assert small.shrunk(1000) is small


@pytest.mark.skipif(not shutil.which("chromium"), reason="no chromium: the tests above read the page with a parser")
def test_a_browser_shows_it(path: Path, tmp_path: Path) -> None:
    shot = tmp_path / "page.png"
    arguments = [
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
        "--hide-scrollbars",
        "--window-size=1200,1600",
        f"--screenshot={shot}",
    ]
    subprocess.run(
        ["chromium", *arguments, f"--user-data-dir={tmp_path / 'profile'}", path.as_uri()],
        check=True,
        capture_output=True,
        timeout=120,
        env={**os.environ, "HOME": str(tmp_path)},
    )
    picture = cv2.imread(str(shot))
    assert picture.shape == (1600, 1200, 3)
    ground, colours = picture[5, 5], picture.reshape(-1, 3)
    assert (ground == [249, 247, 246]).all(), "the style was used"
    blue = (np.abs(colours.astype(int) - [235, 99, 37]) < 12).all(axis=1)
    assert blue.sum() > 300, "and the curves were drawn"
