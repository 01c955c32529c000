"""Tests of sparkify.analytics."""
