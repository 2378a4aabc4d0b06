"""Image to Features: the network, its weights, detection, description, and classical detectors behind one interface."""
