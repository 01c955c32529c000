"""Tests of sparkify.process."""
