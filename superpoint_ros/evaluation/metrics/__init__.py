"""One definition of every figure: arrays in, numbers out."""
