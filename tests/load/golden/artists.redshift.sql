INSERT INTO artists (artist_id, name, location, latitude, longitude) SELECT names.artist_id, names.artist_name AS name, locations.artist_location AS location, positions.artist_latitude AS latitude, positions.artist_longitude AS longitude
FROM (SELECT ranked.artist_id AS artist_id, ranked.artist_name AS artist_name
FROM (SELECT song.artist_id AS artist_id, song.artist_name AS artist_name, row_number() OVER (PARTITION BY song.artist_id ORDER BY count(DISTINCT song.song_id) DESC, length(song.artist_name), song.artist_name) AS rank
FROM (SELECT r.num_songs AS num_songs, r.artist_id AS artist_id, r.artist_latitude AS artist_latitude, r.artist_longitude AS artist_longitude, r.artist_location AS artist_location, r.artist_name AS artist_name, r.song_id AS song_id, r.title AS title, r.duration AS duration, r.year AS year
FROM staging.song_rows AS r JOIN staging.versions AS v ON v.file_id = r.file_id
WHERE v.published) AS song
WHERE song.artist_name IS NOT NULL GROUP BY song.artist_id, song.artist_name) AS ranked
WHERE ranked.rank = 1) AS names LEFT OUTER JOIN (SELECT ranked.artist_id AS artist_id, ranked.artist_location AS artist_location
FROM (SELECT song.artist_id AS artist_id, song.artist_location AS artist_location, row_number() OVER (PARTITION BY song.artist_id ORDER BY count(DISTINCT song.song_id) DESC, length(song.artist_location), song.artist_location) AS rank
FROM (SELECT r.num_songs AS num_songs, r.artist_id AS artist_id, r.artist_latitude AS artist_latitude, r.artist_longitude AS artist_longitude, r.artist_location AS artist_location, r.artist_name AS artist_name, r.song_id AS song_id, r.title AS title, r.duration AS duration, r.year AS year
FROM staging.song_rows AS r JOIN staging.versions AS v ON v.file_id = r.file_id
WHERE v.published) AS song
WHERE song.artist_location IS NOT NULL GROUP BY song.artist_id, song.artist_location) AS ranked
WHERE ranked.rank = 1) AS locations ON locations.artist_id = names.artist_id LEFT OUTER JOIN (SELECT ranked.artist_id AS artist_id, ranked.artist_latitude AS artist_latitude, ranked.artist_longitude AS artist_longitude
FROM (SELECT song.artist_id AS artist_id, song.artist_latitude AS artist_latitude, song.artist_longitude AS artist_longitude, row_number() OVER (PARTITION BY song.artist_id ORDER BY count(DISTINCT song.song_id) DESC, song.artist_latitude, song.artist_longitude) AS rank
FROM (SELECT r.num_songs AS num_songs, r.artist_id AS artist_id, r.artist_latitude AS artist_latitude, r.artist_longitude AS artist_longitude, r.artist_location AS artist_location, r.artist_name AS artist_name, r.song_id AS song_id, r.title AS title, r.duration AS duration, r.year AS year
FROM staging.song_rows AS r JOIN staging.versions AS v ON v.file_id = r.file_id
WHERE v.published) AS song
WHERE song.artist_latitude IS NOT NULL AND song.artist_longitude IS NOT NULL GROUP BY song.artist_id, song.artist_latitude, song.artist_longitude) AS ranked
WHERE ranked.rank = 1) AS positions ON positions.artist_id = names.artist_id;

INSERT INTO artists (artist_id, name, location, latitude, longitude) SELECT names.artist_id, names.artist_name AS name, locations.artist_location AS location, positions.artist_latitude AS latitude, positions.artist_longitude AS longitude
FROM (SELECT ranked.artist_id AS artist_id, ranked.artist_name AS artist_name
FROM (SELECT song.artist_id AS artist_id, song.artist_name AS artist_name, row_number() OVER (PARTITION BY song.artist_id ORDER BY count(DISTINCT song.song_id) DESC, length(song.artist_name), song.artist_name) AS rank
FROM (SELECT r.num_songs AS num_songs, r.artist_id AS artist_id, r.artist_latitude AS artist_latitude, r.artist_longitude AS artist_longitude, r.artist_location AS artist_location, r.artist_name AS artist_name, r.song_id AS song_id, r.title AS title, r.duration AS duration, r.year AS year
FROM staging.song_rows AS r JOIN staging.versions AS v ON v.file_id = r.file_id
WHERE v.published AND r.artist_id IN (SELECT changed_songs.artist_id
FROM changed_songs)) AS song
WHERE song.artist_name IS NOT NULL GROUP BY song.artist_id, song.artist_name) AS ranked
WHERE ranked.rank = 1) AS names LEFT OUTER JOIN (SELECT ranked.artist_id AS artist_id, ranked.artist_location AS artist_location
FROM (SELECT song.artist_id AS artist_id, song.artist_location AS artist_location, row_number() OVER (PARTITION BY song.artist_id ORDER BY count(DISTINCT song.song_id) DESC, length(song.artist_location), song.artist_location) AS rank
FROM (SELECT r.num_songs AS num_songs, r.artist_id AS artist_id, r.artist_latitude AS artist_latitude, r.artist_longitude AS artist_longitude, r.artist_location AS artist_location, r.artist_name AS artist_name, r.song_id AS song_id, r.title AS title, r.duration AS duration, r.year AS year
FROM staging.song_rows AS r JOIN staging.versions AS v ON v.file_id = r.file_id
WHERE v.published AND r.artist_id IN (SELECT changed_songs.artist_id
FROM changed_songs)) AS song
WHERE song.artist_location IS NOT NULL GROUP BY song.artist_id, song.artist_location) AS ranked
WHERE ranked.rank = 1) AS locations ON locations.artist_id = names.artist_id LEFT OUTER JOIN (SELECT ranked.artist_id AS artist_id, ranked.artist_latitude AS artist_latitude, ranked.artist_longitude AS artist_longitude
FROM (SELECT song.artist_id AS artist_id, song.artist_latitude AS artist_latitude, song.artist_longitude AS artist_longitude, row_number() OVER (PARTITION BY song.artist_id ORDER BY count(DISTINCT song.song_id) DESC, song.artist_latitude, song.artist_longitude) AS rank
FROM (SELECT r.num_songs AS num_songs, r.artist_id AS artist_id, r.artist_latitude AS artist_latitude, r.artist_longitude AS artist_longitude, r.artist_location AS artist_location, r.artist_name AS artist_name, r.song_id AS song_id, r.title AS title, r.duration AS duration, r.year AS year
FROM staging.song_rows AS r JOIN staging.versions AS v ON v.file_id = r.file_id
WHERE v.published AND r.artist_id IN (SELECT changed_songs.artist_id
FROM changed_songs)) AS song
WHERE song.artist_latitude IS NOT NULL AND song.artist_longitude IS NOT NULL GROUP BY song.artist_id, song.artist_latitude, song.artist_longitude) AS ranked
WHERE ranked.rank = 1) AS positions ON positions.artist_id = names.artist_id;
