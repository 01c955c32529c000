"""Tests of the lake: which objects exist, and their bytes."""
