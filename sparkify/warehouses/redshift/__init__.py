"""Amazon Redshift.

warehouse    the engine: connections, errors, the lock, COMMIT
dialect      sqlalchemy-redshift's dialect, corrected; COPY and UNLOAD
credentials  password, secret, or temporary IAM credentials
parts        compressed files below the staging prefix, and their manifest
staged       route: rows are read here, uploaded as parts, and copied
direct       route: Redshift copies straight from the lake's objects
incoming     the rules of every field as SQL, for what a direct COPY loaded
copy_log     how many rows the last COPY loaded, and which it rejected
"""
