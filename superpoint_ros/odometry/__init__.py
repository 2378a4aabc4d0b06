"""Two-view geometries to poses."""
