-- What analysts ask first, of the table in tables.sql. The views with {parameters} are called like functions.
--
-- `process` and `parent` are the GUID of a process where the sensor knows it (its probe, or /proc), else the ID of the
-- event in which it began its program: then each program of a process is a row of its own in `processes`.

-- Every process that appears: when, who, and its command lines.
CREATE VIEW processes AS
SELECT
    host,
    process,
    anyIf(events.parent, events.parent != '') AS parent,
    any(events.pid) AS pid,
    min(time) AS first_seen,
    max(time) AS last_seen,
    anyIf(events.session, events.session != '') AS session,
    anyIf(events.login_user, events.login_user != '') AS login_user,
    arraySort(groupUniqArrayIf(events.user, events.user != '')) AS users,
    argMax(events.program, (time, serial)) AS program,
    arrayMap(one -> one.2, arraySort(groupArrayIf(
        ((time, serial), arrayStringConcat(args, ' ')), action = 'executed' AND notEmpty(args)))) AS command_lines,
    count() AS events
FROM events FINAL
WHERE process != ''
GROUP BY host, process;

-- SELECT * FROM process_tree(root = 'GUID'): a process and all below it, in the order of a tree.
CREATE VIEW process_tree AS
WITH RECURSIVE tree AS
(
    SELECT host, process, pid, first_seen, login_user, users, program, command_lines,
        toUInt16(0) AS depth, [(first_seen, process)] AS place
    FROM processes
    WHERE process = {root:String}
    UNION ALL
    SELECT child.host, child.process, child.pid, child.first_seen, child.login_user, child.users, child.program,
        child.command_lines, toUInt16(tree.depth + 1) AS depth,
        arrayConcat(tree.place, [(child.first_seen, child.process)]) AS place
    FROM tree
    INNER JOIN processes AS child ON child.parent = tree.process AND child.host = tree.host
    WHERE tree.depth < 100 AND child.process != tree.process
)
SELECT
    depth, process, pid, first_seen, login_user, users,
    concat(repeat('  ', depth), if(empty(command_lines), program, command_lines[-1])) AS command_line
FROM tree
ORDER BY place;

-- SELECT * FROM touched(pattern = '/etc/sudoers.d/%'): who touched files whose name is LIKE that, how, and whether it
-- worked.
CREATE VIEW touched AS
SELECT
    time, host, session, login_user, user, program, executable, pid, process, action, outcome,
    arrayFilter(name -> name LIKE {pattern:String}, paths) AS files, id
FROM events FINAL
WHERE arrayExists(name -> name LIKE {pattern:String}, paths)
ORDER BY time, serial;

-- Login sessions: whose, from where, how long, how much. Numbers of sessions begin anew with each boot.
CREATE VIEW sessions AS
SELECT
    host,
    session,
    login_user,
    anyIf(events.source, events.source != '') AS source,
    min(time) AS first_seen,
    max(time) AS last_seen,
    count() AS events,
    countIf(action = 'executed') AS programs,
    countIf(outcome = 'failure') AS failures,
    countIf(user = '0') AS as_root
FROM events FINAL
WHERE session != ''
GROUP BY host, session, login_user;

-- SELECT * FROM did(session = '3'): what a login did, step by step: programs, changes of files, connections.
CREATE VIEW did AS
SELECT
    time, host, login_user, user, program, action, outcome,
    multiIf(
        notEmpty(args), arrayStringConcat(args, ' '),
        destination != '', concat(destination, if(port = 0, '', concat(':', toString(port)))),
        file) AS what,
    process, id
FROM events FINAL
WHERE session = {session:String}
ORDER BY time, serial;
