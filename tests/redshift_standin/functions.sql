-- Functions of Redshift that PostgreSQL lacks, or has with another meaning. The latter, and those
-- with date parts, are called standin_…: functions.py says which name a statement's name becomes.
SET allow_system_table_mods = on;
SET search_path = pg_catalog;

CREATE FUNCTION standin_fail() RETURNS int LANGUAGE plpgsql AS $$
BEGIN RAISE EXCEPTION 'statement refused'; END $$;

-- The catalog ------------------------------------------------------------------------------------
CREATE FUNCTION standin_version() RETURNS text IMMUTABLE LANGUAGE sql AS $$
    SELECT 'PostgreSQL 8.0.2 on i686-pc-linux-gnu, compiled by GCC gcc (GCC) 3.4.2 20041017 '
        '(Red Hat 3.4.2-6.fc3), Redshift 1.0.0'::text $$;
CREATE FUNCTION standin_format_encoding(int) RETURNS text IMMUTABLE LANGUAGE sql AS $$
    SELECT (standin.encodings())[$1] $$;
CREATE FUNCTION standin_get_constraintdef(oid, bool DEFAULT true) RETURNS text
    STABLE LANGUAGE sql AS $$ SELECT definition FROM standin.constraints WHERE id::oid = $1 $$;
CREATE FUNCTION standin_get_expr(text, oid) RETURNS text STABLE LANGUAGE sql AS 'SELECT $1';
CREATE FUNCTION standin_late_binding_view_cols() RETURNS SETOF record LANGUAGE plpgsql AS
    'BEGIN RETURN; END';

-- COPY -------------------------------------------------------------------------------------------
CREATE FUNCTION pg_last_copy_count() RETURNS bigint STABLE LANGUAGE sql AS $$
    SELECT coalesce(nullif(current_setting('standin.copy_count', true), ''), '0')::bigint $$;
CREATE FUNCTION pg_last_copy_id() RETURNS int STABLE LANGUAGE sql AS $$
    SELECT coalesce(nullif(current_setting('standin.copy_id', true), ''), '-1')::int $$;

-- Dates and times --------------------------------------------------------------------------------
CREATE FUNCTION standin_getdate() RETURNS timestamp STABLE LANGUAGE sql AS $$
    SELECT date_trunc('second', statement_timestamp() AT TIME ZONE 'UTC') $$;
CREATE FUNCTION standin_sysdate() RETURNS timestamp STABLE LANGUAGE sql AS $$
    SELECT transaction_timestamp() AT TIME ZONE 'UTC' $$;
CREATE FUNCTION standin_part(text) RETURNS text IMMUTABLE LANGUAGE sql AS $$
    SELECT CASE
        WHEN $1 IN ('millennium', 'millennia', 'mil', 'mils') THEN 'millennium'
        WHEN $1 IN ('century', 'centuries', 'c', 'cent', 'cents') THEN 'century'
        WHEN $1 IN ('decade', 'decades', 'dec', 'decs') THEN 'decade'
        WHEN $1 IN ('year', 'years', 'y', 'yr', 'yrs') THEN 'year'
        WHEN $1 IN ('quarter', 'quarters', 'qtr', 'qtrs') THEN 'quarter'
        WHEN $1 IN ('month', 'months', 'mon', 'mons') THEN 'month'
        WHEN $1 IN ('week', 'weeks', 'w') THEN 'week'
        WHEN $1 IN ('day', 'days', 'd') THEN 'day'
        WHEN $1 IN ('dayofweek', 'dow', 'dw', 'weekday') THEN 'dow'
        WHEN $1 IN ('dayofyear', 'doy', 'dy', 'yearday') THEN 'doy'
        WHEN $1 IN ('hour', 'hours', 'h', 'hr', 'hrs') THEN 'hour'
        WHEN $1 IN ('minute', 'minutes', 'm', 'min', 'mins') THEN 'minute'
        WHEN $1 IN ('second', 'seconds', 's', 'sec', 'secs') THEN 'second'
        WHEN $1 IN ('millisecond', 'milliseconds', 'ms', 'msec', 'msecs', 'msecond', 'mseconds',
            'millisec', 'millisecs', 'millisecon') THEN 'milliseconds'
        WHEN $1 IN ('microsecond', 'microseconds', 'us', 'usec', 'usecs', 'usecond', 'useconds',
            'microsec', 'microsecs') THEN 'microseconds'
        WHEN $1 IN ('epoch', 'timezone', 'timezone_hour', 'timezone_minute') THEN $1
        ELSE 'not a date part in the manual: ' || $1
    END $$;
-- EXTRACT gives the one part, an INTEGER; DATE_PART gives the whole seconds, a DOUBLE PRECISION
CREATE FUNCTION standin_extract_part(part text, raw numeric) RETURNS bigint
    IMMUTABLE LANGUAGE sql AS $$
    SELECT CASE part
        WHEN 'milliseconds' THEN trunc(raw)::bigint % 1000
        WHEN 'microseconds' THEN trunc(raw)::bigint % 1000
        WHEN 'decade' THEN trunc(raw)::bigint + 1
        ELSE trunc(raw)::bigint
    END $$;
CREATE FUNCTION standin_extract(text, timestamp) RETURNS int IMMUTABLE LANGUAGE sql AS $$
    SELECT standin_extract_part(p, "extract"(p, $2))::int FROM standin_part($1) AS p $$;
CREATE FUNCTION standin_extract(text, date) RETURNS int IMMUTABLE LANGUAGE sql AS $$
    SELECT standin_extract($1, $2::timestamp) $$;
CREATE FUNCTION standin_extract(text, time) RETURNS int IMMUTABLE LANGUAGE sql AS $$
    SELECT standin_extract_part(p, "extract"(p, $2))::int FROM standin_part($1) AS p $$;
CREATE FUNCTION standin_extract(text, timestamptz) RETURNS float8 STABLE LANGUAGE sql AS $$
    SELECT standin_extract_part(p, "extract"(p, $2))::float8 FROM standin_part($1) AS p $$;
CREATE FUNCTION standin_date_part(text, timestamp) RETURNS float8 IMMUTABLE LANGUAGE sql AS $$
    SELECT CASE p
        WHEN 'milliseconds' THEN "extract"(p, $2) % 1000 WHEN 'microseconds'
            THEN "extract"(p, $2) % 1000000
        WHEN 'decade' THEN "extract"(p, $2) + 1 ELSE "extract"(p, $2)
    END::float8 FROM standin_part($1) AS p $$;
CREATE FUNCTION standin_dateadd(text, bigint, timestamp) RETURNS timestamp
    IMMUTABLE LANGUAGE sql AS $$
    SELECT $3 + CASE p WHEN 'quarter' THEN $2 * 3 * interval '1 month'
        WHEN 'doy' THEN $2 * interval '1 day' WHEN 'dow' THEN $2 * interval '1 day'
        ELSE $2 * ('1 ' || p)::interval END
    FROM standin_part($1) AS p $$;
CREATE FUNCTION standin_datediff(text, a timestamp, b timestamp) RETURNS bigint
    IMMUTABLE LANGUAGE sql AS $$
    SELECT CASE p
        WHEN 'year' THEN extract(year FROM b) - extract(year FROM a)
        WHEN 'quarter' THEN (extract(year FROM b) - extract(year FROM a)) * 4
            + extract(quarter FROM b) - extract(quarter FROM a)
        WHEN 'month' THEN (extract(year FROM b) - extract(year FROM a)) * 12
            + extract(month FROM b) - extract(month FROM a)
        WHEN 'milliseconds' THEN trunc(extract(epoch FROM b) * 1000)
            - trunc(extract(epoch FROM a) * 1000)
        WHEN 'microseconds' THEN extract(epoch FROM b - a) * 1000000
        ELSE extract(epoch FROM date_trunc(p, b) - date_trunc(p, a)) / CASE p
            WHEN 'week' THEN 604800 WHEN 'day' THEN 86400 WHEN 'hour' THEN 3600
            WHEN 'minute' THEN 60 ELSE 1 END
    END::bigint FROM standin_part($1) AS p $$;
CREATE FUNCTION standin_convert_timezone(text, timestamp) RETURNS timestamp
    STABLE LANGUAGE sql AS $$ SELECT $2 AT TIME ZONE 'UTC' AT TIME ZONE $1 $$;
CREATE FUNCTION standin_convert_timezone(text, text, timestamp) RETURNS timestamp
    STABLE LANGUAGE sql AS $$ SELECT $3 AT TIME ZONE $1 AT TIME ZONE $2 $$;
CREATE FUNCTION add_months(timestamp, bigint) RETURNS timestamp IMMUTABLE LANGUAGE sql AS $$
    SELECT CASE WHEN $1::date = (date_trunc('month', $1) + interval '1 month - 1 day')::date
        THEN date_trunc('month', $1) + ($2 + 1) * interval '1 month' - interval '1 day'
            + $1::time::interval
        ELSE $1 + $2 * interval '1 month' END $$;
CREATE FUNCTION last_day(timestamp) RETURNS date IMMUTABLE LANGUAGE sql AS $$
    SELECT (date_trunc('month', $1) + interval '1 month - 1 day')::date $$;
CREATE FUNCTION months_between(timestamp, timestamp) RETURNS float8 IMMUTABLE LANGUAGE sql AS $$
    SELECT ((extract(year FROM $1) - extract(year FROM $2)) * 12
        + extract(month FROM $1) - extract(month FROM $2)
        + CASE WHEN extract(day FROM $1) = extract(day FROM $2)
            OR ($1::date = last_day($1) AND $2::date = last_day($2)) THEN 0
            ELSE (extract(day FROM $1) - extract(day FROM $2)) / 31 END)::float8 $$;
CREATE FUNCTION trunc(timestamp) RETURNS date IMMUTABLE LANGUAGE sql AS 'SELECT $1::date';

-- Numbers ----------------------------------------------------------------------------------------
CREATE FUNCTION round(float8, int) RETURNS float8 IMMUTABLE LANGUAGE sql AS $$
    SELECT round($1::numeric, $2)::float8 $$;
CREATE FUNCTION trunc(float8, int) RETURNS float8 IMMUTABLE LANGUAGE sql AS $$
    SELECT trunc($1::numeric, $2)::float8 $$;
-- AVG of whole numbers is a BIGINT, cut towards zero
CREATE FUNCTION standin_avg_step(numeric[], bigint) RETURNS numeric[] IMMUTABLE LANGUAGE sql AS $$
    SELECT CASE WHEN $2 IS NULL THEN $1 ELSE ARRAY[$1[1] + $2, $1[2] + 1] END $$;
CREATE FUNCTION standin_avg_step(numeric[], int) RETURNS numeric[] IMMUTABLE LANGUAGE sql AS $$
    SELECT standin_avg_step($1, $2::bigint) $$;
CREATE FUNCTION standin_avg_step(numeric[], int2) RETURNS numeric[] IMMUTABLE LANGUAGE sql AS $$
    SELECT standin_avg_step($1, $2::bigint) $$;
CREATE FUNCTION standin_avg_end(numeric[]) RETURNS bigint IMMUTABLE LANGUAGE sql AS $$
    SELECT trunc($1[1] / nullif($1[2], 0))::bigint $$;
CREATE AGGREGATE standin_avg(bigint) (
    sfunc = standin_avg_step, stype = numeric[], initcond = '{0,0}', finalfunc = standin_avg_end);
CREATE AGGREGATE standin_avg(int) (
    sfunc = standin_avg_step, stype = numeric[], initcond = '{0,0}', finalfunc = standin_avg_end);
CREATE AGGREGATE standin_avg(int2) (
    sfunc = standin_avg_step, stype = numeric[], initcond = '{0,0}', finalfunc = standin_avg_end);
CREATE AGGREGATE standin_avg(numeric) (
    sfunc = numeric_avg_accum, stype = internal, finalfunc = numeric_avg);
CREATE AGGREGATE standin_avg(float8) (
    sfunc = float8_accum, stype = float8[], initcond = '{0,0,0}', finalfunc = float8_avg);

-- Texts ------------------------------------------------------------------------------------------
CREATE FUNCTION standin_charindex(text, text) RETURNS int IMMUTABLE LANGUAGE sql AS $$
    SELECT strpos($2, $1) $$;
-- two arguments, and NULL when one is (PostgreSQL leaves NULL out)
CREATE FUNCTION standin_concat(text, text) RETURNS text IMMUTABLE LANGUAGE sql AS 'SELECT $1 || $2';
CREATE FUNCTION nvl2(anyelement, anycompatible, anycompatible) RETURNS anycompatible
    IMMUTABLE LANGUAGE sql AS 'SELECT CASE WHEN $1 IS NOT NULL THEN $2 ELSE $3 END';
CREATE FUNCTION sha2(text, int) RETURNS text IMMUTABLE LANGUAGE sql AS $$
    SELECT encode(CASE $2 WHEN 512 THEN sha512(convert_to($1, 'UTF8'))
        WHEN 384 THEN sha384(convert_to($1, 'UTF8')) WHEN 224 THEN sha224(convert_to($1, 'UTF8'))
        ELSE sha256(convert_to($1, 'UTF8')) END, 'hex') $$;
CREATE FUNCTION is_valid_json(text) RETURNS bool IMMUTABLE LANGUAGE plpgsql AS $$
BEGIN PERFORM $1::json; RETURN json_typeof($1::json) = 'object';
EXCEPTION WHEN others THEN RETURN false; END $$;
CREATE FUNCTION standin_json_extract_path_text(text, VARIADIC text[]) RETURNS text
    IMMUTABLE LANGUAGE sql AS $$ SELECT coalesce($1::json #>> $2, '') $$;
CREATE FUNCTION standin_json_array_length(text) RETURNS int IMMUTABLE LANGUAGE sql AS $$
    SELECT json_array_length($1::json) $$;
