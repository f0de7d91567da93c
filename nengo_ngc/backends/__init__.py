"""Simulators on which models learn, one module or folder for each."""
