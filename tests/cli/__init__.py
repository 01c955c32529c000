"""Tests of sparkify.cli."""
