-- What Redshift's catalog shows and PostgreSQL's does not. Statements refer to these views
-- because translate.py puts the schema's name in front of theirs.
SET allow_system_table_mods = on;
CREATE SCHEMA standin;

-- What CREATE TABLE declared (registry.py writes it) ---------------------------------------------
CREATE TABLE standin.tables (relation oid PRIMARY KEY, style int2 NOT NULL);
CREATE TABLE standin.columns (
    relation oid,
    number int2,
    encoding text,
    distkey bool NOT NULL DEFAULT false,
    sort_position int NOT NULL DEFAULT 0,
    identity text,
    PRIMARY KEY (relation, number)
);
CREATE TABLE standin.constraints (
    id int GENERATED ALWAYS AS IDENTITY (START 90000) PRIMARY KEY,
    relation oid NOT NULL,
    name name NOT NULL,
    kind "char" NOT NULL,
    columns int2[] NOT NULL,
    definition text NOT NULL
);

-- What COPY did (load_log.py writes it) ----------------------------------------------------------
CREATE SEQUENCE standin.query_id START 1000;
CREATE SEQUENCE standin.sys_query_id START 700000; -- SYS_QUERY_HISTORY: not the id of STL_QUERY
CREATE TABLE standin.load_errors (
    userid int, slice int, tbl int, starttime timestamp, session int, query int,
    filename varchar(256), line_number bigint, colname varchar(127), type varchar(10),
    col_length varchar(10), position int, raw_line varchar(1024), raw_field_value varchar(1024),
    err_code int, err_reason varchar(100), sys_query bigint, shown_from timestamptz
);
CREATE TABLE standin.load_commits (
    userid int, query int, slice int, filename varchar(256), lines_scanned int, curtime timestamp,
    status int
);
CREATE TABLE standin.loads (
    query_id bigint, table_name text, data_source text, status text, loaded_rows bigint,
    loaded_bytes bigint, source_file_count bigint, error_count bigint, error_message text,
    start_time timestamp, end_time timestamp, session int, sys_query bigint,
    shown_from timestamptz
);
-- the same, as the COPYs of an open transaction see it: their snapshot is older than the log
CREATE TABLE standin.own_load_errors (LIKE standin.load_errors);
CREATE TABLE standin.own_load_commits (LIKE standin.load_commits);
CREATE TABLE standin.own_loads (LIKE standin.loads);
CREATE TABLE standin.settings (slices int NOT NULL, isolation text NOT NULL);

-- PostgreSQL's catalog with Redshift's columns ---------------------------------------------------
CREATE FUNCTION standin.encodings() RETURNS text[] IMMUTABLE LANGUAGE sql AS $$
    SELECT ARRAY['none', 'raw', 'az64', 'bytedict', 'delta', 'delta32k', 'lzo', 'mostly8',
        'mostly16', 'mostly32', 'runlength', 'text255', 'text32k', 'zstd'] $$;
CREATE VIEW standin.pg_class AS
    SELECT c.*, CASE WHEN c.relkind = 'r' THEN coalesce(t.style, 10) ELSE 0 END::int2
        AS reldiststyle
    FROM pg_catalog.pg_class c LEFT JOIN standin.tables t ON t.relation = c.oid;
CREATE VIEW standin.pg_attribute AS
    SELECT a.attrelid, a.attname, a.atttypid, a.attlen, a.attnum, a.atttypmod, a.attnotnull,
        a.atthasdef, a.attisdropped, a.attislocal, a.attinhcount,
        array_position(standin.encodings(), coalesce(c.encoding, 'none')) AS attencodingtype,
        coalesce(c.distkey, false) AS attisdistkey,
        coalesce(c.sort_position, 0) AS attsortkeyord
    FROM pg_catalog.pg_attribute a
    LEFT JOIN standin.columns c ON c.relation = a.attrelid AND c.number = a.attnum;
CREATE VIEW standin.pg_attrdef AS
    SELECT adrelid, adnum, pg_get_expr(adbin, adrelid) AS adbin,
        pg_get_expr(adbin, adrelid) AS adsrc
    FROM pg_catalog.pg_attrdef
    UNION ALL
    SELECT relation, number, shown, shown
    FROM (
        SELECT relation, number,
            format('"identity"(%s, %s, ''%s''::text)', relation, number - 1, identity) AS shown
        FROM standin.columns WHERE identity IS NOT NULL
    ) identities;
CREATE VIEW standin.pg_constraint AS
    SELECT c.id::oid AS oid, c.name AS conname, r.relnamespace AS connamespace,
        c.kind AS contype, c.relation AS conrelid, c.columns AS conkey
    FROM standin.constraints c JOIN pg_catalog.pg_class r ON r.oid = c.relation;

-- Redshift's own views ---------------------------------------------------------------------------
CREATE VIEW standin.svv_external_schemas AS
    SELECT NULL::oid AS esoid, NULL::int AS eskind, NULL::name AS schemaname,
        NULL::int AS esowner, NULL::text AS databasename, NULL::text AS esoptions
    WHERE false;
CREATE VIEW standin.svv_external_tables AS
    SELECT NULL::name AS schemaname, NULL::name AS tablename, NULL::text AS location WHERE false;
CREATE VIEW standin.svv_external_columns AS
    SELECT NULL::name AS schemaname, NULL::name AS tablename, NULL::name AS columnname,
        NULL::text AS external_type, NULL::int AS columnnum, NULL::int AS part_key
    WHERE false;
CREATE VIEW standin.pg_table_def AS
    SELECT n.nspname AS schemaname, c.relname AS tablename, a.attname AS "column",
        format_type(a.atttypid, a.atttypmod) AS type,
        (standin.encodings())[a.attencodingtype] AS encoding, a.attisdistkey AS distkey,
        a.attsortkeyord AS sortkey, a.attnotnull AS "notnull"
    FROM pg_catalog.pg_class c
    JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
    JOIN standin.pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
    WHERE c.relkind = 'r' AND pg_table_is_visible(c.oid);
CREATE FUNCTION standin.row_count(oid) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE number bigint;
BEGIN
    EXECUTE 'SELECT count(*) FROM ' || $1::regclass INTO number;
    RETURN number;
END $$;
CREATE VIEW standin.svv_table_info AS
    SELECT current_database()::text AS database, n.nspname::text AS schema, c.oid AS table_id,
        c.relname::text AS "table",
        CASE t.style
            WHEN 0 THEN 'EVEN'
            WHEN 1 THEN 'KEY(' || (SELECT attname FROM standin.pg_attribute a
                WHERE a.attrelid = c.oid AND a.attisdistkey) || ')'
            WHEN 8 THEN 'ALL'
            ELSE 'AUTO(ALL)'
        END AS diststyle,
        (SELECT attname::text FROM standin.pg_attribute a
            WHERE a.attrelid = c.oid AND abs(a.attsortkeyord) = 1) AS sortkey1,
        (SELECT count(*) FROM standin.pg_attribute a
            WHERE a.attrelid = c.oid AND a.attsortkeyord <> 0)::int AS sortkey_num,
        standin.row_count(c.oid)::numeric(38, 0) AS tbl_rows
    FROM pg_catalog.pg_class c
    JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
    LEFT JOIN standin.tables t ON t.relation = c.oid
    WHERE c.relkind = 'r'
        AND n.nspname NOT LIKE 'pg\_%' AND n.nspname NOT IN ('information_schema', 'standin');
CREATE VIEW standin.svv_relation_privileges AS
    SELECT n.nspname::text AS namespace_name, c.relname::text AS relation_name,
        a.privilege_type::text AS privilege_type, a.grantee::int AS identity_id,
        CASE a.grantee WHEN 0 THEN 'public' ELSE pg_get_userbyid(a.grantee)::text END
            AS identity_name,
        CASE a.grantee WHEN 0 THEN 'public' ELSE 'user' END AS identity_type,
        a.is_grantable AS admin_option
    FROM pg_catalog.pg_class c
    JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
    CROSS JOIN LATERAL aclexplode(c.relacl) a
    WHERE c.relkind IN ('r', 'v') AND n.nspname NOT LIKE 'pg\_%'
        AND n.nspname NOT IN ('information_schema', 'standin');
CREATE VIEW standin.all_loads AS
    SELECT * FROM standin.loads UNION ALL SELECT * FROM standin.own_loads AS own
    WHERE own.query_id NOT IN (SELECT query_id FROM standin.loads);
CREATE VIEW standin.all_load_errors AS
    SELECT * FROM standin.load_errors UNION ALL SELECT * FROM standin.own_load_errors AS own
    WHERE own.query NOT IN (SELECT query_id FROM standin.loads);
CREATE VIEW standin.stl_load_errors AS
    SELECT userid, slice, tbl, starttime, session, query, filename, line_number, colname, type,
        col_length, position, raw_line, raw_field_value, err_code, err_reason
    FROM standin.all_load_errors;
CREATE VIEW standin.stl_load_commits AS
    SELECT * FROM standin.load_commits UNION ALL SELECT * FROM standin.own_load_commits AS own
    WHERE own.query NOT IN (SELECT query_id FROM standin.loads);
CREATE VIEW standin.sys_load_error_detail AS
    SELECT userid AS user_id, sys_query AS query_id, NULL::bigint AS transaction_id,
        session AS session_id, current_database()::text AS database_name, tbl AS table_id,
        starttime AS start_time, filename AS file_name, line_number, colname AS column_name,
        type AS column_type, col_length AS column_length, position, err_code AS error_code,
        err_reason AS error_message
    FROM standin.all_load_errors WHERE shown_from <= clock_timestamp();
CREATE VIEW standin.sys_load_history AS
    SELECT 100 AS user_id, sys_query AS query_id, NULL::bigint AS transaction_id,
        session AS session_id, current_database()::text AS database_name, status,
        table_name, start_time, end_time, data_source, loaded_rows, loaded_bytes,
        source_file_count, error_count, error_message
    FROM standin.all_loads WHERE shown_from <= clock_timestamp();
CREATE VIEW standin.stv_slices AS
    SELECT 0 AS node, slice FROM standin.settings, generate_series(0, slices - 1) AS slice;
CREATE VIEW standin.stv_db_isolation_level AS
    SELECT current_database()::text AS db_name, isolation AS isolation_level FROM standin.settings;

-- For the tests: a database without a user's tables and without memories --------------------------
CREATE FUNCTION standin.reset() RETURNS void LANGUAGE plpgsql AS $$
DECLARE name text;
BEGIN
    FOR name IN
        SELECT nspname FROM pg_namespace
        WHERE nspname !~ '^pg_' AND nspname NOT IN ('information_schema', 'standin')
    LOOP EXECUTE format('DROP SCHEMA %I CASCADE', name); END LOOP;
    CREATE SCHEMA public;
    DELETE FROM standin.tables;
    DELETE FROM standin.columns;
    DELETE FROM standin.constraints;
    DELETE FROM standin.load_errors;
    DELETE FROM standin.load_commits;
    DELETE FROM standin.loads;
    DELETE FROM standin.own_load_errors;
    DELETE FROM standin.own_load_commits;
    DELETE FROM standin.own_loads;
END $$;
