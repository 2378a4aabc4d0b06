"""Image pairs with ground truth, from every layout that data sets come in."""
