# ash: pipelines, redirections, subshells, traps, jobs, exit statuses, getopts.
true; echo $?; false; echo $?; (exit 7); echo $?; sh -c 'exit 300'; echo $?; nosuchprogram; echo $?; /etc; echo $?
sh -c 'kill -9 $$'; echo $?; sh -c 'kill -TERM $$'; echo $?; sh -c 'kill -SEGV $$'; echo $?
! true; echo $?; true && echo and || echo or; false && echo and || echo or; { echo group; false; } || echo "after"
echo out; echo err >&2; { echo o; echo e >&2; } 2>&1 | sed 's/^/piped /'
{ echo o; echo e >&2; } 2>/dev/null; echo x >f; echo y >>f; cat <f; cat f - <<E
from stdin
E
exec 3>fd3; echo three >&3; exec 3>&-; cat fd3; echo closed >&3; exec 4<fd3; read l <&4; echo "got $l"; exec 4<&-
(cd /; pwd; v=sub); pwd | sed 's/.*/elsewhere/'; echo "v=$v"
set -C; echo z >f; echo $?; echo z >|f; cat f; set +C
echo 5 | { read n; echo $((n * 2)); }; seq 1000 | head -3; yes | head -2; seq 5 | tail -n +4
set -o pipefail; false | true; echo $?; set +o pipefail; false | true; echo $?
trap 'echo exit trap $?' EXIT; (trap - EXIT; exit 3); echo $?
sh -c 'trap "echo caught; exit 5" USR1; kill -USR1 $$; echo not here'; echo $?
sh -c 'trap "echo int" INT; kill -INT $$; echo went on'; echo $?
sh -c 'trap "" TERM; kill -TERM $$; echo ignored'; sh -c 'trap "" INT; sh -c "kill -INT \$\$; echo inherited"'
sh -c 'trap "echo one" USR1 USR2; trap; kill -USR2 $$; trap - USR1; kill -USR1 $$; echo gone'; echo $?
sleep 0.2 & wait; echo "waited $?"; (exit 4) & wait $!; echo $?; sleep 5 & p=$!; kill $p; wait $p 2>/dev/null; echo $?
(sleep 0.1; echo later) & echo first; wait; echo last
{ sleep 0.05; echo a; } & { sleep 0.25; echo b; } & wait; wait 99999; echo $?
sh -c '(trap "echo child term; exit 9" TERM; while :; do sleep 0.02; done) & sleep 0.15; kill $!; wait $! 2>/dev/null; echo $?'
while getopts ab:c o -a -b arg -c rest; do echo "$o ${OPTARG-}"; done; echo $OPTIND
(OPTIND=1; getopts x: o -x; echo "$? $o"; getopts :y: o -y; echo "$? $o")
set -e; (false; echo not reached) || true; set +e; sh -ec 'false; echo no'; echo $?; sh -uc 'echo $undefined_name'; echo $?
sh -xc 'a=1; echo $a'; sh -n -c 'echo parsed only'; sh -c 'if true'; echo $?
umask; umask 027; umask; umask -S; touch m; stat -c %a m
export E=exported; sh -c 'echo $E'; E2=only sh -c 'echo $E2'; echo "[$E2]"; env -i A=1 env; env -u E sh -c 'echo "[$E]"'; readonly r=1; (r=2; echo never); echo $?
(ulimit -n 512; ulimit -n); ulimit -c; ulimit -s
times | wc -l; echo ${PPID:+ppid} $0 | sed 's/ .*//'; echo $- | grep -c i
mkfifo p; echo through >p & cat p; wait; (echo a; sleep 0.1; echo b) >p & while read l; do echo "fifo $l"; done <p
exec 5<>p; echo both >&5; read l <&5; echo $l; exec 5>&-
a=$(sh -c 'echo out; exit 6'); echo "$a $?"; echo "$(echo 'trailing


')|"
x=$(cat <<E
inside substitution
E
); echo "$x"
timeout 0.2 sleep 5; echo $?; timeout -s KILL 0.2 sleep 5; echo $?; timeout 5 sh -c 'exit 8'; echo $?; timeout 0.2 sh -c 'trap "echo got term; exit 3" TERM; while :; do sleep 0.02; done'; echo $?
nohup sh -c 'echo nohup' </dev/null 2>/dev/null | cat; setsid sh -c 'echo session'; setsid -c true </dev/null 2>&1; echo $?
sh -c 'exec echo replaced; echo no'; exec 9>&1; sh -c 'echo fd nine >&9'; sh -c 'echo "$0 $1 $#"' zero one two
seq 3 | xargs echo; seq 4 | xargs -n 2 echo; printf 'a b\0c\0' | xargs -0 -n1 echo; seq 3 | xargs -I{} echo 'n{}n'; echo x | xargs false; echo $?; echo | xargs -r echo; seq 3 | xargs sh -c 'exit 255'; echo $?
echo one | tee t1 t2; cat t1 t2; echo two | tee -a t1 >/dev/null; cat t1; time true 2>&1 | grep -c real
usleep 1000; echo $?; which sh ls nosuch; echo $?
mkdir parts; printf '#!/bin/sh\necho part $1\n' | tee parts/a parts/b >/dev/null; chmod +x parts/*; run-parts -a x parts; run-parts --test parts
printf '#!/bin/sh -e\necho hash bang "$@"\nfalse\necho no\n' >s; chmod +x s; ./s 1 2; echo $?; printf 'echo no hash bang\n' >s2; chmod +x s2; ./s2; chmod -x s2; ./s2; echo $?; : >empty; chmod +x empty; ./empty; echo $?
