"""Which functions there are: in Redshift's manual, and of those in the stand-in."""

from __future__ import annotations

from .words import words

#: Every function that has a page in the manual (its page names, from operators-functions on).
MANUAL = words(
    """
    abs acos add_months any_value approximate array array_concat array_flatten ascii asin atan
    atan2 avg bit_and bit_or bool_and bool_or bpcharcmp btrim bttext_pattern_cmp can_json_parse
    case cast cbrt ceil ceiling char_length character_length charindex checksum chr coalesce
    collate concat convert convert_timezone cos cot count crc32 cume_dist current_aws_account
    current_database current_date current_namespace current_schema current_schemas
    current_setting current_user current_user_id date_cmp date_cmp_timestamp
    date_cmp_timestamptz date_part date_part_year date_trunc dateadd datediff datepart
    decimal_precision decimal_scale decode default_iam_role degrees dense_rank dexp difference
    dlog1 dlog10 exp explain_model extract farmfingerprint64 first_value floor fnv_hash from_hex
    from_varbyte func_sha1 get_array_length getbit getdate greatest has_assumerole_privilege
    has_database_privilege has_schema_privilege has_table_privilege hll hll_cardinality
    hll_combine hll_combine_sketches hll_create_sketch hyperloglog ilike initcap interval_cmp
    is_array is_bigint is_boolean is_char is_decimal is_float is_integer is_object is_scalar
    is_smallint is_valid_json is_valid_json_array is_varchar isnull json_array_length
    json_extract_array_element_text json_extract_path_text json_parse json_serialize
    json_serialize_to_varbyte json_size json_typeof lag last_day last_value lead least left len
    length like listagg ln log lower lpad ltrim max md5 median min mod months_between
    murmur3_32_hash next_day nth_value ntile nullif nvl nvl2 object octet_length octetindex
    percent_rank percentile_cont percentile_disc pg_backend_pid pg_cancel_backend pg_get_cols
    pg_get_late_binding_view_cols pg_last_copy_count pg_last_copy_id pg_last_query_id
    pg_last_unload_count pg_last_unload_id pg_terminate_backend pi position pow power
    quote_ident quote_literal radians random rank ratio_to_report regexp_count regexp_instr
    regexp_replace regexp_substr repeat replace replicate reverse right round row_number rpad
    rtrim set_config sha sha1 sha2 sign sin soundex spatial split_part split_to_array sqrt
    st_addpoint st_angle st_area st_asbinary st_asewkb st_asewkt st_asgeojson st_ashexewkb
    st_ashexwkb st_astext st_azimuth st_boundary st_buffer st_centroid st_collect st_contains
    st_containsproperly st_convexhull st_coveredby st_covers st_crosses st_dimension st_disjoint
    st_distance st_distancesphere st_dwithin st_endpoint st_envelope st_equals st_exteriorring
    st_force2d st_force3d st_force3dm st_force3dz st_force4d st_geogfromtext st_geogfromwkb
    st_geohash st_geometryn st_geometrytype st_geomfromewkb st_geomfromewkt st_geomfromgeohash
    st_geomfromgeojson st_geomfromtext st_geomfromwkb st_interiorringn st_intersection
    st_intersects st_isclosed st_iscollection st_isempty st_ispolygonccw st_ispolygoncw
    st_isring st_issimple st_isvalid st_length st_length2d st_lengthsphere st_linefrommultipoint
    st_lineinterpolatepoint st_m st_makeenvelope st_makeline st_makepoint st_makepolygon
    st_memsize st_mmax st_mmin st_multi st_ndims st_npoints st_nrings st_numgeometries
    st_numinteriorrings st_numpoints st_perimeter st_perimeter2d st_point st_pointn st_points
    st_polygon st_removepoint st_reverse st_setpoint st_setsrid st_simplify st_srid
    st_startpoint st_touches st_transform st_union st_within st_x st_xmax st_xmin st_y st_ymax
    st_ymin st_z st_zmax st_zmin stddev stddev_pop stddev_samp strpos strtol subarray substr
    substring sum sysdate tan text_to_int_alt text_to_numeric_alt textlen timeofday
    timestamp_cmp timestamp_cmp_date timestamp_cmp_timestamptz timestamptz_cmp
    timestamptz_cmp_date timestamptz_cmp_timestamp timezone to_char to_date to_hex to_number
    to_timestamp to_varbyte translate trim trunc upper user var_pop var_samp variance version
    isfinite now age get_byte set_bit set_byte to_ascii get_bit array_to_string
    pgdate_part dw
    """
)

#: What the stand-in runs under another name, because PostgreSQL has none or another meaning.
RENAMED = {
    "avg": "standin_avg",
    "charindex": "standin_charindex",
    "concat": "standin_concat",
    "convert_timezone": "standin_convert_timezone",
    "date_part": "standin_date_part",
    "dateadd": "standin_dateadd",
    "datediff": "standin_datediff",
    "datepart": "standin_date_part",
    "extract": "standin_extract",
    "format_encoding": "standin_format_encoding",
    "getdate": "standin_getdate",
    "json_array_length": "standin_json_array_length",
    "json_extract_path_text": "standin_json_extract_path_text",
    "len": "length",
    "nvl": "coalesce",
    "pg_get_constraintdef": "standin_get_constraintdef",
    "pg_get_expr": "standin_get_expr",
    "pg_get_late_binding_view_cols": "standin_late_binding_view_cols",
    "pgdate_part": "standin_date_part",
    "textlen": "length",
    "version": "standin_version",
}

#: Functions whose first argument is a date part, written as a word or a string.
DATE_PART_FIRST = frozenset({"date_part", "dateadd", "datediff", "datepart", "pgdate_part"})

#: What PostgreSQL, or functions.sql, runs under the same name with the same meaning.
SAME = words(
    """
    abs add_months any_value approximate ascii bool_and bool_or btrim case cast ceil ceiling
    char_length character_length chr coalesce cos count cume_dist current_database current_date
    current_setting current_user date_trunc decode degrees dense_rank exp first_value floor greatest
    initcap is_valid_json lag last_day last_value lead least left length listagg ln log lower lpad
    ltrim max md5 min mod months_between nth_value ntile nullif nvl2 octet_length percent_rank
    percentile_cont pg_backend_pid pg_last_copy_count pg_last_copy_id pi position pow power
    quote_ident quote_literal radians random rank regexp_count regexp_instr regexp_replace
    regexp_substr repeat replace reverse right round row_number rpad rtrim sha2 sign sin split_part
    sqrt stddev stddev_pop stddev_samp strpos substr substring sum sysdate tan to_char to_date
    to_hex to_number translate trim trunc upper user var_pop var_samp variance
    """
)

#: Functions of the leader node: an error where a user's table is read.
LEADER_ONLY = words(
    """
    age array_to_string col_description current_schema current_schemas current_time
    current_timestamp format_type has_database_privilege has_schema_privilege has_table_privilege
    localtime localtimestamp now obj_description pg_get_viewdef pg_table_is_visible
    generate_series array
    """
)

#: Words that may stand before a parenthesis without being functions.
NOT_FUNCTIONS = words(
    """
    all and any as between by bpchar by case char character cube decimal default distinct else
    except exists from group having ilike in insert intersect interval into is join like limit minus
    not nchar numeric nvarchar on or order over partition recursive rollup select set sets some
    then top union using values varchar varying when where with within
    """
)

REFUSED_ON_TABLES = (
    "Specified types or functions (one per INFO message) not supported on Redshift tables."
)
