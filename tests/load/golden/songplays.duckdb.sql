INSERT INTO songplays (songplay_id, start_time, user_id, level, song_id, artist_id, session_id, location, user_agent, song_title, artist_name, item_in_session, length) SELECT md5(CAST(play.user_id AS VARCHAR) || '|' || CAST(play.session_id AS VARCHAR) || '|' || CAST(play.item_in_session AS VARCHAR) || '|' || CAST(epoch_ms(play.ts) AS VARCHAR)) AS songplay_id, coalesce(only_song.song_id, nearest_song.song_id) AS song_id, coalesce(only_song.artist_id, nearest_song.artist_id) AS artist_id, play.ts AS start_time, play.user_id AS user_id, play.level AS level, play.session_id AS session_id, play.location AS location, play.user_agent AS user_agent, play.song AS song_title, play.artist AS artist_name, play.item_in_session AS item_in_session, play.length AS length
FROM (SELECT event.user_id AS user_id, event.session_id AS session_id, event.item_in_session AS item_in_session, event.ts AS ts, event.level AS level, event.song AS song, event.artist AS artist, event.length AS length, event.location AS location, event.user_agent AS user_agent
FROM (SELECT r.artist AS artist, r.auth AS auth, r.first_name AS first_name, r.gender AS gender, r.item_in_session AS item_in_session, r.last_name AS last_name, r.length AS length, r.level AS level, r.location AS location, r.method AS method, r.page AS page, r.registration AS registration, r.session_id AS session_id, r.song AS song, r.status AS status, r.ts AS ts, r.user_agent AS user_agent, r.user_id AS user_id
FROM staging.event_rows AS r JOIN staging.versions AS v ON v.file_id = r.file_id
WHERE v.published) AS event LEFT OUTER JOIN (SELECT event.user_id AS user_id, event.session_id AS session_id, event.item_in_session AS item_in_session, event.ts AS ts
FROM (SELECT r.artist AS artist, r.auth AS auth, r.first_name AS first_name, r.gender AS gender, r.item_in_session AS item_in_session, r.last_name AS last_name, r.length AS length, r.level AS level, r.location AS location, r.method AS method, r.page AS page, r.registration AS registration, r.session_id AS session_id, r.song AS song, r.status AS status, r.ts AS ts, r.user_agent AS user_agent, r.user_id AS user_id
FROM staging.event_rows AS r JOIN staging.versions AS v ON v.file_id = r.file_id
WHERE v.published) AS event
WHERE event.page = 'NextSong' GROUP BY event.user_id, event.session_id, event.item_in_session, event.ts
HAVING count(*) > 1) AS repeated ON repeated.user_id = event.user_id AND repeated.session_id = event.session_id AND repeated.item_in_session = event.item_in_session AND repeated.ts = event.ts
WHERE event.page = 'NextSong' AND repeated.ts IS NULL UNION ALL SELECT ranked.user_id AS user_id, ranked.session_id AS session_id, ranked.item_in_session AS item_in_session, ranked.ts AS ts, ranked.level AS level, ranked.song AS song, ranked.artist AS artist, ranked.length AS length, ranked.location AS location, ranked.user_agent AS user_agent
FROM (SELECT event.user_id AS user_id, event.session_id AS session_id, event.item_in_session AS item_in_session, event.ts AS ts, event.level AS level, event.song AS song, event.artist AS artist, event.length AS length, event.location AS location, event.user_agent AS user_agent, row_number() OVER (PARTITION BY event.user_id, event.session_id, event.item_in_session, event.ts ORDER BY event.level ASC NULLS LAST, event.song ASC NULLS LAST, event.artist ASC NULLS LAST, event.length ASC NULLS LAST, event.location ASC NULLS LAST, event.user_agent ASC NULLS LAST) AS rank
FROM (SELECT r.artist AS artist, r.auth AS auth, r.first_name AS first_name, r.gender AS gender, r.item_in_session AS item_in_session, r.last_name AS last_name, r.length AS length, r.level AS level, r.location AS location, r.method AS method, r.page AS page, r.registration AS registration, r.session_id AS session_id, r.song AS song, r.status AS status, r.ts AS ts, r.user_agent AS user_agent, r.user_id AS user_id
FROM staging.event_rows AS r JOIN staging.versions AS v ON v.file_id = r.file_id
WHERE v.published) AS event JOIN (SELECT event.user_id AS user_id, event.session_id AS session_id, event.item_in_session AS item_in_session, event.ts AS ts
FROM (SELECT r.artist AS artist, r.auth AS auth, r.first_name AS first_name, r.gender AS gender, r.item_in_session AS item_in_session, r.last_name AS last_name, r.length AS length, r.level AS level, r.location AS location, r.method AS method, r.page AS page, r.registration AS registration, r.session_id AS session_id, r.song AS song, r.status AS status, r.ts AS ts, r.user_agent AS user_agent, r.user_id AS user_id
FROM staging.event_rows AS r JOIN staging.versions AS v ON v.file_id = r.file_id
WHERE v.published) AS event
WHERE event.page = 'NextSong' GROUP BY event.user_id, event.session_id, event.item_in_session, event.ts
HAVING count(*) > 1) AS repeated ON repeated.user_id = event.user_id AND repeated.session_id = event.session_id AND repeated.item_in_session = event.item_in_session AND repeated.ts = event.ts
WHERE event.page = 'NextSong') AS ranked
WHERE ranked.rank = 1) AS play LEFT OUTER JOIN (SELECT known_song.title AS title, known_song.artist_name AS artist_name, min(known_song.song_id) AS song_id, min(known_song.artist_id) AS artist_id
FROM (SELECT DISTINCT song.title AS title, song.artist_name AS artist_name, song.song_id AS song_id, song.artist_id AS artist_id, song.duration AS duration
FROM (SELECT r.num_songs AS num_songs, r.artist_id AS artist_id, r.artist_latitude AS artist_latitude, r.artist_longitude AS artist_longitude, r.artist_location AS artist_location, r.artist_name AS artist_name, r.song_id AS song_id, r.title AS title, r.duration AS duration, r.year AS year
FROM staging.song_rows AS r JOIN staging.versions AS v ON v.file_id = r.file_id
WHERE v.published) AS song) AS known_song GROUP BY known_song.title, known_song.artist_name
HAVING count(*) = 1) AS only_song ON only_song.title = play.song AND only_song.artist_name = play.artist LEFT OUTER JOIN (SELECT ranked.song AS song, ranked.artist AS artist, ranked.length AS length, ranked.song_id AS song_id, ranked.artist_id AS artist_id
FROM (SELECT heard.song AS song, heard.artist AS artist, heard.length AS length, known_song.song_id AS song_id, known_song.artist_id AS artist_id, row_number() OVER (PARTITION BY heard.song, heard.artist, heard.length ORDER BY abs(known_song.duration - heard.length) ASC NULLS LAST, known_song.song_id ASC NULLS LAST, known_song.artist_id ASC NULLS LAST) AS rank
FROM (SELECT DISTINCT event.song AS song, event.artist AS artist, event.length AS length
FROM (SELECT r.artist AS artist, r.auth AS auth, r.first_name AS first_name, r.gender AS gender, r.item_in_session AS item_in_session, r.last_name AS last_name, r.length AS length, r.level AS level, r.location AS location, r.method AS method, r.page AS page, r.registration AS registration, r.session_id AS session_id, r.song AS song, r.status AS status, r.ts AS ts, r.user_agent AS user_agent, r.user_id AS user_id
FROM staging.event_rows AS r JOIN staging.versions AS v ON v.file_id = r.file_id
WHERE v.published) AS event JOIN (SELECT other_song.title AS title, other_song.artist_name AS artist_name
FROM (SELECT DISTINCT song.title AS title, song.artist_name AS artist_name, song.song_id AS song_id, song.artist_id AS artist_id, song.duration AS duration
FROM (SELECT r.num_songs AS num_songs, r.artist_id AS artist_id, r.artist_latitude AS artist_latitude, r.artist_longitude AS artist_longitude, r.artist_location AS artist_location, r.artist_name AS artist_name, r.song_id AS song_id, r.title AS title, r.duration AS duration, r.year AS year
FROM staging.song_rows AS r JOIN staging.versions AS v ON v.file_id = r.file_id
WHERE v.published) AS song) AS other_song GROUP BY other_song.title, other_song.artist_name
HAVING count(*) > 1) AS several ON several.title = event.song AND several.artist_name = event.artist
WHERE event.page = 'NextSong') AS heard JOIN (SELECT DISTINCT song.title AS title, song.artist_name AS artist_name, song.song_id AS song_id, song.artist_id AS artist_id, song.duration AS duration
FROM (SELECT r.num_songs AS num_songs, r.artist_id AS artist_id, r.artist_latitude AS artist_latitude, r.artist_longitude AS artist_longitude, r.artist_location AS artist_location, r.artist_name AS artist_name, r.song_id AS song_id, r.title AS title, r.duration AS duration, r.year AS year
FROM staging.song_rows AS r JOIN staging.versions AS v ON v.file_id = r.file_id
WHERE v.published) AS song) AS known_song ON known_song.title = heard.song AND known_song.artist_name = heard.artist) AS ranked
WHERE ranked.rank = 1) AS nearest_song ON nearest_song.song = play.song AND nearest_song.artist = play.artist AND coalesce(nearest_song.length, -1.0) = coalesce(play.length, -1.0);

INSERT INTO songplays (songplay_id, start_time, user_id, level, song_id, artist_id, session_id, location, user_agent, song_title, artist_name, item_in_session, length) SELECT md5(CAST(play.user_id AS VARCHAR) || '|' || CAST(play.session_id AS VARCHAR) || '|' || CAST(play.item_in_session AS VARCHAR) || '|' || CAST(epoch_ms(play.ts) AS VARCHAR)) AS songplay_id, coalesce(only_song.song_id, nearest_song.song_id) AS song_id, coalesce(only_song.artist_id, nearest_song.artist_id) AS artist_id, play.ts AS start_time, play.user_id AS user_id, play.level AS level, play.session_id AS session_id, play.location AS location, play.user_agent AS user_agent, play.song AS song_title, play.artist AS artist_name, play.item_in_session AS item_in_session, play.length AS length
FROM (SELECT event.user_id AS user_id, event.session_id AS session_id, event.item_in_session AS item_in_session, event.ts AS ts, event.level AS level, event.song AS song, event.artist AS artist, event.length AS length, event.location AS location, event.user_agent AS user_agent
FROM (SELECT r.artist AS artist, r.auth AS auth, r.first_name AS first_name, r.gender AS gender, r.item_in_session AS item_in_session, r.last_name AS last_name, r.length AS length, r.level AS level, r.location AS location, r.method AS method, r.page AS page, r.registration AS registration, r.session_id AS session_id, r.song AS song, r.status AS status, r.ts AS ts, r.user_agent AS user_agent, r.user_id AS user_id
FROM staging.event_rows AS r JOIN staging.versions AS v ON v.file_id = r.file_id
WHERE v.published) AS event LEFT OUTER JOIN (SELECT event.user_id AS user_id, event.session_id AS session_id, event.item_in_session AS item_in_session, event.ts AS ts
FROM (SELECT r.artist AS artist, r.auth AS auth, r.first_name AS first_name, r.gender AS gender, r.item_in_session AS item_in_session, r.last_name AS last_name, r.length AS length, r.level AS level, r.location AS location, r.method AS method, r.page AS page, r.registration AS registration, r.session_id AS session_id, r.song AS song, r.status AS status, r.ts AS ts, r.user_agent AS user_agent, r.user_id AS user_id
FROM staging.event_rows AS r JOIN staging.versions AS v ON v.file_id = r.file_id
WHERE v.published) AS event
WHERE event.page = 'NextSong' AND event.ts IN (SELECT changed_start_times.start_time
FROM changed_start_times) GROUP BY event.user_id, event.session_id, event.item_in_session, event.ts
HAVING count(*) > 1) AS repeated ON repeated.user_id = event.user_id AND repeated.session_id = event.session_id AND repeated.item_in_session = event.item_in_session AND repeated.ts = event.ts
WHERE event.page = 'NextSong' AND event.ts IN (SELECT changed_start_times.start_time
FROM changed_start_times) AND repeated.ts IS NULL UNION ALL SELECT ranked.user_id AS user_id, ranked.session_id AS session_id, ranked.item_in_session AS item_in_session, ranked.ts AS ts, ranked.level AS level, ranked.song AS song, ranked.artist AS artist, ranked.length AS length, ranked.location AS location, ranked.user_agent AS user_agent
FROM (SELECT event.user_id AS user_id, event.session_id AS session_id, event.item_in_session AS item_in_session, event.ts AS ts, event.level AS level, event.song AS song, event.artist AS artist, event.length AS length, event.location AS location, event.user_agent AS user_agent, row_number() OVER (PARTITION BY event.user_id, event.session_id, event.item_in_session, event.ts ORDER BY event.level ASC NULLS LAST, event.song ASC NULLS LAST, event.artist ASC NULLS LAST, event.length ASC NULLS LAST, event.location ASC NULLS LAST, event.user_agent ASC NULLS LAST) AS rank
FROM (SELECT r.artist AS artist, r.auth AS auth, r.first_name AS first_name, r.gender AS gender, r.item_in_session AS item_in_session, r.last_name AS last_name, r.length AS length, r.level AS level, r.location AS location, r.method AS method, r.page AS page, r.registration AS registration, r.session_id AS session_id, r.song AS song, r.status AS status, r.ts AS ts, r.user_agent AS user_agent, r.user_id AS user_id
FROM staging.event_rows AS r JOIN staging.versions AS v ON v.file_id = r.file_id
WHERE v.published) AS event JOIN (SELECT event.user_id AS user_id, event.session_id AS session_id, event.item_in_session AS item_in_session, event.ts AS ts
FROM (SELECT r.artist AS artist, r.auth AS auth, r.first_name AS first_name, r.gender AS gender, r.item_in_session AS item_in_session, r.last_name AS last_name, r.length AS length, r.level AS level, r.location AS location, r.method AS method, r.page AS page, r.registration AS registration, r.session_id AS session_id, r.song AS song, r.status AS status, r.ts AS ts, r.user_agent AS user_agent, r.user_id AS user_id
FROM staging.event_rows AS r JOIN staging.versions AS v ON v.file_id = r.file_id
WHERE v.published) AS event
WHERE event.page = 'NextSong' AND event.ts IN (SELECT changed_start_times.start_time
FROM changed_start_times) GROUP BY event.user_id, event.session_id, event.item_in_session, event.ts
HAVING count(*) > 1) AS repeated ON repeated.user_id = event.user_id AND repeated.session_id = event.session_id AND repeated.item_in_session = event.item_in_session AND repeated.ts = event.ts
WHERE event.page = 'NextSong' AND event.ts IN (SELECT changed_start_times.start_time
FROM changed_start_times)) AS ranked
WHERE ranked.rank = 1) AS play LEFT OUTER JOIN (SELECT known_song.title AS title, known_song.artist_name AS artist_name, min(known_song.song_id) AS song_id, min(known_song.artist_id) AS artist_id
FROM (SELECT DISTINCT song.title AS title, song.artist_name AS artist_name, song.song_id AS song_id, song.artist_id AS artist_id, song.duration AS duration
FROM (SELECT r.num_songs AS num_songs, r.artist_id AS artist_id, r.artist_latitude AS artist_latitude, r.artist_longitude AS artist_longitude, r.artist_location AS artist_location, r.artist_name AS artist_name, r.song_id AS song_id, r.title AS title, r.duration AS duration, r.year AS year
FROM staging.song_rows AS r JOIN staging.versions AS v ON v.file_id = r.file_id
WHERE v.published) AS song) AS known_song GROUP BY known_song.title, known_song.artist_name
HAVING count(*) = 1) AS only_song ON only_song.title = play.song AND only_song.artist_name = play.artist LEFT OUTER JOIN (SELECT ranked.song AS song, ranked.artist AS artist, ranked.length AS length, ranked.song_id AS song_id, ranked.artist_id AS artist_id
FROM (SELECT heard.song AS song, heard.artist AS artist, heard.length AS length, known_song.song_id AS song_id, known_song.artist_id AS artist_id, row_number() OVER (PARTITION BY heard.song, heard.artist, heard.length ORDER BY abs(known_song.duration - heard.length) ASC NULLS LAST, known_song.song_id ASC NULLS LAST, known_song.artist_id ASC NULLS LAST) AS rank
FROM (SELECT DISTINCT event.song AS song, event.artist AS artist, event.length AS length
FROM (SELECT r.artist AS artist, r.auth AS auth, r.first_name AS first_name, r.gender AS gender, r.item_in_session AS item_in_session, r.last_name AS last_name, r.length AS length, r.level AS level, r.location AS location, r.method AS method, r.page AS page, r.registration AS registration, r.session_id AS session_id, r.song AS song, r.status AS status, r.ts AS ts, r.user_agent AS user_agent, r.user_id AS user_id
FROM staging.event_rows AS r JOIN staging.versions AS v ON v.file_id = r.file_id
WHERE v.published) AS event JOIN (SELECT other_song.title AS title, other_song.artist_name AS artist_name
FROM (SELECT DISTINCT song.title AS title, song.artist_name AS artist_name, song.song_id AS song_id, song.artist_id AS artist_id, song.duration AS duration
FROM (SELECT r.num_songs AS num_songs, r.artist_id AS artist_id, r.artist_latitude AS artist_latitude, r.artist_longitude AS artist_longitude, r.artist_location AS artist_location, r.artist_name AS artist_name, r.song_id AS song_id, r.title AS title, r.duration AS duration, r.year AS year
FROM staging.song_rows AS r JOIN staging.versions AS v ON v.file_id = r.file_id
WHERE v.published) AS song) AS other_song GROUP BY other_song.title, other_song.artist_name
HAVING count(*) > 1) AS several ON several.title = event.song AND several.artist_name = event.artist
WHERE event.page = 'NextSong' AND event.ts IN (SELECT changed_start_times.start_time
FROM changed_start_times)) AS heard JOIN (SELECT DISTINCT song.title AS title, song.artist_name AS artist_name, song.song_id AS song_id, song.artist_id AS artist_id, song.duration AS duration
FROM (SELECT r.num_songs AS num_songs, r.artist_id AS artist_id, r.artist_latitude AS artist_latitude, r.artist_longitude AS artist_longitude, r.artist_location AS artist_location, r.artist_name AS artist_name, r.song_id AS song_id, r.title AS title, r.duration AS duration, r.year AS year
FROM staging.song_rows AS r JOIN staging.versions AS v ON v.file_id = r.file_id
WHERE v.published) AS song) AS known_song ON known_song.title = heard.song AND known_song.artist_name = heard.artist) AS ranked
WHERE ranked.rank = 1) AS nearest_song ON nearest_song.song = play.song AND nearest_song.artist = play.artist AND coalesce(nearest_song.length, -1.0) = coalesce(play.length, -1.0);
