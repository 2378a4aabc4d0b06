"""From pairs of images and features to rows: what each task computes of a pair, and the loop over all of them."""
