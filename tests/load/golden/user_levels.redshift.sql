INSERT INTO user_levels (user_id, level, valid_from, valid_to) SELECT levels.user_id, levels.level, levels.ts AS valid_from, lead(levels.ts) OVER (PARTITION BY levels.user_id ORDER BY levels.ts) AS valid_to
FROM (SELECT seen.user_id AS user_id, seen.level AS level, seen.ts AS ts, seen.session_id AS session_id, seen.item_in_session AS item_in_session
FROM (SELECT settled.user_id AS user_id, settled.level AS level, settled.ts AS ts, settled.session_id AS session_id, settled.item_in_session AS item_in_session, lag(settled.level) OVER (PARTITION BY settled.user_id ORDER BY settled.ts) AS before
FROM (SELECT ranked.user_id AS user_id, ranked.level AS level, ranked.ts AS ts, ranked.session_id AS session_id, ranked.item_in_session AS item_in_session
FROM (SELECT moved.user_id AS user_id, moved.level AS level, moved.ts AS ts, moved.session_id AS session_id, moved.item_in_session AS item_in_session, row_number() OVER (PARTITION BY moved.user_id, moved.ts ORDER BY moved.session_id DESC, moved.item_in_session DESC, moved.level ASC) AS rank
FROM (SELECT seen.user_id AS user_id, seen.level AS level, seen.ts AS ts, seen.session_id AS session_id, seen.item_in_session AS item_in_session
FROM (SELECT events.user_id AS user_id, events.level AS level, events.ts AS ts, events.session_id AS session_id, events.item_in_session AS item_in_session, lag(events.level) OVER (PARTITION BY events.user_id ORDER BY events.ts, events.session_id, events.item_in_session, events.level DESC) AS before
FROM (SELECT event.user_id AS user_id, event.level AS level, event.ts AS ts, event.session_id AS session_id, event.item_in_session AS item_in_session
FROM staging.staging_events AS event
WHERE event.user_id IS NOT NULL) AS events) AS seen
WHERE seen.before IS NULL OR seen.level != seen.before) AS moved) AS ranked
WHERE ranked.rank = 1) AS settled) AS seen
WHERE seen.before IS NULL OR seen.level != seen.before) AS levels;

INSERT INTO user_levels (user_id, level, valid_from, valid_to) SELECT levels.user_id, levels.level, levels.ts AS valid_from, lead(levels.ts) OVER (PARTITION BY levels.user_id ORDER BY levels.ts) AS valid_to
FROM (SELECT seen.user_id AS user_id, seen.level AS level, seen.ts AS ts, seen.session_id AS session_id, seen.item_in_session AS item_in_session
FROM (SELECT settled.user_id AS user_id, settled.level AS level, settled.ts AS ts, settled.session_id AS session_id, settled.item_in_session AS item_in_session, lag(settled.level) OVER (PARTITION BY settled.user_id ORDER BY settled.ts) AS before
FROM (SELECT ranked.user_id AS user_id, ranked.level AS level, ranked.ts AS ts, ranked.session_id AS session_id, ranked.item_in_session AS item_in_session
FROM (SELECT moved.user_id AS user_id, moved.level AS level, moved.ts AS ts, moved.session_id AS session_id, moved.item_in_session AS item_in_session, row_number() OVER (PARTITION BY moved.user_id, moved.ts ORDER BY moved.session_id DESC, moved.item_in_session DESC, moved.level ASC) AS rank
FROM (SELECT seen.user_id AS user_id, seen.level AS level, seen.ts AS ts, seen.session_id AS session_id, seen.item_in_session AS item_in_session
FROM (SELECT events.user_id AS user_id, events.level AS level, events.ts AS ts, events.session_id AS session_id, events.item_in_session AS item_in_session, lag(events.level) OVER (PARTITION BY events.user_id ORDER BY events.ts, events.session_id, events.item_in_session, events.level DESC) AS before
FROM (SELECT event.user_id AS user_id, event.level AS level, event.ts AS ts, event.session_id AS session_id, event.item_in_session AS item_in_session
FROM staging.staging_events AS event
WHERE event.user_id IS NOT NULL AND event.user_id IN (SELECT changed_user_ids.user_id
FROM changed_user_ids)) AS events) AS seen
WHERE seen.before IS NULL OR seen.level != seen.before) AS moved) AS ranked
WHERE ranked.rank = 1) AS settled) AS seen
WHERE seen.before IS NULL OR seen.level != seen.before) AS levels;
