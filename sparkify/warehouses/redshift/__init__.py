"""Amazon Redshift.

warehouse    the engine: the lock, COMMIT, export
connection   TLS, credentials for each connection, what errors mean
credentials  a password, a secret, or temporary IAM credentials
dialect      sqlalchemy-redshift's dialect, corrected; COPY and UNLOAD
parts        compressed files below the staging prefix, and their manifests
copier       uploads parts and copies them
staged       route: rows are read here, uploaded as parts, and copied
direct       route: COPY straight from the lake's objects
incoming     the checks of every field as SQL, for what a direct COPY loaded
copy_log     how many rows the last COPY loaded, and which records it rejected
"""
