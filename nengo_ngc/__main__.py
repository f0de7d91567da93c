"""``nengo-ngc`` and ``python -m nengo_ngc``: the command line."""

import sys


def main() -> None:
    """Run the command line, which takes a second to import."""
    try:
        from .lab.cli import main as command_line
    except KeyboardInterrupt:
        print("\ninterrupted before anything was done", file=sys.stderr)
        sys.exit(130)
    command_line(prog_name="nengo-ngc")


if __name__ == "__main__":
    main()
