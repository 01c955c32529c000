INSERT INTO time (start_time, hour, day, week, month, year, weekday) SELECT moments.start_time, CAST(EXTRACT(hour FROM moments.start_time) AS INTEGER) AS hour, CAST(EXTRACT(day FROM moments.start_time) AS INTEGER) AS day, CAST(EXTRACT(week FROM moments.start_time) AS INTEGER) AS week, CAST(EXTRACT(month FROM moments.start_time) AS INTEGER) AS month, CAST(EXTRACT(year FROM moments.start_time) AS INTEGER) AS year, CAST(EXTRACT(dow FROM moments.start_time) AS INTEGER) AS weekday
FROM (SELECT DISTINCT event.ts AS start_time
FROM staging.staging_events AS event
WHERE event.page = 'NextSong') AS moments;

INSERT INTO time (start_time, hour, day, week, month, year, weekday) SELECT moments.start_time, CAST(EXTRACT(hour FROM moments.start_time) AS INTEGER) AS hour, CAST(EXTRACT(day FROM moments.start_time) AS INTEGER) AS day, CAST(EXTRACT(week FROM moments.start_time) AS INTEGER) AS week, CAST(EXTRACT(month FROM moments.start_time) AS INTEGER) AS month, CAST(EXTRACT(year FROM moments.start_time) AS INTEGER) AS year, CAST(EXTRACT(dow FROM moments.start_time) AS INTEGER) AS weekday
FROM (SELECT DISTINCT event.ts AS start_time
FROM staging.staging_events AS event
WHERE event.page = 'NextSong' AND event.ts IN (SELECT changed_start_times.start_time
FROM changed_start_times)) AS moments;
