"""AWS: the session that everything of ours uses."""

import logging
from functools import cache
from typing import TYPE_CHECKING

from sparkify.settings import Settings

if TYPE_CHECKING:
    import boto3
    from botocore.loaders import Loader

logger = logging.getLogger(__name__)


def session(settings: Settings) -> "boto3.Session":
    """A session with the keys of dwh.cfg when both are set, else by boto3's own chain."""
    import boto3
    import botocore.session

    core = botocore.session.get_session()
    core.register_component("data_loader", descriptions())
    keys = {}
    if settings.aws_key and settings.aws_secret:
        logger.warning("using the AWS keys of dwh.cfg; a profile (AWS_PROFILE) is safer")
        keys = {
            "aws_access_key_id": settings.aws_key,
            "aws_secret_access_key": settings.aws_secret,
        }
    return boto3.Session(botocore_session=core, region_name=settings.region, **keys)


@cache
def descriptions() -> "Loader":
    """botocore's descriptions of the services: one copy for all sessions, 0.1 s to read."""
    import botocore.session

    found: Loader = botocore.session.get_session().get_component("data_loader")
    return found
