INSERT INTO users (user_id, first_name, last_name, gender, level) SELECT ranked.user_id, ranked.first_name, ranked.last_name, ranked.gender, ranked.level
FROM (SELECT event.user_id AS user_id, event.first_name AS first_name, event.last_name AS last_name, event.gender AS gender, event.level AS level, row_number() OVER (PARTITION BY event.user_id ORDER BY event.session_id DESC, event.item_in_session DESC, event.level ASC NULLS LAST, event.first_name ASC NULLS LAST, event.last_name ASC NULLS LAST, event.gender ASC NULLS LAST) AS rank
FROM (SELECT r.user_id AS user_id, r.first_name AS first_name, r.last_name AS last_name, r.gender AS gender, r.level AS level, r.ts AS ts, r.session_id AS session_id, r.item_in_session AS item_in_session
FROM staging.event_rows AS r JOIN staging.versions AS v ON v.file_id = r.file_id
WHERE v.published AND r.user_id IS NOT NULL) AS event JOIN (SELECT event.user_id AS user_id, max(event.ts) AS ts
FROM (SELECT r.user_id AS user_id, r.first_name AS first_name, r.last_name AS last_name, r.gender AS gender, r.level AS level, r.ts AS ts, r.session_id AS session_id, r.item_in_session AS item_in_session
FROM staging.event_rows AS r JOIN staging.versions AS v ON v.file_id = r.file_id
WHERE v.published AND r.user_id IS NOT NULL) AS event GROUP BY event.user_id) AS latest ON latest.user_id = event.user_id AND event.ts = latest.ts) AS ranked
WHERE ranked.rank = 1;

INSERT INTO users (user_id, first_name, last_name, gender, level) SELECT ranked.user_id, ranked.first_name, ranked.last_name, ranked.gender, ranked.level
FROM (SELECT event.user_id AS user_id, event.first_name AS first_name, event.last_name AS last_name, event.gender AS gender, event.level AS level, row_number() OVER (PARTITION BY event.user_id ORDER BY event.session_id DESC, event.item_in_session DESC, event.level ASC NULLS LAST, event.first_name ASC NULLS LAST, event.last_name ASC NULLS LAST, event.gender ASC NULLS LAST) AS rank
FROM (SELECT r.user_id AS user_id, r.first_name AS first_name, r.last_name AS last_name, r.gender AS gender, r.level AS level, r.ts AS ts, r.session_id AS session_id, r.item_in_session AS item_in_session
FROM staging.event_rows AS r JOIN staging.versions AS v ON v.file_id = r.file_id
WHERE v.published AND r.user_id IS NOT NULL AND r.user_id IN (SELECT changed_users.user_id
FROM changed_users) AND r.ts >= $since UNION ALL SELECT r.user_id AS user_id, r.first_name AS first_name, r.last_name AS last_name, r.gender AS gender, r.level AS level, r.ts AS ts, r.session_id AS session_id, r.item_in_session AS item_in_session
FROM staging.event_rows AS r JOIN staging.versions AS v ON v.file_id = r.file_id
WHERE v.published AND r.user_id IS NOT NULL AND r.user_id IN (SELECT lost_users.user_id
FROM lost_users) AND r.user_id BETWEEN $least_user_id AND $greatest_user_id) AS event JOIN (SELECT event.user_id AS user_id, max(event.ts) AS ts
FROM (SELECT r.user_id AS user_id, r.first_name AS first_name, r.last_name AS last_name, r.gender AS gender, r.level AS level, r.ts AS ts, r.session_id AS session_id, r.item_in_session AS item_in_session
FROM staging.event_rows AS r JOIN staging.versions AS v ON v.file_id = r.file_id
WHERE v.published AND r.user_id IS NOT NULL AND r.user_id IN (SELECT changed_users.user_id
FROM changed_users) AND r.ts >= $since UNION ALL SELECT r.user_id AS user_id, r.first_name AS first_name, r.last_name AS last_name, r.gender AS gender, r.level AS level, r.ts AS ts, r.session_id AS session_id, r.item_in_session AS item_in_session
FROM staging.event_rows AS r JOIN staging.versions AS v ON v.file_id = r.file_id
WHERE v.published AND r.user_id IS NOT NULL AND r.user_id IN (SELECT lost_users.user_id
FROM lost_users) AND r.user_id BETWEEN $least_user_id AND $greatest_user_id) AS event GROUP BY event.user_id) AS latest ON latest.user_id = event.user_id AND event.ts = latest.ts) AS ranked
WHERE ranked.rank = 1;
