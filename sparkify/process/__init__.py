"""This process: signals and temporary folders.

stopping   a signal ends the run, but never in the middle of a COMMIT
scratch    temporary folders, and the removal of those that killed runs left
"""
