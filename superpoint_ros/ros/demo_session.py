"""Plays a sequence through running nodes and records what they say; a process that `superpoint-ros demo` starts.

Progress goes to stdout, one JSON object per line: {"step": "waiting" | "probing" | "playing" | "done", …}.
"""

from __future__ import annotations

import argparse
import json
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import rclpy
from rclpy.executors import ExternalShutdownException, SingleThreadedExecutor

from superpoint_ros.errors import DataError, SuperPointRosError
from superpoint_ros.io.camera_file import read_camera
from superpoint_ros.io.frame import Frame, Source
from superpoint_ros.io.recording import Recording
from superpoint_ros.io.sources import open_source
from superpoint_ros.ros.demo_player import DemoPlayer
from superpoint_ros.ros.recorder import Recorder

PROBE_FRAMES = 12
PROBE_SKIP = 4
"""The first frames pay for memory and caches and say nothing about the speed."""
HEADROOM = 0.9
"""Part of the measured speed that the rate uses; other processes want the machine, too."""
START_TIMEOUT = 60.0
FRAME_TIMEOUT = 5.0
FIRST_PATIENCE = 2.0
QUIET = 2.0


def play(source: Source, frames: int, player: DemoPlayer, recorder: Recorder) -> None:
    """Probe the speed with the first frames, one after the other, then play the rest at the rate the machine can hold."""
    say(step="waiting")
    _wait_for_nodes(player, recorder)
    sequence = islice(iter(source), frames)
    say(step="probing")
    stamps, period = _probe(sequence, player, recorder)
    native = float(np.median(np.diff(stamps)))
    recorder.recording.probe_period = period
    rate = min(1.0, HEADROOM * native / period)
    say(step="playing", rate=rate, period=period, frame_rate=rate / native)
    _play_on_time(sequence, rate, player, recorder)
    recorder.wait_until_quiet(QUIET)
    say(step="done")


def _play_on_time(sequence: Iterator[Frame], rate: float, player: DemoPlayer, recorder: Recorder) -> None:
    """Frames at the rate that was measured. The clock stands still while the extractor is two frames late or the matcher three.

    That happens where the machine got slower since the probe; a camera would go on and have its frames dropped.
    """
    sent: list[int] = []
    for frame in sequence:
        player.wait_until_due(frame, rate)
        due = [("features", sent[-2])] if len(sent) > 1 else []
        due += [("two_view_geometry", sent[-3])] if len(sent) > 2 else []
        paused = time.monotonic()
        late = [recorder.wait_for(topic, stamp, FRAME_TIMEOUT) for topic, stamp in due if not recorder.has(topic, stamp)]
        if late:
            player.postpone(time.monotonic() - paused)
            recorder.recording.pauses += 1
        sent.append(player.show(frame))
        say(step="playing", played=PROBE_FRAMES + len(sent))


def _probe(sequence: Iterator[Frame], player: DemoPlayer, recorder: Recorder) -> tuple[list[float], float]:
    """Stamps of the frames that were shown, and the median seconds between two of them when each is shown as soon as possible.

    As soon as possible: its predecessor has features, and the one before that a geometry. So the extractor works on one frame
    while the matcher works on the one before, as when the sequence is played, and nothing has to wait in a queue.
    """
    stamps: list[float] = []
    sent: list[int] = []
    seconds = []
    for frame in islice(sequence, PROBE_FRAMES):
        began = time.monotonic()
        sent.append(player.show(frame) if sent else _first(frame, player, recorder))
        arrived = recorder.wait_for("features", sent[-1], FRAME_TIMEOUT)
        # The very first frame has nothing to be compared with, so it has no geometry.
        if len(sent) > 2:
            arrived &= recorder.wait_for("two_view_geometry", sent[-2], FRAME_TIMEOUT)
        stamps.append(frame.stamp)
        if arrived:
            seconds.append(time.monotonic() - began)
        say(step="probing", played=len(sent))
    if len(stamps) < 2:
        raise DataError(f"the sequence has {len(stamps)} frame(s), two are needed for a motion")
    if np.median(np.diff(stamps)) <= 0:
        raise DataError("the time stamps of the sequence do not advance")
    return stamps, float(np.median(seconds[min(PROBE_SKIP, len(seconds) - 1) :]))  # the first frame did arrive


def _first(frame: Frame, player: DemoPlayer, recorder: Recorder) -> int:
    """Show the first frame until it has come through: nodes that are up may not have found each other yet."""
    deadline = time.monotonic() + START_TIMEOUT
    while time.monotonic() < deadline:
        stamp = player.show(frame)
        if recorder.wait_for("tracks", stamp, FIRST_PATIENCE):
            return stamp
        say(step="waiting")
    raise DataError(f"the nodes said nothing about the first image within {START_TIMEOUT:.0f} s")


def _wait_for_nodes(player: DemoPlayer, recorder: Recorder) -> None:
    deadline = time.monotonic() + START_TIMEOUT
    while missing := [*player.missing(), *recorder.missing()]:
        if time.monotonic() > deadline:
            raise DataError(f"the nodes did not come up within {START_TIMEOUT:.0f} s: nobody serves {', '.join(missing)}")
        time.sleep(0.2)
        say(step="waiting")  # the parent looks after the nodes whenever it hears something


def say(**event: Any) -> None:
    """Tell the parent process."""
    print(json.dumps(event), flush=True)


def main(arguments: list[str] | None = None) -> int:
    """Exit status 0, or 2 with one line on stderr."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("source", type=Path)
    parser.add_argument("recording", type=Path)
    parser.add_argument("--topic")
    parser.add_argument("--camera", type=Path)
    parser.add_argument("--frames", type=int, default=sys.maxsize)
    given = parser.parse_args(arguments)
    try:
        source = open_source(given.source, given.topic)
        camera = read_camera(given.camera) if given.camera else source.camera
        return _with_ros(lambda player, recorder: play(source, given.frames, player, recorder), camera, given.recording)
    except SuperPointRosError as error:
        print(error, file=sys.stderr)
        return 2


def _with_ros(task: Callable[[DemoPlayer, Recorder], None], camera: Any, output: Path) -> int:
    recording = Recording()
    rclpy.init()
    player, recorder = DemoPlayer(recording, camera), Recorder(recording)
    executor = SingleThreadedExecutor()
    executor.add_node(player)
    executor.add_node(recorder)
    thread = threading.Thread(target=_spin, args=(executor,), daemon=True)
    thread.start()
    try:
        task(player, recorder)
    finally:
        rclpy.try_shutdown()
        thread.join(5.0)
    recording.write(output)
    return 0


def _spin(executor: SingleThreadedExecutor) -> None:
    with suppress(ExternalShutdownException):
        executor.spin()


if __name__ == "__main__":
    sys.exit(main())
