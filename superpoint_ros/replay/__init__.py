"""The whole pipeline over a recorded sequence: every frame, in order, the same result every time."""
