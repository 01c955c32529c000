"""Hides secrets in what is shown."""

import re

MASK = "***"


def mask_url(text: str) -> str:
    """Hide the password of a URL, and any query parameter that is named like a secret."""
    text = re.sub(r"(?<=://)([^/?#]*):([^/?#]*)@", rf"\1:{MASK}@", text)
    named_so = r"([?&][^=&]*(?:password|secret|token|key)[^=&]*=)[^&]*"
    return re.sub(named_so, rf"\1{MASK}", text, flags=re.IGNORECASE)
