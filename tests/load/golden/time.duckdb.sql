INSERT INTO time (start_time, hour, day, week, month, year, weekday) SELECT moments.start_time, CAST(EXTRACT(hour FROM moments.start_time) AS INTEGER) AS hour, CAST(EXTRACT(day FROM moments.start_time) AS INTEGER) AS day, CAST(EXTRACT(week FROM moments.start_time) AS INTEGER) AS week, CAST(EXTRACT(month FROM moments.start_time) AS INTEGER) AS month, CAST(EXTRACT(year FROM moments.start_time) AS INTEGER) AS year, CAST(EXTRACT(dow FROM moments.start_time) AS INTEGER) AS weekday
FROM (SELECT DISTINCT event.ts AS start_time
FROM (SELECT r.artist AS artist, r.auth AS auth, r.first_name AS first_name, r.gender AS gender, r.item_in_session AS item_in_session, r.last_name AS last_name, r.length AS length, r.level AS level, r.location AS location, r.method AS method, r.page AS page, r.registration AS registration, r.session_id AS session_id, r.song AS song, r.status AS status, r.ts AS ts, r.user_agent AS user_agent, r.user_id AS user_id
FROM staging.event_rows AS r JOIN staging.versions AS v ON v.file_id = r.file_id
WHERE v.published AND r.page = 'NextSong') AS event) AS moments;

INSERT INTO time (start_time, hour, day, week, month, year, weekday) SELECT moments.start_time, CAST(EXTRACT(hour FROM moments.start_time) AS INTEGER) AS hour, CAST(EXTRACT(day FROM moments.start_time) AS INTEGER) AS day, CAST(EXTRACT(week FROM moments.start_time) AS INTEGER) AS week, CAST(EXTRACT(month FROM moments.start_time) AS INTEGER) AS month, CAST(EXTRACT(year FROM moments.start_time) AS INTEGER) AS year, CAST(EXTRACT(dow FROM moments.start_time) AS INTEGER) AS weekday
FROM (SELECT DISTINCT event.ts AS start_time
FROM (SELECT r.artist AS artist, r.auth AS auth, r.first_name AS first_name, r.gender AS gender, r.item_in_session AS item_in_session, r.last_name AS last_name, r.length AS length, r.level AS level, r.location AS location, r.method AS method, r.page AS page, r.registration AS registration, r.session_id AS session_id, r.song AS song, r.status AS status, r.ts AS ts, r.user_agent AS user_agent, r.user_id AS user_id
FROM staging.event_rows AS r JOIN staging.versions AS v ON v.file_id = r.file_id
WHERE v.published AND r.page = 'NextSong' AND r.ts BETWEEN $least_ts AND $greatest_ts AND r.ts IN (SELECT changed_times.ts
FROM changed_times)) AS event) AS moments;
