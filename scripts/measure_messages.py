"""What a message costs: to fill, and to get from one process into another. ``python scripts/measure_messages.py [--profile]``.

Prints medians and 99th percentiles in milliseconds for 1000 keypoints with 256-element descriptors, and for images. ``--profile``
uses config/fastdds_large_messages.xml. Everything stays on this computer.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np

ROOT = Path(__file__).resolve().parents[1]
REPEAT = 100


def main() -> None:
    """Measure, or be the process at the other end."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--profile", action="store_true", help="use the Fast DDS profile for large messages")
    parser.add_argument("--echo", action="store_true", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    os.environ["ROS_AUTOMATIC_DISCOVERY_RANGE"] = "LOCALHOST"
    os.environ.setdefault("ROS_DOMAIN_ID", str(10 + os.getpid() % 90))
    if arguments.profile:
        os.environ["FASTDDS_DEFAULT_PROFILES_FILE"] = str(ROOT / "config" / "fastdds_large_messages.xml")
    echo() if arguments.echo else measure()


def messages() -> dict[str, Callable[[], Any]]:
    """Functions that fill each kind of message."""
    from std_msgs.msg import Header

    from superpoint_ros.ros.conversions import features_to_msg
    from superpoint_ros.ros.images import encode
    from superpoint_ros.types import Features

    rng = np.random.default_rng(0)
    descriptors = rng.standard_normal((1000, 256)).astype(np.float32)
    descriptors /= np.linalg.norm(descriptors, axis=1, keepdims=True)
    keypoints = rng.random((1000, 2)).astype(np.float32)
    features = Features(keypoints, keypoints[:, 0].copy(), descriptors, (640, 480), "measured:1")
    kinds: dict[str, Callable[[], Any]] = {
        f"features {kind}": lambda kind=kind: features_to_msg(features, Header(), kind) for kind in ("float32", "float16", "int8")
    }
    for width, height in ((640, 480), (1280, 720)):
        image = np.zeros((height, width), np.uint8)
        kinds[f"image {width}x{height} mono8"] = lambda image=image: encode(image, Header())
    return kinds


def measure() -> None:
    """Send every message to another process, wait for its short answer, and print how long that took."""
    import rclpy
    from std_msgs.msg import Empty

    rclpy.init()
    node = rclpy.create_node("measure")
    answers: list[float] = []
    node.create_subscription(Empty, "answer", lambda _: answers.append(time.perf_counter()), 10)
    other = subprocess.Popen([sys.executable, __file__, "--echo", *sys.argv[1:]])
    print(f"{'message':24}{'fill':>8}{'p99':>8}{'received':>10}{'p99':>8}   [ms]")
    try:
        for topic, (name, fill) in enumerate(messages().items()):
            message = fill()
            publisher = node.create_publisher(type(message), f"topic_{topic}", 10)
            while publisher.get_subscription_count() == 0 or node.count_publishers("answer") == 0:
                rclpy.spin_once(node, timeout_sec=0.05)
            time.sleep(0.3)
            fills, round_trips = [], []
            for _ in range(REPEAT):
                start = time.perf_counter()
                message = fill()
                fills.append(time.perf_counter() - start)
                answers.clear()
                start = time.perf_counter()
                publisher.publish(message)
                while not answers and time.perf_counter() - start < 2.0:
                    rclpy.spin_once(node, timeout_sec=0.1)
                if answers:
                    round_trips.append(answers[0] - start)
            row = [1e3 * float(q) for q in (*np.percentile(fills, (50, 99)), *np.percentile(round_trips, (50, 99)))]
            print(f"{name:24}{row[0]:8.2f}{row[1]:8.2f}{row[2]:10.2f}{row[3]:8.2f}", flush=True)
    finally:
        other.terminate()
        other.wait()
        node.destroy_node()
        rclpy.try_shutdown()


def echo() -> None:
    """Answer each message with an empty one."""
    import rclpy
    from rclpy.executors import ExternalShutdownException
    from std_msgs.msg import Empty

    rclpy.init()
    node = rclpy.create_node("echo")
    publisher = node.create_publisher(Empty, "answer", 10)
    for topic, fill in enumerate(messages().values()):
        node.create_subscription(type(fill()), f"topic_{topic}", lambda _: publisher.publish(Empty()), 10)
    with suppress(KeyboardInterrupt, ExternalShutdownException):
        rclpy.spin(node)


if __name__ == "__main__":
    main()
