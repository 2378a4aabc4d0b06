"""`superpoint-ros`: parsing only, each verb calls one function."""
