"""Tests of sparkify.read."""
