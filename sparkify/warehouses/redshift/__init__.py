"""Amazon Redshift.

warehouse    the engine: the lock, COMMIT, export
connection   TLS, credentials for each connection
faults       what the errors of the cluster, the driver and the network mean
limits       how long a run waits for a connection, for other sessions, for an answer
credentials  a password, a secret, or temporary IAM credentials
dialect      sqlalchemy-redshift's dialect, corrected; COPY and UNLOAD
design       lets Alembic compare DISTSTYLE, DISTKEY, SORTKEY and ENCODE
parts        uploads compressed files below the staging prefix, and copies them
staged       route: rows are read here, uploaded as parts, and copied
direct       route: COPY straight from the lake's objects
incoming     the checks of every field as SQL, for the texts that a direct COPY loaded
values       those texts as numbers and times, as the reader would have read them
copy_log     how many rows a COPY loaded, and which records it rejected
"""
