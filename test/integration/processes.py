"""Real nodes in processes of their own, and a probe that talks to them over real DDS on loopback."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import rclpy
from rcl_interfaces.msg import ParameterValue, SetParametersResult
from rcl_interfaces.srv import GetParameters, SetParameters
from rclpy.context import Context
from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node as RclpyNode
from rclpy.parameter import Parameter
from rclpy.publisher import Publisher
from rclpy.qos import QoSProfile

DOMAIN = 10 + os.getpid() % 90
"""Of this test process (one per worker of pytest-xdist), so that tests that run side by side do not hear each other."""

START_TIMEOUT = 60.0
"""Seconds that a node may take to start. Generous: a loaded machine is slow, and a test must not fail for that."""

_SETTLE = 0.3
"""Seconds until the other end, too, knows of a connection; what is sent before may be lost."""

_CONNECT = 2.0
"""The same for nodes that have just started, each of which must find all others."""


class NodeProcess:
    """An executable of this package, started as ``ros2 run`` would; ended by SIGINT at the end of the ``with`` block."""

    def __init__(self, executable: str, log: Path, *ros_args: str) -> None:
        module = f"superpoint_ros.ros.{executable}"
        command = [sys.executable, "-m", module, *(["--ros-args", *ros_args] if ros_args else [])]
        environment = {**os.environ, "ROS_DOMAIN_ID": str(DOMAIN), "PYTHONUNBUFFERED": "1", "RCUTILS_COLORIZED_OUTPUT": "0"}
        self.name = executable
        self._log = log
        with log.open("wb") as output:
            self._process = subprocess.Popen(command, stdout=output, stderr=subprocess.STDOUT, env=environment)

    def __enter__(self) -> NodeProcess:
        self.wait_for_log("ready", START_TIMEOUT)
        return self

    def __exit__(self, *_error: object) -> None:
        self.stop()

    @property
    def log(self) -> str:
        """What it has said so far."""
        return self._log.read_text(errors="replace")

    @property
    def pid(self) -> int:
        return self._process.pid

    def running(self) -> bool:
        return self._process.poll() is None

    def wait_for_log(self, text: str, timeout: float = 20.0) -> None:
        """Fails where the process says nothing like it."""
        deadline = time.monotonic() + timeout
        while text not in self.log:
            assert self.running(), f"the node ended with {self._process.returncode}:\n{self.log}"
            assert time.monotonic() < deadline, f"{text!r} was not said within {timeout} s:\n{self.log}"
            time.sleep(0.05)

    def wait(self) -> int:
        """The exit code of a process that ends by itself."""
        return self._process.wait(START_TIMEOUT)

    def stop(self, number: int = signal.SIGINT, times: int = 1) -> int:
        """Send a signal and return the exit code; what does not listen is killed."""
        if self.running():
            for _ in range(times):
                self._process.send_signal(number)
        try:
            return self._process.wait(15.0)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
            raise


class Probe:
    """A node of the test itself: publishes inputs and collects outputs."""

    def __init__(self) -> None:
        self._context = Context()
        rclpy.init(context=self._context, domain_id=DOMAIN)
        self.node: RclpyNode = rclpy.create_node("probe", context=self._context)
        self._executor = SingleThreadedExecutor(context=self._context)
        self._executor.add_node(self.node)

    def close(self) -> None:
        self._executor.shutdown()
        self.node.destroy_node()
        rclpy.shutdown(context=self._context)

    def listen(self, message_type: type, topic: str, wait: bool = True) -> list[Any]:
        """A list that fills with messages while the probe spins; returns once a publisher is there."""
        received: list[Any] = []
        subscription = self.node.create_subscription(message_type, topic, received.append, 10)
        if wait:
            self.until(lambda: subscription.get_publisher_count() > 0, f"a publisher of {topic}")
            self.spin(_SETTLE)
        return received

    def publisher(self, message_type: type, topic: str, qos: QoSProfile | int = 10, wait: bool = True) -> Publisher:
        """Returns once somebody subscribes."""
        publisher = self.node.create_publisher(message_type, topic, qos)
        if wait:
            self.until(lambda: publisher.get_subscription_count() > 0, f"a subscriber of {topic}")
            self.spin(_SETTLE)
        return publisher

    def until_heard(self, listeners: Mapping[str, int]) -> None:
        """Returns once so many nodes subscribe to each topic, this probe among them, and publishers know of it."""
        for name, count in listeners.items():
            topic = self.node.resolve_topic_name(name)
            self.until(lambda t=topic, n=count: self.node.count_subscribers(t) >= n, f"{count} subscriber(s) of {topic}")
        self.spin(_CONNECT)

    def until(self, condition: Callable[[], object], what: str, timeout: float = 20.0) -> None:
        """Spin until a condition holds; fails where it does not."""
        deadline = time.monotonic() + timeout
        while not condition():
            assert time.monotonic() < deadline, f"no {what} within {timeout} s"
            self._executor.spin_once(timeout_sec=0.02)

    def spin(self, seconds: float) -> None:
        """Where the test is that nothing happens."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            self._executor.spin_once(timeout_sec=0.02)

    def call(self, service_type: type, name: str, request: Any) -> Any:
        """The answer of a service."""
        client = self.node.create_client(service_type, name)
        self.until(client.service_is_ready, f"service {name}")
        future = client.call_async(request)
        self.until(future.done, f"answer of {name}")
        self.node.destroy_client(client)
        return future.result()

    def set_parameter(self, node: str, name: str, value: Any) -> SetParametersResult:
        """As ``ros2 param set`` does it."""
        request = SetParameters.Request(parameters=[Parameter(name, value=value).to_parameter_msg()])
        return self.call(SetParameters, f"{node}/set_parameters", request).results[0]

    def get_parameter(self, node: str, name: str) -> ParameterValue:
        return self.call(GetParameters, f"{node}/get_parameters", GetParameters.Request(names=[name])).values[0]
