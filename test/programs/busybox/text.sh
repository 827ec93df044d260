# Text tools.
printf 'banana 3\napple 10\ncherry 2\napple 9\n' >t; seq 20 >n
sort t; sort -k2n t; sort -k1,1 -k2,2nr t; sort -r t; sort -u -k1,1 t; sort -t' ' -k2 t; printf '1.5\n10\n9e0\n-3\n' | sort -g; printf 'v1.10\nv1.9\n' | sort -V; printf 'b\na\n' | sort -c; echo $?; printf 'b\nA\na\nB\n' | sort -f; printf 'JAN\nDEC\nFEB\n' | sort -M; sort -o t2 t; sort -m t2 t2 | uniq -c
printf 'a\na\nb\na\n' | uniq; printf 'a\na\nb\n' | uniq -d; printf 'a\na\nb\n' | uniq -u; printf 'x 1\ny 1\n' | uniq -f1; printf 'Aa\naa\n' | uniq -i
cut -d' ' -f2 t; cut -c1-3,5 t; cut -b2- t; echo a:b:c | cut -d: -f1,3; echo a:b:c | cut -d: -f2- ; echo nodelim | cut -d: -f2 -s; paste t n | head -4; paste -s -d, n; paste -d'|' - - <n | head -2
tr a-z A-Z <t; tr -d aeiou <t; echo aabbcc | tr -s a-c; echo hello | tr -c 'a-l\n' '*'; echo 'a	b' | tr '\t' ' '; echo x9 | tr '[:alpha:]' '[:digit:]'
fold -w 7 <<E
a line to be folded here
E
fold -s -w 7 <<E
a line to be folded here
E
nl t; nl -ba -w3 -s: t; tac t; rev t; head -n 2 t; head -c 5 t; echo; tail -n 2 t; tail -c 4 t; head -n -17 n; wc t; wc -l <t; wc -c t n; wc -L t; expand -t4 <<E
a	b
E
printf 'a       b\n' | unexpand -a | od -c
sort t >s1; printf 'apple 9\nzebra 1\n' >s2; 
cmp t t2; echo $?; cmp -l t t2 | head -3; cmp t t; echo $?; cmp -s t t2; echo $?
diff t t2 | tail -n +1; diff -u s1 s2 | sed 1,2d; diff -q s1 s2; echo $?; mkdir d1 d2; echo 1 >d1/a; echo 2 >d2/a; echo 3 >d1/only; diff -r d1 d2; diff -rq d1 d2; diff -w - s2 <<E
apple   9
zebra 1
E
diff -u s1 s2 >p; cp s1 s3; patch s3 <p; cmp s3 s2 && echo same; patch -R s3 <p; cmp s3 s1 && echo back; echo broken >s4; patch s4 <p; echo $?
grep apple t; grep -v apple t; grep -c a t; grep -n e t; grep -i APPLE t; grep -o '[0-9]*' t; grep -E '(ban|che)' t; grep -F 'a.' t; echo $?; grep -w 10 t; grep -x 'cherry 2' t; grep -l apple t n; grep -L apple t n; grep -r 3 d1; grep -q z t; echo $?; grep -A1 ban t; grep -B1 che t; grep -e ban -e che t; printf 'ban\n' >pat; grep -f pat t; grep -m1 apple t; grep -h 3 t d1/only; grep -H 3 t; grep x nosuch; echo $?; echo 'a1b22' | grep -oE '[0-9]+'; egrep 'p{2}' t
sed -n 2p t; sed '2d' t; sed 's/a/A/g' t; sed 's/\([a-z]*\) \([0-9]*\)/\2 \1/' t; sed -E 's/([a-z]+) ([0-9]+)/\2-\1/;3q' t; sed '/apple/,/cherry/s/^/> /' t; sed -e '1i\
inserted' -e '$a\
appended' t; sed '2c\
changed' t; sed 'y/abc/xyz/' t; sed -n '$=' t; sed '$!N;s/\n/ + /' t; sed ':a;N;$!ba;s/\n/,/g' t; sed -n 'H;${x;s/\n/;/g;p}' t; sed '1~2d' n | head -3; sed -i.bak 's/2/two/' t2; cat t2 t2.bak | wc -l; sed 's/a/&&/2' t; sed -n '/b/{p;p}' t; sed 'n;d' t; sed = t | head -2; sed 's/x/y/;ta;s/$/ none/;:a' t; sed -n l <<E
tab	back\\slash
E
echo abc | sed 's/b/\n/'; echo hello | sed 's/l/L/2g'; sed -n 3wthird n; cat third; sed -n '$p' t n
awk '{s += $2} END {print s, NR, s / NR}' t; awk -F: '{print $2}' <<E
a:b:c
E
awk 'BEGIN {printf "%5.2f|%d|%s|%x|%c|%e\n", 3.14159, 42.9, "str", 255, 65, 12345.678}'; awk '{a[$1] += $2} END {for (k in a) print k, a[k]}' t | sort; awk 'NR==2, NR==3' t; awk '/apple/ {n++} END {print n}' t; awk '{print length($0), toupper($1), substr($1, 2, 3), index($1, "an")}' t; awk 'BEGIN {n = split("a,b,c", x, ","); print n, x[3]; gsub(/b/, "B", x[2]); print x[2]; print match("foobar", /o+/), RSTART, RLENGTH; print sprintf("%03d", 7), substr("hello", 0, 3)}'; awk 'function f(n) {return n < 2 ? n : f(n - 1) + f(n - 2)} BEGIN {print f(15)}'; awk 'BEGIN {while (i < 3) print i++; do {j++} while (j < 5); print j; print 2 ^ 10, 7 % 3, -7 % 3, 1e6, 1e20, 0.1 + 0.2, 100000 * 100000, log(10), exp(1), sqrt(2), int(-3.7), sin(1), atan2(1, 2)}'; awk -v v=ext 'BEGIN {print v, ENVIRON["HOME"] != ""; "echo piped" | getline l; print l; print "to sort" | "sort"; close("sort"); print "b\na" | "sort -r"}'; awk '{print > ("out." $1)}' t; cat out.apple; awk 'BEGIN {while ((getline l < "n") > 0) c++; print c; print system("exit 3")}'; awk 'BEGIN {RS = ""; FS = "\n"} {print NF, $1}' <<E
a
b

c
E
awk 'BEGIN {OFS = "-"} {$1 = $1; print; exit 4}' t; echo $?; awk 'BEGIN {print substr("x", 1e9), 1 == 1.0, "a" < "b", !x, x == 0, "10" == 10.0, 2 < 10, "2" < "10"; printf "%s %s\n", 1e300 * 1e300, -log(0)}'; awk 'BEGIN { x["a", 1] = 2; for (k in x) { split(k, p, SUBSEP); print p[1], p[2] }; delete x["a", 1]; print length(x) }'
expr 3 + 4 \* 2; expr 10 / 3 % 2; expr abc : 'a\(.*\)'; expr length hello; expr substr hello 2 3; expr 3 \> 4; echo $?; expr index hello l; expr a \< b \& 1; expr '' \| x; expr 1 / 0; echo $?
echo '3 4 + p 2 * p 10 / p 16 o 255 p 2 k 1 3 / p' | dc; bc <<E
2^100
scale=10; 1/3; sqrt(2)
define f(n) { if (n < 2) return 1; return n * f(n - 1) }
f(20)
ibase=16; FF
E
echo 's(1); l(2); 4*a(1)' | bc -l; factor 1 12 97 600851475143 4294967291; seq 2 3 10; seq -w 8 11; seq -s, 3; seq 1 0.5 2.5; seq 3 1; seq 3 -1 1
printf 'dos\r\n' >dos; dos2unix dos; od -c dos; unix2dos dos; od -c dos; strings -n 3 /bin/busybox | head -1 | wc -l; printf 'ab\0cdef\0\1ghij' | strings; printf 'ab\0cdef\0\1ghij' | strings -n 2 -o
od -An -tx1 t | head -2; od -c t | head -2; od -t d2 -N 8 t; od -A d -t o4 -j 4 -N 8 t; hexdump -C t; hexdump -e '2/1 "%02x " "\n"' -n 6 t; hexdump t | head -1; xxd t; xxd -p t; xxd -p t | xxd -r -p | cmp - t; xxd -c 4 -g 1 t | head -2
ts '' </dev/null; shuf -n 3 n | wc -l; shuf -e a | cat; yes x | head -n 3; cal 2 2024; cal -m 12 1999; date -u -d @86400; date -u -d '2024-02-29 12:34:56' '+%Y %j %U %a %b %s %H:%M'; TZ=EST5EDT date -d @1720000000 '+%F %T %Z'; date -u -D '%d.%m.%Y' -d 24.12.2023 +%F; date -d nonsense; echo $?
uuidgen | wc -c; echo -n x | tail -f -n 1 /dev/null & sleep 0.1; kill $!; wait $! 2>/dev/null; echo $?
(tail -n 0 -s 1 -f grown & p=$!; sleep 0.5; kill $p) 2>&1 | head -1; ed -s n <<E
1,3p
2d
1a
new line
.
,s/1/one/
w edited
q
E
head -3 edited; wc -l <edited; printf 'x\n' | more; printf 'y\n' | less; mim 2>&1 | head -1
