"""Loops that are compiled to machine code, for what NumPy can only do in many passes over an image."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import numba

AnyFunction = TypeVar("AnyFunction", bound=Callable[..., Any])


def compiled(*signatures: str) -> Callable[[AnyFunction], AnyFunction]:
    """A decorator: Numba compiles the function when its module is imported, not while a first image waits.

    signatures: what the function is called with, as Numba writes it; without any, it is for other compiled functions alone.
    The machine code is kept beside the module or in the user's cache folder, so that the next start takes it from there; where
    neither can be written, every start compiles. Other threads run meanwhile.
    """

    def compile_now(function: AnyFunction) -> AnyFunction:
        signature = list(signatures) or None
        try:
            return numba.njit(signature, nogil=True, cache=True)(function)
        except RuntimeError:  # no place for a cache
            return numba.njit(signature, nogil=True)(function)

    return compile_now
