"""A cluster at AWS: all that it needs, made, looked at and removed by boto3.

    wanted       what is asked for: the settings and the options, checked before any call
    calls        every call to AWS: looked at or changed, printed by a dry run, waited for
    refusals     what AWS refuses, in our words
    policies     the IAM documents, generated from the settings
    resources    the interface of what is made; one class each in `secret`, `role`, `rule`,
    compute      `provisioned` (a cluster of nodes) and `serverless` (namespace and workgroup)
    setup        the resources in their order: create walks forward, delete walks back
    doctor       whether a run would work, checked before it; `tls` shakes hands for it
    configfile   writes the endpoint into dwh.cfg
    command      `sparkify cluster …`

What is made carries the tag `sparkify:cluster`; nothing without it is changed or removed.
"""
