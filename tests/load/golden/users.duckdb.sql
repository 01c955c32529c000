INSERT INTO users (user_id, first_name, last_name, gender, level) SELECT ranked.user_id, ranked.first_name, ranked.last_name, ranked.gender, ranked.level
FROM (SELECT event.user_id AS user_id, event.first_name AS first_name, event.last_name AS last_name, event.gender AS gender, event.level AS level, row_number() OVER (PARTITION BY event.user_id ORDER BY event.session_id DESC, event.item_in_session DESC, event.level ASC NULLS LAST, event.first_name ASC NULLS LAST, event.last_name ASC NULLS LAST, event.gender ASC NULLS LAST) AS rank
FROM (SELECT r.artist AS artist, r.auth AS auth, r.first_name AS first_name, r.gender AS gender, r.item_in_session AS item_in_session, r.last_name AS last_name, r.length AS length, r.level AS level, r.location AS location, r.method AS method, r.page AS page, r.registration AS registration, r.session_id AS session_id, r.song AS song, r.status AS status, r.ts AS ts, r.user_agent AS user_agent, r.user_id AS user_id
FROM staging.event_rows AS r JOIN staging.versions AS v ON v.file_id = r.file_id
WHERE v.published) AS event JOIN (SELECT event.user_id AS user_id, max(event.ts) AS ts
FROM (SELECT r.artist AS artist, r.auth AS auth, r.first_name AS first_name, r.gender AS gender, r.item_in_session AS item_in_session, r.last_name AS last_name, r.length AS length, r.level AS level, r.location AS location, r.method AS method, r.page AS page, r.registration AS registration, r.session_id AS session_id, r.song AS song, r.status AS status, r.ts AS ts, r.user_agent AS user_agent, r.user_id AS user_id
FROM staging.event_rows AS r JOIN staging.versions AS v ON v.file_id = r.file_id
WHERE v.published) AS event
WHERE event.user_id IS NOT NULL GROUP BY event.user_id) AS latest ON latest.user_id = event.user_id AND event.ts = latest.ts) AS ranked
WHERE ranked.rank = 1;

INSERT INTO users (user_id, first_name, last_name, gender, level) SELECT ranked.user_id, ranked.first_name, ranked.last_name, ranked.gender, ranked.level
FROM (SELECT event.user_id AS user_id, event.first_name AS first_name, event.last_name AS last_name, event.gender AS gender, event.level AS level, row_number() OVER (PARTITION BY event.user_id ORDER BY event.session_id DESC, event.item_in_session DESC, event.level ASC NULLS LAST, event.first_name ASC NULLS LAST, event.last_name ASC NULLS LAST, event.gender ASC NULLS LAST) AS rank
FROM (SELECT r.artist AS artist, r.auth AS auth, r.first_name AS first_name, r.gender AS gender, r.item_in_session AS item_in_session, r.last_name AS last_name, r.length AS length, r.level AS level, r.location AS location, r.method AS method, r.page AS page, r.registration AS registration, r.session_id AS session_id, r.song AS song, r.status AS status, r.ts AS ts, r.user_agent AS user_agent, r.user_id AS user_id
FROM staging.event_rows AS r JOIN staging.versions AS v ON v.file_id = r.file_id
WHERE v.published) AS event JOIN (SELECT event.user_id AS user_id, max(event.ts) AS ts
FROM (SELECT r.artist AS artist, r.auth AS auth, r.first_name AS first_name, r.gender AS gender, r.item_in_session AS item_in_session, r.last_name AS last_name, r.length AS length, r.level AS level, r.location AS location, r.method AS method, r.page AS page, r.registration AS registration, r.session_id AS session_id, r.song AS song, r.status AS status, r.ts AS ts, r.user_agent AS user_agent, r.user_id AS user_id
FROM staging.event_rows AS r JOIN staging.versions AS v ON v.file_id = r.file_id
WHERE v.published) AS event
WHERE event.user_id IS NOT NULL AND event.user_id IN (SELECT changed_user_ids.user_id
FROM changed_user_ids) GROUP BY event.user_id) AS latest ON latest.user_id = event.user_id AND event.ts = latest.ts) AS ranked
WHERE ranked.rank = 1;
