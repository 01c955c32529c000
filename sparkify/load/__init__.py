"""From staged rows to the star and the books.

choice       which objects to read, beside what is new
loader       one load: compare, stage, publish, clean up
ledger       which objects are new, changed or missing
runs         which runs live; adopting and removing what dead ones have staged
stager       stages objects, batch by batch
staged       what a run has staged
publisher    publishes it, and checks the result
publication  the statements that make a load visible
forget       removes a person
removal      what changes in the star without them
erasure      what was removed
uncounting   their fields, out of the counts of unknown fields
tombstones   the book of those who were forgotten
transform/   one pure SELECT per star table
"""
