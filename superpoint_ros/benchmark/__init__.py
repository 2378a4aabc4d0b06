"""What everything costs on this computer: stages, sizes, backends, and other detectors beside ours."""
