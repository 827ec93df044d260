# A script that keeps every part of the kernel busy: pipelines, files, links, signals, traps, jobs, here-documents,
# FIFOs, sorting, archives. Its output is deterministic, so that two kernels can be compared by it.
set -u
mkdir -p /tmp/work && cd /tmp/work

echo "== arithmetic and functions"
fib() { if [ "$1" -lt 2 ]; then echo "$1"; else echo $(($(fib $(($1 - 1))) + $(fib $(($1 - 2))))); fi; }
fib 7

echo "== files"
i=0
while [ $i -lt 40 ]; do
  printf 'line %d of the file\n' $i >> log
  mkdir -p dir$((i % 5))/sub
  printf '%d\n' $((i * 37 % 101)) > dir$((i % 5))/f$i
  i=$((i + 1))
done
wc log
ln log hard && ln -s log soft && ls -l hard | awk '{ print $2 }' && readlink soft
cat dir*/f* | sort -n | uniq | tr '\n' ' '; echo
find . -name 'f1*' | sort
mv dir0 moved && rm -r dir1 && ls
chmod 600 log && stat -c '%a %h %s' log
cp log copy && cmp log copy && echo same
dd if=log of=part bs=7 skip=3 count=5 2>/dev/null && cat part; echo

echo "== text"
sed -n 's/line \([0-9]*\) of/\1:/p' log | head -n 5
awk '{ s += $2 } END { print s, NR }' log
grep -c '7' log
cut -d' ' -f2 log | sort -rn | head -n 3
seq 200 | xargs -n 10 echo | wc -l
tr 'a-z' 'A-Z' < log | tail -n 2
cat <<END
expanded $((6 * 7))
END

echo "== archives and checksums"
tar cf all.tar log moved dir2 && tar tf all.tar | wc -l
gzip -c all.tar > all.tar.gz && gunzip -c all.tar.gz | cmp - all.tar && echo roundtrip
mkdir out && tar xf all.tar -C out && diff -r moved out/moved && echo identical
md5sum log | cut -c1-8
sha256sum all.tar > /dev/null && echo summed

echo "== processes"
(exit 3); echo $?
sh -c 'kill -TERM $$'; echo $?
trap 'echo got usr1' USR1
kill -USR1 $$
trap - USR1
sleep 0.01 & wait $! && echo waited
for n in 1 2 3; do (sleep 0.$n; echo child $n) & done; wait
mkfifo pipe && (cat pipe > from-fifo & seq 50 > pipe; wait) && wc -l < from-fifo
yes | head -n 1000 | wc -c
timeout 0.02 sleep 5; echo $?
x=$(echo a; echo b >&2) 2>err; echo "$x" "$(cat err)"
seq 300 | awk '/5$/' | tr '\n' ' '; echo
set -- *; echo $# names
i=0; while [ $i -lt 60 ]; do /bin/true; i=$((i + 1)); done
cd / && rm -r /tmp/work && ls /tmp
echo "== many small calls"
mkdir -p /tmp/many && cd /tmp/many
for n in $(seq 300); do echo "$n $((n * n % 1009))" >> squares; done
sort -k2n squares | head -n 3
i=0
while [ $i -lt 100 ]; do
  echo $i > f$((i % 50))
  mv f$((i % 50)) g$((i % 50)) && ln -sf g$((i % 50)) l$((i % 50)) && cat l$((i % 50)) >> all
  i=$((i + 1))
done
sort -n all | tail -n 2
i=0; while [ $i -lt 100 ]; do echo $i | cat | cat > /dev/null; i=$((i + 1)); done
cd / && rm -r /tmp/many
echo "== end"
