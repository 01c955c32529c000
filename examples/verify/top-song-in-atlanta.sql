-- Most song title played in Atlanta-Sandy Springs-Roswell, GA
SELECT songs.title, songplays.location, count(*) as reproductions
FROM  songplays
JOIN  songs        on (songs.song_id = songplays.song_id)
WHERE songplays.location = 'Atlanta-Sandy Springs-Roswell, GA'
GROUP BY (songs.title, songplays.location)
order by count(*) desc
LIMIT 1;
