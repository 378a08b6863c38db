"""Programs that start a server themselves: TSGI serves their application where they would have served, and nothing is bound in Python.

Loaded for such programs only. The servers stay the real ones; what is replaced is how they bind and how they serve. A server that
turns out to be another one than the program's own (for metrics, in a thread) binds and serves by itself, later than it would have.
"""
