INSERT INTO songplays (songplay_id, start_time, user_id, level, song_id, artist_id, session_id, location, user_agent, song_title, artist_name) WITH plays AS
(SELECT event.user_id AS user_id, event.session_id AS session_id, event.item_in_session AS item_in_session, event.ts AS ts, event.level AS level, event.song AS song, event.artist AS artist, event.length AS length, event.location AS location, event.user_agent AS user_agent
FROM staging.staging_events AS event LEFT OUTER JOIN (SELECT event.user_id AS user_id, event.session_id AS session_id, event.item_in_session AS item_in_session, event.ts AS ts
FROM staging.staging_events AS event
WHERE event.page = 'NextSong' GROUP BY event.user_id, event.session_id, event.item_in_session, event.ts
HAVING count(*) > 1) AS repeated ON repeated.user_id = event.user_id AND repeated.session_id = event.session_id AND repeated.item_in_session = event.item_in_session AND repeated.ts = event.ts
WHERE event.page = 'NextSong' AND repeated.ts IS NULL UNION ALL SELECT ranked.user_id AS user_id, ranked.session_id AS session_id, ranked.item_in_session AS item_in_session, ranked.ts AS ts, ranked.level AS level, ranked.song AS song, ranked.artist AS artist, ranked.length AS length, ranked.location AS location, ranked.user_agent AS user_agent
FROM (SELECT event.user_id AS user_id, event.session_id AS session_id, event.item_in_session AS item_in_session, event.ts AS ts, event.level AS level, event.song AS song, event.artist AS artist, event.length AS length, event.location AS location, event.user_agent AS user_agent, row_number() OVER (PARTITION BY event.user_id, event.session_id, event.item_in_session, event.ts ORDER BY event.level ASC NULLS LAST, event.song ASC NULLS LAST, event.artist ASC NULLS LAST, event.length ASC NULLS LAST, event.location ASC NULLS LAST, event.user_agent ASC NULLS LAST) AS rank
FROM staging.staging_events AS event JOIN (SELECT event.user_id AS user_id, event.session_id AS session_id, event.item_in_session AS item_in_session, event.ts AS ts
FROM staging.staging_events AS event
WHERE event.page = 'NextSong' GROUP BY event.user_id, event.session_id, event.item_in_session, event.ts
HAVING count(*) > 1) AS repeated ON repeated.user_id = event.user_id AND repeated.session_id = event.session_id AND repeated.item_in_session = event.item_in_session AND repeated.ts = event.ts
WHERE event.page = 'NextSong') AS ranked
WHERE ranked.rank = 1),
matches AS
(SELECT ranked.user_id AS user_id, ranked.session_id AS session_id, ranked.item_in_session AS item_in_session, ranked.ts AS ts, ranked.song_id AS song_id, ranked.artist_id AS artist_id
FROM (SELECT plays.user_id AS user_id, plays.session_id AS session_id, plays.item_in_session AS item_in_session, plays.ts AS ts, known_songs.song_id AS song_id, known_songs.artist_id AS artist_id, row_number() OVER (PARTITION BY plays.user_id, plays.session_id, plays.item_in_session, plays.ts ORDER BY abs(known_songs.duration - plays.length) ASC NULLS LAST, known_songs.song_id ASC NULLS LAST, known_songs.artist_id ASC NULLS LAST) AS rank
FROM plays JOIN (SELECT DISTINCT song.title AS title, song.artist_name AS artist_name, song.song_id AS song_id, song.artist_id AS artist_id, song.duration AS duration
FROM staging.staging_songs AS song) AS known_songs ON known_songs.title = plays.song AND known_songs.artist_name = plays.artist) AS ranked
WHERE ranked.rank = 1)
 SELECT md5(CAST(plays.user_id AS VARCHAR) || '|' || CAST(plays.session_id AS VARCHAR) || '|' || CAST(plays.item_in_session AS VARCHAR) || '|' || CAST(CAST(EXTRACT(epoch FROM date_trunc('second', plays.ts)) AS BIGINT) * 1000 + mod(CAST(EXTRACT(millisecond FROM plays.ts) AS BIGINT), 1000) AS VARCHAR)) AS songplay_id, plays.ts AS start_time, plays.user_id, plays.level, matches.song_id, matches.artist_id, plays.session_id, plays.location, plays.user_agent, plays.song AS song_title, plays.artist AS artist_name
FROM plays LEFT OUTER JOIN matches ON matches.user_id = plays.user_id AND matches.session_id = plays.session_id AND matches.item_in_session = plays.item_in_session AND matches.ts = plays.ts;

INSERT INTO songplays (songplay_id, start_time, user_id, level, song_id, artist_id, session_id, location, user_agent, song_title, artist_name) WITH plays AS
(SELECT event.user_id AS user_id, event.session_id AS session_id, event.item_in_session AS item_in_session, event.ts AS ts, event.level AS level, event.song AS song, event.artist AS artist, event.length AS length, event.location AS location, event.user_agent AS user_agent
FROM staging.staging_events AS event LEFT OUTER JOIN (SELECT event.user_id AS user_id, event.session_id AS session_id, event.item_in_session AS item_in_session, event.ts AS ts
FROM staging.staging_events AS event
WHERE event.page = 'NextSong' AND event.ts IN (SELECT changed_start_times.start_time
FROM changed_start_times) GROUP BY event.user_id, event.session_id, event.item_in_session, event.ts
HAVING count(*) > 1) AS repeated ON repeated.user_id = event.user_id AND repeated.session_id = event.session_id AND repeated.item_in_session = event.item_in_session AND repeated.ts = event.ts
WHERE event.page = 'NextSong' AND event.ts IN (SELECT changed_start_times.start_time
FROM changed_start_times) AND repeated.ts IS NULL UNION ALL SELECT ranked.user_id AS user_id, ranked.session_id AS session_id, ranked.item_in_session AS item_in_session, ranked.ts AS ts, ranked.level AS level, ranked.song AS song, ranked.artist AS artist, ranked.length AS length, ranked.location AS location, ranked.user_agent AS user_agent
FROM (SELECT event.user_id AS user_id, event.session_id AS session_id, event.item_in_session AS item_in_session, event.ts AS ts, event.level AS level, event.song AS song, event.artist AS artist, event.length AS length, event.location AS location, event.user_agent AS user_agent, row_number() OVER (PARTITION BY event.user_id, event.session_id, event.item_in_session, event.ts ORDER BY event.level ASC NULLS LAST, event.song ASC NULLS LAST, event.artist ASC NULLS LAST, event.length ASC NULLS LAST, event.location ASC NULLS LAST, event.user_agent ASC NULLS LAST) AS rank
FROM staging.staging_events AS event JOIN (SELECT event.user_id AS user_id, event.session_id AS session_id, event.item_in_session AS item_in_session, event.ts AS ts
FROM staging.staging_events AS event
WHERE event.page = 'NextSong' AND event.ts IN (SELECT changed_start_times.start_time
FROM changed_start_times) GROUP BY event.user_id, event.session_id, event.item_in_session, event.ts
HAVING count(*) > 1) AS repeated ON repeated.user_id = event.user_id AND repeated.session_id = event.session_id AND repeated.item_in_session = event.item_in_session AND repeated.ts = event.ts
WHERE event.page = 'NextSong' AND event.ts IN (SELECT changed_start_times.start_time
FROM changed_start_times)) AS ranked
WHERE ranked.rank = 1),
matches AS
(SELECT ranked.user_id AS user_id, ranked.session_id AS session_id, ranked.item_in_session AS item_in_session, ranked.ts AS ts, ranked.song_id AS song_id, ranked.artist_id AS artist_id
FROM (SELECT plays.user_id AS user_id, plays.session_id AS session_id, plays.item_in_session AS item_in_session, plays.ts AS ts, known_songs.song_id AS song_id, known_songs.artist_id AS artist_id, row_number() OVER (PARTITION BY plays.user_id, plays.session_id, plays.item_in_session, plays.ts ORDER BY abs(known_songs.duration - plays.length) ASC NULLS LAST, known_songs.song_id ASC NULLS LAST, known_songs.artist_id ASC NULLS LAST) AS rank
FROM plays JOIN (SELECT DISTINCT song.title AS title, song.artist_name AS artist_name, song.song_id AS song_id, song.artist_id AS artist_id, song.duration AS duration
FROM staging.staging_songs AS song) AS known_songs ON known_songs.title = plays.song AND known_songs.artist_name = plays.artist) AS ranked
WHERE ranked.rank = 1)
 SELECT md5(CAST(plays.user_id AS VARCHAR) || '|' || CAST(plays.session_id AS VARCHAR) || '|' || CAST(plays.item_in_session AS VARCHAR) || '|' || CAST(CAST(EXTRACT(epoch FROM date_trunc('second', plays.ts)) AS BIGINT) * 1000 + mod(CAST(EXTRACT(millisecond FROM plays.ts) AS BIGINT), 1000) AS VARCHAR)) AS songplay_id, plays.ts AS start_time, plays.user_id, plays.level, matches.song_id, matches.artist_id, plays.session_id, plays.location, plays.user_agent, plays.song AS song_title, plays.artist AS artist_name
FROM plays LEFT OUTER JOIN matches ON matches.user_id = plays.user_id AND matches.session_id = plays.session_id AND matches.item_in_session = plays.item_in_session AND matches.ts = plays.ts;
