"""
Comparing learning rules
========================

``nengo-ngc compare`` trains the same network by several rules, with several seeds, and writes a
report. This notebook makes such a comparison from Python, with a rule of its own among the
others, and draws its result.
"""
