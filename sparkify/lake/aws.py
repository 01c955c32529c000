"""The AWS session that every client uses."""

import logging
import os
from functools import cache
from typing import TYPE_CHECKING, Any

from sparkify.lake.aws_errors import translated
from sparkify.settings import Settings

if TYPE_CHECKING:
    import boto3
    from botocore.loaders import Loader

Client = Any  # boto3 makes its clients at run time, so they have no static type
Answer = dict[str, Any]
logger = logging.getLogger(__name__)


def session(settings: Settings) -> "boto3.Session":
    """A session with the keys of dwh.cfg if both are set, otherwise with boto3's own chain.

    Raises:
        SparkifyError: AWS's own configuration is invalid or lacks the profile.
    """
    import boto3
    import botocore.session

    keys = {}
    if settings.aws_key and settings.aws_secret:
        logger.warning("using the AWS keys of dwh.cfg; a profile (AWS_PROFILE) is safer")
        keys = {
            "aws_access_key_id": settings.aws_key,
            "aws_secret_access_key": settings.aws_secret,
            "aws_session_token": settings.aws_token,
        }
    with translated("AWS", "sts:GetCallerIdentity"):
        core = botocore.session.get_session()
        core.register_component("data_loader", service_descriptions())
        core.get_scoped_config()  # reads the configuration now, so that its errors appear here
        # boto3 reads AWS_DEFAULT_REGION only; AWS's other tools prefer AWS_REGION
        region = settings.region or os.environ.get("AWS_REGION")
        return boto3.Session(botocore_session=core, region_name=region, **keys)


def kms_keys(settings: Settings) -> list[str]:
    """The ARNs of the KMS keys of the settings; the first is for what is uploaded."""
    return (settings.kms_key or "").split(",") if settings.kms_key else []


def encryption(settings: Settings) -> dict[str, str]:
    """The parameters with which an object is encrypted when it is written."""
    keys = kms_keys(settings)
    return {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": keys[0]} if keys else {}


@cache
def service_descriptions() -> "Loader":
    """botocore's descriptions of the services; all sessions share them, as they load slowly."""
    import botocore.session

    loader: Loader = botocore.session.get_session().get_component("data_loader")
    return loader
