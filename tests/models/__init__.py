"""Tests of sparkify.models."""
