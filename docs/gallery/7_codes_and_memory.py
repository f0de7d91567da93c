"""
Sparse codes and memory
=======================
"""
