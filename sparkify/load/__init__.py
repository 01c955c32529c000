"""From staged rows to the star and the books.

transform    one pure SELECT per star table
publication  every statement that makes a load visible
ledger       which objects are new, changed or missing
loader       stages and publishes
"""
