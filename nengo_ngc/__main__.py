"""``python -m nengo_ngc``: the command line."""

from .cli import main

main(prog_name="nengo-ngc")
