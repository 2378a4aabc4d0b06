"""Textured scenes with exact poses: demo, tests and benchmarks without any download."""
