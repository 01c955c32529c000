"""The recipes in examples/, each run as people run it."""
