"""From objects to typed rows and rejects, the same for both warehouses.

rules     the checks of every field, as data, and what they say to people
select    fields and checks as one DuckDB SELECT
repair    text that was encoded twice
records   the strict parser: where each record starts, and why one is invalid
content   the bytes of objects: gzip, encodings, lines
spool     small objects are read together, large ones in place
sql       values in DuckDB statements
results   what became of each object
reader    puts them together
"""
