"""superpoint-ros evaluate shapes"""

from __future__ import annotations

from typing import Annotated

import typer

from superpoint_ros.cli.console import print_table, progress, say
from superpoint_ros.config import ExtractorConfig

_BESIDE = ("fast", "harris", "shi")


def shapes(
    features: Annotated[
        list[str] | None,
        typer.Option(
            "--features", metavar="NAME|FILE", help="detector, repeatable; without: all models of this package, fast, harris, shi"
        ),
    ] = None,
    images: Annotated[int, typer.Option(min=1, help="rendered shapes, each seen clean and with noise")] = 1000,
    seed: Annotated[int, typer.Option(min=0, help="of the shapes, which are none of training, whatever the seeds")] = 0,
) -> None:
    """Average precision of detectors on rendered shapes whose corners are known.

    Images have 160x120 pixels. A detection within 4 pixels of a corner is correct, each corner counts once, and all images,
    those without corners too, share one ranking. No threshold hides a detection; suppression is within 4 pixels.

    [bold]Examples[/bold]

      superpoint-ros evaluate shapes
      superpoint-ros evaluate shapes --features runs/superpoint/weights.safetensors --features harris --images 200
    """
    from superpoint_ros.evaluation.shapes import HEIGHT, WIDTH, evaluate_on_shapes, unseen_shape
    from superpoint_ros.evaluation.tables import figure
    from superpoint_ros.features.loading import load_extractor
    from superpoint_ros.features.models import shipped_models

    detectors = features or [*shipped_models(), *_BESIDE]
    extractors = [load_extractor(ExtractorConfig(model=name, threshold=0.0, border=0)) for name in detectors]
    with progress() as bar:
        rendered = [unseen_shape(n, seed) for n in bar.track(range(images), description="render")]
        task = bar.add_task("detect", total=images * len(extractors))
        results = [evaluate_on_shapes(extractor, rendered, on_image=lambda: bar.advance(task)) for extractor in extractors]
    names = [extractor.model for extractor in extractors]
    corners = sum(len(image.corners) for image in rendered)
    rows = [
        (name, *(figure(value) for q in (r.clean, r.noisy) for value in (q.average_precision, q.localization_error)))
        for name, r in zip(names, results, strict=True)
    ]
    print_table("Corners of unseen shapes", rows, ("", "mAP", "error / px", "mAP, noise", "error / px, noise"))
    say(f"{images} images of {WIDTH}x{HEIGHT} pixels, {corners} corners, seed {seed}; correct within 4 pixels")
    kinds = [(kind, *(" / ".join(map(figure, r.precision[kind])) for r in results)) for kind in results[0].precision]
    print_table("Average precision by shape, without / with noise", kinds, ("", *names))
