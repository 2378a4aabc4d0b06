"""Features to Matches to TwoViewGeometry."""
