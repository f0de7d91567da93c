"""Attacks on files, folders and processes: whatever happens, no result is lost or wrong.

Each module has ``N``, the number of attempts, ``SECONDS``, the most that they may take, and
``attack(folder, n, rng)``, which yields for each attempt what was done and what came of it:

refused
    A clear error that names the file.
same
    The same result as without the attack.
traceback
    An error that nobody has thought of.
silent
    Something wrong was accepted.
lost
    A result is gone.
"""

OUTCOMES = ("refused", "same", "traceback", "silent", "lost")
