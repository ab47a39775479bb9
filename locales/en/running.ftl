## What the terminal says while the desk or the sandbox runs

cli-run-region-in-use = The region file was not loaded: reports or people still refer to what is no longer in it: { $missing }. Put it back into the file.
cli-run-token-malformed = The token of account { $account } does not look like a token. Check the variable { $variable }.
cli-run-no-accounts = No account is connected. Set at least one of the token variables: { $variables }.
cli-run-database-in-use = Another process (PID { $process }) already works with the database { $path }. On SQLite only one can: stop it, or move to PostgreSQL.
cli-database-newer = A newer program made the tables of the database (schema { $found }); nothing was changed. Update the program.
cli-run-port-taken = The address { $address } is taken. Name another one in { $variable }, or off.
cli-sandbox-port-taken = Port { $port } is taken. Try another one: make sandbox PORT=8090
cli-sandbox-ready = The sandbox is open: { $address }
    Ctrl-C stops it. What was said is kept for the next start; make sandbox-reset forgets it all.
cli-sandbox-ends = Stopping; what was said is kept.
cli-sandbox-failed = { $account }: not delivered (No. { $number }): { $error }
cli-sandbox-uncertain = { $account }: unknown whether it arrived (No. { $number }): { $error }
cli-sandbox-queued = { $account }: waits for another try (No. { $number }): { $error }
