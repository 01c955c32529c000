"""Tests of sparkify.load."""
