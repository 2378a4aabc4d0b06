"""The three nodes as processes on real DDS, a sequence played through them, and a page about what they found."""
