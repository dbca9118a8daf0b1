-- What analysts ask first, of the view `events` (ecs.sql or distinct.sql).
--
-- `process` and `parent` are the GUID of a process where the sensor knows it (its probe, or /proc), else the ID of the
-- event in which it began its program: then each program of a process is a row of its own in `processes`.

-- Every process that appears: when, who, which programs it has been, and its command lines.
CREATE OR REPLACE VIEW processes AS
SELECT
    host,
    process,
    any_value(parent) AS parent,
    any_value(pid) AS pid,
    any_value(parent_pid) AS parent_pid,
    min(time) AS first_seen,
    max(time) AS last_seen,
    any_value(session) AS session,
    any_value(login_user) AS login_user,
    list(DISTINCT "user" ORDER BY "user") FILTER ("user" IS NOT NULL) AS users,
    last(program ORDER BY time, serial) AS program,
    list(array_to_string(args, ' ') ORDER BY time, serial)
        FILTER (action = 'executed' AND args IS NOT NULL) AS command_lines,
    count(*) AS events
FROM events
WHERE process IS NOT NULL
GROUP BY host, process;

-- SELECT * FROM process_tree('GUID'): a process and all below it, in the order of a tree.
CREATE OR REPLACE MACRO process_tree(root) AS TABLE
WITH RECURSIVE tree AS (
    SELECT processes.*, 0 AS depth, [(first_seen, process)] AS place FROM processes WHERE process = root
    UNION ALL
    SELECT child.*, tree.depth + 1, list_append(tree.place, (child.first_seen, child.process))
    FROM tree
    JOIN processes AS child
        ON child.parent = tree.process AND child.host IS NOT DISTINCT FROM tree.host AND child.process != child.parent
    WHERE tree.depth < 100
)
SELECT
    depth, process, pid, first_seen, login_user, users,
    repeat('  ', depth) || coalesce(command_lines[-1], program) AS command_line
FROM tree
ORDER BY place;

-- SELECT * FROM ancestors('GUID'): what began a process, the nearest first.
CREATE OR REPLACE MACRO ancestors(child) AS TABLE
WITH RECURSIVE line AS (
    SELECT processes.*, 0 AS depth FROM processes WHERE process = child
    UNION ALL
    SELECT elder.*, line.depth + 1
    FROM line JOIN processes AS elder ON elder.process = line.parent AND elder.host IS NOT DISTINCT FROM line.host
    WHERE line.depth < 100 AND line.process != line.parent
)
SELECT depth, process, pid, first_seen, login_user, users, coalesce(command_lines[-1], program) AS command_line
FROM line
ORDER BY depth;

-- SELECT * FROM touched('/etc/sudoers.d/%'): who touched files whose name is LIKE that, how, and whether it worked.
CREATE OR REPLACE MACRO touched(pattern) AS TABLE
SELECT
    time, host, session, login_user, "user", program, executable, pid, process, action, outcome,
    [name FOR name IN paths IF name LIKE pattern] AS files, id
FROM events
WHERE len([name FOR name IN paths IF name LIKE pattern]) > 0
ORDER BY time, serial;

-- Login sessions: whose, from where, how long, how much. Numbers of sessions begin anew with each boot.
CREATE OR REPLACE VIEW sessions AS
SELECT
    host,
    session,
    login_user,
    any_value(source) AS source,
    min(time) AS first_seen,
    max(time) AS last_seen,
    count(*) AS events,
    count(*) FILTER (action = 'executed') AS programs,
    count(*) FILTER (outcome = 'failure') AS failures,
    count(*) FILTER ("user" = '0') AS as_root
FROM events
WHERE session IS NOT NULL
GROUP BY host, session, login_user;

-- SELECT * FROM did('3'): what a login did, step by step: programs, changes of files, connections.
CREATE OR REPLACE MACRO did(wanted) AS TABLE
SELECT
    time, host, login_user, "user", program, action, outcome,
    coalesce(array_to_string(args, ' '), destination || coalesce(':' || port, ''), file) AS what, process, id
FROM events
WHERE session = wanted::VARCHAR
ORDER BY time, serial;
