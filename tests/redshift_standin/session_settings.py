"""SET, SHOW and RESET: what the clients of a cluster send."""

from __future__ import annotations

import re

from .context import Context, Emulated, Plan, Relay
from .errors import lacks, not_in_manual
from .words import words

#: Parameters PostgreSQL has too, with the same meaning.
COMMON = words(
    """
    application_name client_encoding datestyle extra_float_digits intervalstyle search_path
    statement_timeout timezone
    """
)
#: Parameters of Redshift alone (manual: cm_chap_ConfigurationRef): accepted, without effect.
ACCEPTED = words(
    """
    analyze_threshold_percent cast_super_null_on_error describe_field_name_in_uppercase
    downcase_delimited_identifier enable_result_cache_for_session enable_vacuum_boost
    error_on_nondeterministic_update json_serialization_enable
    json_serialization_parse_nested_strings max_concurrency_scaling_clusters
    max_cursor_result_set_size
    mv_enable_aqmv_for_session navigate_super_null_on_error parse_super_null_on_error
    pg_federation_repeatable_read query_group spectrum_query_maxerror stored_proc_log_min_messages
    use_fips_ssl wlm_query_slot_count
    """
)
#: Those that would change what the stand-in has to do.
LACKING = frozenset({"enable_case_sensitive_identifier", "session", "seed"})
SHOWN = frozenset({"server_version", "transaction_isolation"})
#: All levels are the database's own (manual: r_SET_SESSION_CHARACTERISTICS).
ISOLATION_SET = re.compile(
    r"set\s+session\s+characteristics\s+as\s+transaction\s+isolation\s+level\s+[a-z ]+",
    re.IGNORECASE,
)
ISOLATION_SHOWN = re.compile(r"show\s+transaction\s+isolation\s+level", re.IGNORECASE)
FORM = re.compile(
    r"(?P<command>set|show|reset)\s+(?P<scope>(session|local)\s+)?(?P<name>\w+)(?P<rest>.*)",
    re.IGNORECASE | re.DOTALL,
)


def plan(text: str, context: Context) -> Plan:
    """How to run a SET, SHOW or RESET."""
    if ISOLATION_SHOWN.fullmatch(text):
        return Relay(text)
    if ISOLATION_SET.fullmatch(text):
        return Emulated(lambda context: "SET")
    match = FORM.fullmatch(text)
    if not match:
        raise not_in_manual("this form of SET or SHOW")
    name, command = match["name"].lower(), match["command"].upper()
    if name in ACCEPTED and command != "SHOW":
        return Emulated(lambda context: command)
    if name in COMMON or (command == "SHOW" and name in SHOWN):
        return Relay(text)
    if name in LACKING or name in ACCEPTED:
        raise lacks(f"{command} {name}")
    raise not_in_manual(f'parameter "{name}"', "42704")
