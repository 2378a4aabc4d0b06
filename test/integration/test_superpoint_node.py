"""superpoint_node as a process: images in, features out, whatever comes in between."""

from __future__ import annotations

import signal
from collections.abc import Callable
from pathlib import Path

import numpy as np
from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus
from processes import NodeProcess, Probe
from rclpy.qos import QoSProfile, ReliabilityPolicy
from safetensors.torch import load_file, save_file
from scenes import compressed_message, header, image_message, texture
from sensor_msgs.msg import CompressedImage
from sensor_msgs.msg import Image as ImageMsg
from std_srvs.srv import Trigger

from superpoint_ros.features.extractor import SuperPoint
from superpoint_ros.io.image_message import decode
from superpoint_ros.msg import Features as FeaturesMsg
from superpoint_ros.ros.conversions import features_from_msg

StartNode = Callable[..., NodeProcess]
BEST_EFFORT = QoSProfile(depth=1, reliability=ReliabilityPolicy.BEST_EFFORT)


def test_features_are_those_of_the_library_under_the_header_of_the_image(start: StartNode, probe: Probe, weights: Path) -> None:
    settings = ("-p", f"extractor.model:={weights}", "-p", "extractor.max_keypoints:=200", "-p", "descriptor_type:=float16")
    with start("superpoint_node", *settings) as node:
        features, pictures = probe.listen(FeaturesMsg, "features"), probe.listen(ImageMsg, "debug_image")
        # A camera driver's QoS; a reliable one is used by all other tests.
        images = probe.publisher(ImageMsg, "image", BEST_EFFORT)
        image = texture()
        probe.until(lambda: images.publish(image_message(image, 12.5, "left_eye")) or (features and pictures), "features")
        assert features[0].header == header(12.5, "left_eye")
        expected = SuperPoint.load(str(weights), max_keypoints=200).extract(image)
        received = features_from_msg(features[0])
        assert received.model == expected.model
        np.testing.assert_allclose(received.keypoints, expected.keypoints, atol=1e-4)
        np.testing.assert_allclose(received.descriptors, expected.descriptors, atol=1e-3)
        assert pictures[0].header == features[0].header
        picture = decode(pictures[0])
        assert picture.shape == (*image.shape, 3)
        assert (picture != image[..., None]).any()
        mask = np.zeros_like(image)
        mask[:, :160] = 255
        probe.publisher(ImageMsg, "mask").publish(image_message(mask, 13.0))
        probe.spin(0.3)
        count = len(features)
        probe.until(lambda: images.publish(image_message(image, 14.0)) or len(features) > count + 2, "features with a mask")
        assert 0 < features_from_msg(features[-1]).keypoints[:, 0].max() < 161
        assert node.stop(signal.SIGINT, times=2) == 0, node.log
        assert "Traceback" not in node.log


def test_works_only_for_subscribers_and_says_how_it_is(start: StartNode, probe: Probe, weights: Path) -> None:
    with start(
        "superpoint_node", "-p", f"extractor.model:={weights}", "-r", "__ns:=/robot", "-r", "image:=camera/image_raw"
    ) as node:
        reports = probe.listen(DiagnosticArray, "/diagnostics")
        images = probe.publisher(ImageMsg, "/robot/camera/image_raw")

        def report() -> DiagnosticStatus:
            count = len(reports)
            probe.until(lambda: len(reports) > count + 1, "diagnostics")
            return reports[-1].status[0]

        def values(status: DiagnosticStatus) -> dict[str, str]:
            return {pair.key: pair.value for pair in status.values}

        status = report()
        assert (status.name, status.level) == ("robot/superpoint_node: features", DiagnosticStatus.WARN)
        assert status.message == "nothing received yet"
        assert status.hardware_id.startswith("random:")
        for k in range(5):
            images.publish(image_message(texture(), 1.0 + k))
            probe.spin(0.1)
        seen = values(report())
        assert (seen["received"], seen["processed"], seen["skipped without subscribers"]) == ("5", "0", "5")
        features = probe.listen(FeaturesMsg, "/robot/features")
        for k in range(5):
            images.publish(image_message(texture(), 6.0 + k))
            probe.until(lambda k=k: len(features) > k, "features")
        status = report()
        seen = values(status)
        assert (status.level, seen["processed"], seen["dropped"]) == (DiagnosticStatus.OK, "5", "0")
        assert float(seen["extract median [ms]"]) > 0
        assert float(seen["total p99 [ms]"]) >= float(seen["total median [ms]"])
        assert probe.call(Trigger, "/robot/superpoint_node/reset", Trigger.Request()).success
        assert node.stop(signal.SIGTERM) == 0


def test_two_cameras_side_by_side_one_of_them_compressed(start: StartNode, probe: Probe, weights: Path) -> None:
    model = ("-p", f"extractor.model:={weights}")
    left = start("superpoint_node", *model, "-r", "__ns:=/left")
    right = start("superpoint_node", *model, "-p", "image_transport:=compressed", "-r", "__ns:=/right")
    with left, right:
        left_features, right_features = probe.listen(FeaturesMsg, "/left/features"), probe.listen(FeaturesMsg, "/right/features")
        left_images = probe.publisher(ImageMsg, "/left/image")
        right_images = probe.publisher(CompressedImage, "/right/image/compressed")
        left_images.publish(image_message(texture(seed=1), 1.0))
        right_images.publish(compressed_message(texture(seed=2), 2.0))
        probe.until(lambda: left_features and right_features, "features of both cameras")
        assert left_features[0].header == header(1.0)
        assert right_features[0].header == header(2.0)
        expected = SuperPoint.load(str(weights)).extract(texture(seed=2))
        np.testing.assert_allclose(features_from_msg(right_features[0]).keypoints, expected.keypoints, atol=1e-4)
        right_images.publish(CompressedImage(header=header(3.0), format="jpeg", data=b"no picture"))
        right.wait_for_log("is damaged")
        right_images.publish(compressed_message(texture(seed=2), 4.0))
        probe.until(lambda: len(right_features) == 2, "features after a broken image")
        assert (len(left_features), right_features[1].header) == (1, header(4.0))


def test_qos_overrides_and_a_loud_word_where_two_ends_do_not_fit(start: StartNode, probe: Probe, weights: Path) -> None:
    overrides = ("image.subscription.reliability:=reliable", "features.publisher.reliability:=best_effort")
    settings = [text for override in overrides for text in ("-p", f"qos_overrides./{override}")]
    with start("superpoint_node", "-p", f"extractor.model:={weights}", *settings) as node:
        probe.publisher(ImageMsg, "image", BEST_EFFORT, wait=False)
        node.wait_for_log("a publisher of '/image' offers less RELIABILITY than is asked for")
        probe.listen(FeaturesMsg, "features", wait=False)
        node.wait_for_log("a subscriber asks '/features' for a RELIABILITY that is not offered")
        assert "qos_overrides./features.publisher.reliability" in node.log
        infos = probe.node.get_publishers_info_by_topic("/debug_image")
        assert [info.qos_profile.reliability for info in infos] == [ReliabilityPolicy.RELIABLE]


def _bad_images() -> list[tuple[ImageMsg, str]]:
    """Messages, and what the node must say about each."""

    def spoilt(**fields: object) -> ImageMsg:
        message = image_message(texture(64, 48), 1.0)
        for name, value in fields.items():
            setattr(message, name, value)
        return message

    nan = np.full((48, 64), np.nan, np.float32)
    return [
        (spoilt(encoding="jabberwocky"), "unknown image encoding 'jabberwocky'"),
        (spoilt(step=10), "step 10 is too short"),
        (spoilt(data=bytes(100)), "100 bytes of data"),
        (spoilt(width=0), "the image is empty: 0x48"),
        (spoilt(height=0), "the image is empty: 64x0"),
        (spoilt(encoding="32FC1", step=256, data=nan.tobytes()), "NaN"),
    ]


def test_bad_images_are_named_and_the_next_good_one_is_processed(start: StartNode, probe: Probe, weights: Path) -> None:
    with start("superpoint_node", "-p", f"extractor.model:={weights}") as node:
        features = probe.listen(FeaturesMsg, "features")
        images = probe.publisher(ImageMsg, "image")
        for bad, complaint in _bad_images():
            images.publish(bad)
            node.wait_for_log(complaint)
        # Strange but sound: each gets features, perhaps none, of its own size. Sizes change in mid-stream.
        strange = [np.zeros((1, 1), np.uint8), np.full((8, 8), 255, np.uint8), np.zeros((120, 160), np.uint8)]
        strange += [np.full((120, 160), 255, np.uint8), texture(333, 111), texture()]
        for k, image in enumerate(strange):
            images.publish(image_message(image, 10.0 + k))
            probe.until(lambda k=k: len(features) > k, f"features of image {k}")
            height, width = image.shape
            assert (features[k].width, features[k].height, features[k].header) == (width, height, header(10.0 + k))
        assert [len(message.x) for message in features[:2]] == [0, 0]
        assert len(features[-1].x) > 100
        images.publish(image_message(texture(), 3.0))
        node.wait_for_log("time jumped back by 12.000 s")
        probe.until(lambda: len(features) == len(strange) + 1, "features after time jumped back")
        probe.publisher(ImageMsg, "mask").publish(image_message(texture(32, 32), 4.0))
        probe.spin(0.3)
        images.publish(image_message(texture(), 5.0))
        node.wait_for_log("mask")
        assert "bug" not in node.log


def test_parameters_from_yaml_and_at_run_time(start: StartNode, probe: Probe, weights: Path, tmp_path: Path) -> None:
    yaml = tmp_path / "parameters.yaml"
    yaml.write_text(
        f"/**:\n  ros__parameters:\n    extractor:\n      model: {weights}\n      max_keypoints: 50\n      border: 8\n"
        "    descriptor_type: int8\n    matcher:\n      ratio: 1\n    extracter:\n      border: 1\n"
    )
    broken = tmp_path / "broken.safetensors"
    broken.write_bytes(weights.read_bytes()[:1000])
    with start("superpoint_node", "--params-file", str(yaml)) as node:
        assert "there is no parameter 'extracter.border'" in node.log
        assert "matcher.ratio" not in node.log
        features = probe.listen(FeaturesMsg, "features")
        images = probe.publisher(ImageMsg, "image")

        def count_after_next_image() -> int:
            before = len(features)
            images.publish(image_message(texture(), 1.0 + before))
            probe.until(lambda: len(features) > before, "features")
            return len(features[-1].x)

        assert count_after_next_image() == 50
        assert features[-1].descriptor_type == FeaturesMsg.DESCRIPTOR_INT8
        assert features_from_msg(features[-1]).keypoints.min() >= 7.5
        assert probe.set_parameter("/superpoint_node", "extractor.max_keypoints", 20).successful
        assert probe.set_parameter("/superpoint_node", "descriptor_type", "float32").successful
        assert count_after_next_image() == 20
        assert features[-1].descriptor_type == FeaturesMsg.DESCRIPTOR_FLOAT32
        for name, value, reason in [
            ("extractor.max_keypoints", 0, "out of range"),
            ("extractor.max_keypoints", "many", "valid integer"),
            ("descriptor_type", "float8", "'float32', 'float16' or 'int8'"),
            ("extractor.device", "cuda:7", "cuda:7"),
            ("extractor.model", "/nowhere.safetensors", "/nowhere.safetensors"),
            ("extractor.model", str(broken), "broken.safetensors"),
            ("image_transport", "compressed", "read-only"),
        ]:
            result = probe.set_parameter("/superpoint_node", name, value)
            assert not result.successful
            assert reason in result.reason
        assert count_after_next_image() == 20
        assert probe.get_parameter("/superpoint_node", "extractor.max_keypoints").integer_value == 20
        assert probe.set_parameter("/superpoint_node", "extractor.nms_radius", 8).successful
        assert probe.set_parameter("/superpoint_node", "extractor.model", "sift").successful
        assert count_after_next_image() == 20
        assert "extractor.nms_radius changes nothing for sift" in node.log


def test_a_useless_configuration_ends_with_one_line(start: StartNode, weights: Path, tmp_path: Path) -> None:
    files = _bad_weights(weights, tmp_path)
    cases = [
        (("extractor.backend:=abacus",), "extractor.backend = 'abacus'"),
        (("extractor.device:=cuda:99", f"extractor.model:={weights}"), "cuda:99"),
        *(((f"extractor.model:={path}",), path.name) for path in files),
    ]
    nodes = [start("superpoint_node", *(text for setting in settings for text in ("-p", setting))) for settings, _ in cases]
    for node, (_, complaint) in zip(nodes, cases, strict=True):
        assert node.wait() == 2
        assert complaint in node.log
        assert node.log.count("\n") == 1, node.log


def _bad_weights(weights: Path, folder: Path) -> list[Path]:
    """Files that end early, whose bytes were changed, and whose layers do not fit together."""
    truncated, corrupt, wide = (folder / f"{name}.safetensors" for name in ("truncated", "corrupt", "wide"))
    data = weights.read_bytes()
    truncated.write_bytes(data[: len(data) // 2])
    corrupt.write_bytes(data[:-100] + bytes(b ^ 0x55 for b in data[-100:]))
    tensors = load_file(weights)
    tensors["conv4b.weight"] = tensors["conv4b.weight"][:, :-1].contiguous()
    save_file(tensors, wide)
    return [truncated, corrupt, wide]
