# Stands between a test and its server, and outlives the test however that ends.
#
# $1 is the folder that holds everything of this server; the rest is the
# server's command line. Words come in on standard input: `go` starts the server,
# `keep` saves the folder from removal, anything else is the name of a signal for
# the server. When standard input ends, the server is stopped and the folder
# removed.

# Caught, not ignored: what is ignored here would be ignored by the server too.
trap : INT TERM HUP
folder=$1
shift
server=
keep=
while read -r word; do
    case $word in
    go)
        "$@" </dev/null 2>>"$folder/log" &
        server=$!
        echo "pid $server"
        # From now on only the server holds this pipe, so it ends with the server.
        exec >/dev/null
        ;;
    keep) keep=yes ;;
    *) kill -"$word" "$server" ;;
    esac
done
if [ -n "$server" ]; then
    # A stopped process takes no TERM before it continues.
    kill -TERM "$server" && kill -CONT "$server"
    tries=0
    while kill -0 "$server" && [ "$tries" -lt 100 ]; do
        sleep 0.05 || sleep 1
        tries=$((tries + 1))
    done
    kill -KILL "$server"
    wait "$server"
fi
if [ -z "$keep" ]; then
    # Once more if a file was written in the midst of it.
    rm -rf "$folder" || { sleep 1; rm -rf "$folder"; }
fi
