# Starts nginx for @{name}; supervisor runs it. Rendered by deploy_conf.
#
# When a master is killed (kill -9, out of memory) its workers serve on, keep the ports, and obey
# nobody: the next master could not listen. They are told to go first; each finishes what it has.
if read -r old && [ ! -e "/proc/$old" ]; then
    for file in /proc/[0-9]*/stat; do
        { read -r pid name state parent group rest < "$file"; } 2> /dev/null || continue
        if [ "$name" = "(nginx)" ] && [ "$group" = "$old" ]; then
            kill -QUIT "$pid"
        fi
    done
fi < @{nginx_pid_shell} 2> /dev/null
# A request that came before uWSGI listens would get 502. But not for ever: a site whose uWSGI does
# not start says so, too.
tries=0
while [ ! -S @{uwsgi_socket_shell} ] && [ "$tries" -lt 100 ]; do
    sleep 0.1
    tries=$((tries + 1))
done
exec @{nginx_command_shell}
