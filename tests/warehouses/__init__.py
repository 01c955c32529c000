"""Tests of sparkify.warehouses."""
