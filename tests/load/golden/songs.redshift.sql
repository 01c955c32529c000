INSERT INTO songs (song_id, title, artist_id, year, duration) SELECT ranked.song_id, ranked.title, ranked.artist_id, ranked.year, ranked.duration
FROM (SELECT song.song_id AS song_id, song.title AS title, song.artist_id AS artist_id, nullif(song.year, 0) AS year, song.duration AS duration, row_number() OVER (PARTITION BY song.song_id ORDER BY CASE WHEN (nullif(song.year, 0) IS NULL) THEN 1 ELSE 0 END ASC NULLS LAST, song.title ASC NULLS LAST, song.artist_name ASC NULLS LAST, song.artist_id ASC NULLS LAST, song.duration ASC NULLS LAST, nullif(song.year, 0) ASC NULLS LAST) AS rank
FROM (SELECT r.num_songs AS num_songs, r.artist_id AS artist_id, r.artist_latitude AS artist_latitude, r.artist_longitude AS artist_longitude, r.artist_location AS artist_location, r.artist_name AS artist_name, r.song_id AS song_id, r.title AS title, r.duration AS duration, r.year AS year
FROM staging.song_rows AS r JOIN staging.versions AS v ON v.file_id = r.file_id
WHERE v.published) AS song) AS ranked
WHERE ranked.rank = 1;

INSERT INTO songs (song_id, title, artist_id, year, duration) SELECT ranked.song_id, ranked.title, ranked.artist_id, ranked.year, ranked.duration
FROM (SELECT song.song_id AS song_id, song.title AS title, song.artist_id AS artist_id, nullif(song.year, 0) AS year, song.duration AS duration, row_number() OVER (PARTITION BY song.song_id ORDER BY CASE WHEN (nullif(song.year, 0) IS NULL) THEN 1 ELSE 0 END ASC NULLS LAST, song.title ASC NULLS LAST, song.artist_name ASC NULLS LAST, song.artist_id ASC NULLS LAST, song.duration ASC NULLS LAST, nullif(song.year, 0) ASC NULLS LAST) AS rank
FROM (SELECT r.num_songs AS num_songs, r.artist_id AS artist_id, r.artist_latitude AS artist_latitude, r.artist_longitude AS artist_longitude, r.artist_location AS artist_location, r.artist_name AS artist_name, r.song_id AS song_id, r.title AS title, r.duration AS duration, r.year AS year
FROM staging.song_rows AS r JOIN staging.versions AS v ON v.file_id = r.file_id
WHERE v.published AND r.song_id IN (SELECT changed_songs.song_id
FROM changed_songs)) AS song) AS ranked
WHERE ranked.rank = 1;
