"""What the host name of a Redshift endpoint tells: which cluster or workgroup, and where."""

import re
from dataclasses import dataclass

PROVISIONED = r"([^.]+)\.[^.]+\.([^.]+)\.redshift\.amazonaws\.com(?:\.cn)?"
SERVERLESS = r"([^.]+)\.[^.]+\.([^.]+)\.redshift-serverless\.amazonaws\.com(?:\.cn)?"


@dataclass(frozen=True)
class Endpoint:
    """The address of a cluster or a serverless workgroup.

    Attributes:
        host: the host name.
        name: of the cluster or workgroup; None if the host name is not one of AWS's (a custom
            domain, a tunnel, a server of one's own).
        region: the AWS region; None if the name is.
        serverless: whether it is a workgroup of Redshift Serverless.
    """

    host: str
    name: str | None = None
    region: str | None = None
    serverless: bool = False

    @classmethod
    def parse(cls, host: str | None) -> "Endpoint":
        """Take a host name apart.

        >>> cluster = Endpoint.parse("dwh.abc123.us-west-2.redshift.amazonaws.com")
        >>> cluster.name, cluster.region, cluster.serverless
        ('dwh', 'us-west-2', False)
        >>> host = "music.123456789012.cn-north-1.redshift-serverless.amazonaws.com.cn"
        >>> workgroup = Endpoint.parse(host)
        >>> workgroup.name, workgroup.region, workgroup.serverless
        ('music', 'cn-north-1', True)
        >>> Endpoint.parse("dwh.example.com")
        Endpoint(host='dwh.example.com', name=None, region=None, serverless=False)
        """
        host = (host or "").lower().rstrip(".")
        for pattern, serverless in ((PROVISIONED, False), (SERVERLESS, True)):
            if match := re.fullmatch(pattern, host):
                return cls(host, match[1], match[2], serverless)
        return cls(host)
