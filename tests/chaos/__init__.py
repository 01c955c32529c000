"""Faults: kills, refusals, shortages, races. `scripts/chaos` does many, the tests here a few."""
