"""Creates, checks and deletes a Redshift cluster at AWS, with everything it needs, by boto3.

    spec             what to create: the settings and the options, validated before any call
    calls            every call to AWS: queries and changes, dry runs, waiting
    policies         the IAM documents, generated from the settings
    resources        the interface of a resource; one class each in `secret`, `role`,
    compute          `security_group`, `provisioned` (a cluster of nodes) and `serverless` (a
                     namespace and a workgroup)
    setup            all resources in order: create goes forward, delete goes back
    doctor           checks whether a run would work; `tls` tests the connection for it
    configfile       writes the endpoint into dwh.cfg

Every resource that is created gets the tag `sparkify:cluster`. Resources without it are never
changed or deleted. The commands are in `cli/cluster.py`; AWS's errors become ours in
`lake/aws_errors.py`.
"""
