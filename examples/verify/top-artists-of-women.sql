-- What are the 3 artists more listened by female gender in the year 2018
SELECT artists.name, time.year, count(*)as reproductions
FROM songplays
JOIN artists        on (artists.artist_id = songplays.artist_id)
JOIN time           on (time.start_time = songplays.start_time)
JOIN users          on (users.user_id = songplays.user_id)
WHERE users.gender = 'F'
GROUP BY (artists.name, time.year)
order by count(*) desc
LIMIT 3;
