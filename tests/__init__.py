"""The tests. PyTorch has one thread in them, for several wait for each other by spinning, whatever else runs."""

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")
