"""The learning methods, one a file, all behind :mod:`pipeline.methods.base`."""
