"""From objects to typed rows and rejects, the same for both warehouses.

rules       the checks of every field, as data, and what they say to people
select      fields as one DuckDB SELECT
conditions  when it finds a fault: the checks as SQL
repair      text that was encoded twice
doubts      where the lines are that did not become rows
pieces      where each record of an object starts; arrays, syntax: what that takes
records     the strict parser: why a record is invalid
forgotten   whose records are left out
content     the bytes of objects: gzip, encodings, lines
spool       small objects are read together, large ones in place
ahead       the next batch is prepared while one is read
sql         values in DuckDB statements
results     what became of each object
reader      puts them together
"""
