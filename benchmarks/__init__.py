"""How the figures that the project states were measured. Each module is a command: `python -m benchmarks.NAME`."""
