"""From objects to typed rows and rejects, the same for both warehouses.

select    the rules of every field as one DuckDB SELECT
records   the strict check: where each record starts, and why one is invalid
spool     small objects are read together, large ones in place
results   what became of each object
reader    puts them together
"""
