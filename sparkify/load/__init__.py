"""From staged rows to the star and the books.

job          what a run is to do, and with what
choice       which objects to read, beside what is new
loader       one load: compare, stage, publish, clean up
ledger       which objects are new, changed or missing
runs         which runs live; adopting and removing what dead ones have staged
stager       stages objects, batch by batch
staged       what a run has staged
publisher    publishes it, and checks the result
publication  the statements that make a load visible
changes      which rows of the star a load changes; ranges: where they are
rebuilding   writes these rows anew, and checks them
transform/   one pure SELECT per star table
counts       what the warehouse has; fields: which of the records no column takes
upkeep       `upgrade` and `forget`
forget       removes a person
removal      what changes in the star without them
uncounting   their fields, out of the counts of unknown fields
tombstones   the book of those who were forgotten
"""
