"""Tests of sparkify.lake."""
