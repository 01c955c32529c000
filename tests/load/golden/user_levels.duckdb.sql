INSERT INTO user_levels (user_id, level, valid_from, valid_to) SELECT held.user_id, held.level, held.valid_from, held.valid_to
FROM (SELECT levels.user_id AS user_id, levels.level AS level, levels.ts AS valid_from, lead(levels.ts) OVER (PARTITION BY levels.user_id ORDER BY levels.ts) AS valid_to
FROM (SELECT seen.user_id AS user_id, seen.level AS level, seen.ts AS ts, seen.session_id AS session_id, seen.item_in_session AS item_in_session
FROM (SELECT settled.user_id AS user_id, settled.level AS level, settled.ts AS ts, settled.session_id AS session_id, settled.item_in_session AS item_in_session, lag(settled.level) OVER (PARTITION BY settled.user_id ORDER BY settled.ts) AS before
FROM (SELECT ranked.user_id AS user_id, ranked.level AS level, ranked.ts AS ts, ranked.session_id AS session_id, ranked.item_in_session AS item_in_session
FROM (SELECT moved.user_id AS user_id, moved.level AS level, moved.ts AS ts, moved.session_id AS session_id, moved.item_in_session AS item_in_session, row_number() OVER (PARTITION BY moved.user_id, moved.ts ORDER BY moved.session_id DESC, moved.item_in_session DESC, moved.level ASC) AS rank
FROM (SELECT seen.user_id AS user_id, seen.level AS level, seen.ts AS ts, seen.session_id AS session_id, seen.item_in_session AS item_in_session
FROM (SELECT events.user_id AS user_id, events.level AS level, events.ts AS ts, events.session_id AS session_id, events.item_in_session AS item_in_session, lag(events.level) OVER (PARTITION BY events.user_id ORDER BY events.ts, events.session_id, events.item_in_session, events.level DESC) AS before
FROM (SELECT event.user_id AS user_id, event.level AS level, event.ts AS ts, event.session_id AS session_id, event.item_in_session AS item_in_session
FROM (SELECT r.user_id AS user_id, r.first_name AS first_name, r.last_name AS last_name, r.gender AS gender, r.level AS level, r.ts AS ts, r.session_id AS session_id, r.item_in_session AS item_in_session
FROM staging.event_rows AS r JOIN staging.versions AS v ON v.file_id = r.file_id
WHERE v.published AND r.user_id IS NOT NULL) AS event JOIN (SELECT event.user_id AS user_id, min(event.level) AS level, min(event.ts) AS valid_from
FROM (SELECT r.user_id AS user_id, r.first_name AS first_name, r.last_name AS last_name, r.gender AS gender, r.level AS level, r.ts AS ts, r.session_id AS session_id, r.item_in_session AS item_in_session
FROM staging.event_rows AS r JOIN staging.versions AS v ON v.file_id = r.file_id
WHERE v.published AND r.user_id IS NOT NULL) AS event GROUP BY event.user_id
HAVING min(event.level) != max(event.level)) AS mixed ON mixed.user_id = event.user_id) AS events) AS seen
WHERE seen.before IS NULL OR seen.level != seen.before) AS moved) AS ranked
WHERE ranked.rank = 1) AS settled) AS seen
WHERE seen.before IS NULL OR seen.level != seen.before) AS levels UNION ALL SELECT steady.user_id AS user_id, steady.level AS level, steady.valid_from AS valid_from, CAST(NULL AS TIMESTAMP WITHOUT TIME ZONE) AS valid_to
FROM (SELECT event.user_id AS user_id, min(event.level) AS level, min(event.ts) AS valid_from
FROM (SELECT r.user_id AS user_id, r.first_name AS first_name, r.last_name AS last_name, r.gender AS gender, r.level AS level, r.ts AS ts, r.session_id AS session_id, r.item_in_session AS item_in_session
FROM staging.event_rows AS r JOIN staging.versions AS v ON v.file_id = r.file_id
WHERE v.published AND r.user_id IS NOT NULL) AS event GROUP BY event.user_id
HAVING min(event.level) = max(event.level)) AS steady) AS held;

INSERT INTO user_levels (user_id, level, valid_from, valid_to) SELECT held.user_id, held.level, held.valid_from, held.valid_to
FROM (SELECT levels.user_id AS user_id, levels.level AS level, levels.ts AS valid_from, lead(levels.ts) OVER (PARTITION BY levels.user_id ORDER BY levels.ts) AS valid_to
FROM (SELECT seen.user_id AS user_id, seen.level AS level, seen.ts AS ts, seen.session_id AS session_id, seen.item_in_session AS item_in_session
FROM (SELECT settled.user_id AS user_id, settled.level AS level, settled.ts AS ts, settled.session_id AS session_id, settled.item_in_session AS item_in_session, lag(settled.level) OVER (PARTITION BY settled.user_id ORDER BY settled.ts) AS before
FROM (SELECT ranked.user_id AS user_id, ranked.level AS level, ranked.ts AS ts, ranked.session_id AS session_id, ranked.item_in_session AS item_in_session
FROM (SELECT moved.user_id AS user_id, moved.level AS level, moved.ts AS ts, moved.session_id AS session_id, moved.item_in_session AS item_in_session, row_number() OVER (PARTITION BY moved.user_id, moved.ts ORDER BY moved.session_id DESC, moved.item_in_session DESC, moved.level ASC) AS rank
FROM (SELECT seen.user_id AS user_id, seen.level AS level, seen.ts AS ts, seen.session_id AS session_id, seen.item_in_session AS item_in_session
FROM (SELECT events.user_id AS user_id, events.level AS level, events.ts AS ts, events.session_id AS session_id, events.item_in_session AS item_in_session, lag(events.level) OVER (PARTITION BY events.user_id ORDER BY events.ts, events.session_id, events.item_in_session, events.level DESC) AS before
FROM (SELECT event.user_id AS user_id, event.level AS level, event.ts AS ts, event.session_id AS session_id, event.item_in_session AS item_in_session
FROM (SELECT r.user_id AS user_id, r.first_name AS first_name, r.last_name AS last_name, r.gender AS gender, r.level AS level, r.ts AS ts, r.session_id AS session_id, r.item_in_session AS item_in_session
FROM staging.event_rows AS r JOIN staging.versions AS v ON v.file_id = r.file_id
WHERE v.published AND r.user_id IS NOT NULL AND r.user_id IN (SELECT changed_users.user_id
FROM changed_users) AND r.ts >= $since UNION ALL SELECT kept_levels.user_id AS user_id, CAST(NULL AS VARCHAR(256)) AS first_name, CAST(NULL AS VARCHAR(256)) AS last_name, CAST(NULL AS VARCHAR(64)) AS gender, kept_levels.level AS level, kept_levels.valid_from AS ts, CAST(NULL AS BIGINT) AS session_id, CAST(NULL AS BIGINT) AS item_in_session
FROM kept_levels) AS event JOIN (SELECT event.user_id AS user_id, min(event.level) AS level, min(event.ts) AS valid_from
FROM (SELECT r.user_id AS user_id, r.first_name AS first_name, r.last_name AS last_name, r.gender AS gender, r.level AS level, r.ts AS ts, r.session_id AS session_id, r.item_in_session AS item_in_session
FROM staging.event_rows AS r JOIN staging.versions AS v ON v.file_id = r.file_id
WHERE v.published AND r.user_id IS NOT NULL AND r.user_id IN (SELECT changed_users.user_id
FROM changed_users) AND r.ts >= $since UNION ALL SELECT kept_levels.user_id AS user_id, CAST(NULL AS VARCHAR(256)) AS first_name, CAST(NULL AS VARCHAR(256)) AS last_name, CAST(NULL AS VARCHAR(64)) AS gender, kept_levels.level AS level, kept_levels.valid_from AS ts, CAST(NULL AS BIGINT) AS session_id, CAST(NULL AS BIGINT) AS item_in_session
FROM kept_levels) AS event GROUP BY event.user_id
HAVING min(event.level) != max(event.level)) AS mixed ON mixed.user_id = event.user_id) AS events) AS seen
WHERE seen.before IS NULL OR seen.level != seen.before) AS moved) AS ranked
WHERE ranked.rank = 1) AS settled) AS seen
WHERE seen.before IS NULL OR seen.level != seen.before) AS levels UNION ALL SELECT steady.user_id AS user_id, steady.level AS level, steady.valid_from AS valid_from, CAST(NULL AS TIMESTAMP WITHOUT TIME ZONE) AS valid_to
FROM (SELECT event.user_id AS user_id, min(event.level) AS level, min(event.ts) AS valid_from
FROM (SELECT r.user_id AS user_id, r.first_name AS first_name, r.last_name AS last_name, r.gender AS gender, r.level AS level, r.ts AS ts, r.session_id AS session_id, r.item_in_session AS item_in_session
FROM staging.event_rows AS r JOIN staging.versions AS v ON v.file_id = r.file_id
WHERE v.published AND r.user_id IS NOT NULL AND r.user_id IN (SELECT changed_users.user_id
FROM changed_users) AND r.ts >= $since UNION ALL SELECT kept_levels.user_id AS user_id, CAST(NULL AS VARCHAR(256)) AS first_name, CAST(NULL AS VARCHAR(256)) AS last_name, CAST(NULL AS VARCHAR(64)) AS gender, kept_levels.level AS level, kept_levels.valid_from AS ts, CAST(NULL AS BIGINT) AS session_id, CAST(NULL AS BIGINT) AS item_in_session
FROM kept_levels) AS event GROUP BY event.user_id
HAVING min(event.level) = max(event.level)) AS steady) AS held;
