# Stands between this process and a long command of many processes, and ends
# them however this process ends.
#
# The arguments are the command line. Its exit code goes to standard output, all
# that it prints to standard error. The word `done` on standard input ends this
# shell; if the input ends without it, the command's group is ended first.

# Caught, not ignored: what is ignored here would be ignored by the command too.
trap : INT TERM HUP
(
    "$@" </dev/null >&2
    echo "$?"
) &
command=$!
# From now on only the command's shell holds this pipe.
exec >/dev/null
word=
read -r word
[ "$word" = done ] && exit
# This shell leads the group, so 0 means the command and all its children.
trap '' TERM
kill -TERM 0
tries=0
while kill -0 "$command" 2>/dev/null && [ "$tries" -lt 100 ]; do
    sleep 0.05 || sleep 1
    tries=$((tries + 1))
done
kill -KILL 0
