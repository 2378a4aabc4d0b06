"""From nothing to weights: MagicPoint, Homographic Adaptation, joint SuperPoint training."""
