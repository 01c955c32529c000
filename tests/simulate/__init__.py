"""Tests of sparkify.simulate."""
