"""How S3 is reached: the settings of its two clients, resolved once.

botocore resolves them, from the environment, the profile and dwh.cfg. obstore is told what
botocore found, and goes to the URL to which boto3's first request went: so endpoints, regions,
addressing styles and access points mean the same to both. What obstore cannot do (a proxy, a
service that is signed in another way) is left to boto3, which is slower.
"""

import os
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import urlsplit

from sparkify.errors import UsageError
from sparkify.lake.aws import Client
from sparkify.lake.aws_errors import NOWHERE

if TYPE_CHECKING:
    import boto3
    import obstore.store

CONNECT = 10.0  # seconds until a connection must be made
IDLE = 30.0  # seconds without a byte until a transfer has stalled; its total time has no limit
RETRIES = 6  # of a request, some 6 seconds with their growing and jittered waits
PAYER = "x-amz-request-payer"


class Target(NamedTuple):
    """Where a bucket is: `url` is the bucket's own, without a slash at its end."""

    url: str
    region: str
    service: str  # what requests are signed for: "s3", "s3express", "s3-outposts" and so on


@dataclass(frozen=True)
class Access:
    """What both clients are made from.

    Attributes:
        anonymous: there are no credentials, so requests are not signed.
        ca_bundle: the file of the certificates to trust; None for botocore's own.
        requester_pays: the caller pays for requests (AWS_REQUEST_PAYER=requester, as in GDAL).
    """

    session: "boto3.Session"
    anonymous: bool
    ca_bundle: str | None
    requester_pays: bool

    @classmethod
    def of(cls, session: "boto3.Session") -> "Access":
        """The access that a session has.

        Raises:
            UsageError: the bundle of certificates cannot be read.
        """
        bundle = session._session.get_config_variable("ca_bundle")
        bundle = bundle or os.environ.get("REQUESTS_CA_BUNDLE") or None
        if bundle and not Path(bundle).is_file():
            raise UsageError(f"AWS_CA_BUNDLE (or ca_bundle) is not a file: {bundle}")
        payer = os.environ.get("AWS_REQUEST_PAYER", "").lower() == "requester"
        return cls(session, session.get_credentials() is None, bundle, payer)

    def client(self) -> Client:
        """boto3's client."""
        from botocore import UNSIGNED
        from botocore.config import Config

        signing = {"signature_version": UNSIGNED} if self.anonymous else {}
        config = Config(
            retries={"mode": "standard"}, connect_timeout=CONNECT, read_timeout=IDLE, **signing
        )
        client: Client = self.session.client(
            "s3",
            region_name=self.session.region_name or "us-east-1",
            config=config,
            verify=self.ca_bundle,
        )
        if self.requester_pays:
            client.meta.events.register("before-sign.s3", pay)
        return client

    def store(self, target: Target) -> "obstore.store.S3Store | None":
        """obstore's client; None if only boto3 can do what the settings ask for."""
        from botocore.utils import get_environ_proxies
        from obstore.auth.boto3 import Boto3CredentialProvider
        from obstore.store import S3Store

        if target.service != "s3" or urlsplit(target.url).query or get_environ_proxies(target.url):
            return None
        return S3Store(
            # obstore reads the environment too: whatever may differ from botocore's answer is given
            endpoint=target.url,
            aws_endpoint_url_s3=target.url,
            virtual_hosted_style_request=True,  # the URL is the bucket's own
            s3_express=False,
            bucket="in-the-url",
            region=target.region,
            credential_provider=None if self.anonymous else Boto3CredentialProvider(self.session),
            skip_signature=self.anonymous,
            request_payer=self.requester_pays,
            retry_config={"max_retries": RETRIES, "retry_timeout": timedelta(minutes=1)},
            client_options=self.options(target.url),
        )

    def options(self, url: str) -> "obstore.store.ClientConfig":
        """How obstore connects."""
        address = urlsplit(url)
        return {
            "allow_invalid_certificates": False,
            "allow_http": address.scheme == "http",
            "connect_timeout": timedelta(seconds=CONNECT),
            "read_timeout": timedelta(seconds=IDLE),
            "timeout": timedelta(days=7),
            "root_certificate": self.certificates(),
            # a redirect to any other host would carry the session token: it leads nowhere
            "proxy_url": f"http://{NOWHERE}",
            "proxy_excludes": address.hostname or "",
        }

    def certificates(self) -> bytes:
        """The certificates that boto3 trusts."""
        from botocore.httpsession import where

        return Path(self.ca_bundle or where()).read_bytes()


def pay(request: Client, **_: object) -> None:
    """Say in a request, before it is signed, that the caller pays."""
    request.headers[PAYER] = "requester"
