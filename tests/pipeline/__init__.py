"""Tests of sparkify.pipeline: whole runs."""
