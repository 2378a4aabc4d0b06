"""Streams of batches: the same from any start, in any number of parts, made by any number of workers."""

import itertools

import numpy as np
import torch

from superpoint_ros.training.batches import BatchStream, Part, in_background


def numbers(rng):
    return {"number": rng.random(3)}


def first(stream, count=3):
    return [batch["number"] for batch in itertools.islice(stream, count)]


def test_any_start_and_any_parts_give_the_same_batches():
    whole = first(BatchStream(numbers, 4, seed=7))
    assert all(torch.equal(a, b) for a, b in zip(whole[2:], first(BatchStream(numbers, 4, 7, start=2)), strict=False))
    parts = [first(BatchStream(numbers, 4, 7, part=Part(n, 2))) for n in range(2)]
    assert all(torch.equal(batch, torch.cat(both)) for batch, *both in zip(whole, *parts, strict=True))
    assert len(np.unique(torch.cat(whole).numpy())) == 3 * 4 * 3
    assert not torch.equal(whole[0], first(BatchStream(numbers, 4, seed=8))[0])


def test_workers_keep_the_order():
    whole = first(BatchStream(numbers, 2, seed=7, start=5), 5)
    made = first(in_background(BatchStream(numbers, 2, seed=7, start=5), workers=2, pin_memory=False), 5)
    assert all(torch.equal(a, b) for a, b in zip(whole, made, strict=True))


def test_no_training_sample_is_seeded_like_a_test_image():
    # numpy pads a short seed with zeros: [7, 0] draws what [7, 0, 0] draws.
    sample = first(BatchStream(numbers, 1, seed=7))[0]
    assert not np.array_equal(sample[0].numpy(), np.random.default_rng([7, 0]).random(3))
    assert np.array_equal(np.random.default_rng([7, 0]).random(3), np.random.default_rng([7, 0, 0]).random(3))
