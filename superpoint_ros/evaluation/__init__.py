"""Figures and reports; reads what the other layers write."""
