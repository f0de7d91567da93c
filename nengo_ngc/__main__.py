"""``python -m nengo_ngc``: the command line."""

from .lab.cli import main

main(prog_name="nengo-ngc")
