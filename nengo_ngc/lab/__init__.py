"""Experiments: the command line, data sets, runs, comparisons, reports and pictures."""
