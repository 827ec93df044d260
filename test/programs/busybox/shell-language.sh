# ash: expansion, arithmetic, functions, loops, here-documents, globbing.
echo "$((1 + 2 * 3)) $((7 / 2)) $((-7 % 3)) $((1 << 40)) $((0x1f ^ 5)) $((5 > 3 ? 10 : 20)) $((2 ** 10))"
i=5; echo $((i++)) $((++i)) $((i += 3)) $i $((i == 10 && 1)) $((~i)) $((!i))
echo $((9223372036854775807 + 1)) $((010)) $((i , 4))
unset v; echo "${v-unset} ${v:-empty} ${v:=given} ${v:+has} ${#v}"
p=/usr/local/lib/file.tar.gz
echo "${p##*/} ${p#*/} ${p%.*} ${p%%.*} ${p/local/LOCAL} ${p//l/L} ${p:5:5}"
sh -c ': ${nothing:?is not set}' ; echo "status $?"
set -- a 'b c' d; echo $# "$*" "$1"; for x in "$@"; do echo "<$x>"; done; for x in $*; do echo "[$x]"; done
IFS=:; set -- $(echo one:two::four); echo $#; echo "$*"; unset IFS
shift 2; echo "$1|$2"
f() { local x=inner; echo "f $x $# $1"; return 3; }; x=outer; f one two; echo "$? $x"
recurse() { [ "$1" -gt 0 ] && { echo -n "$1 "; recurse $(($1 - 1)); }; }; recurse 10; echo
case file.txt in *.c) echo c;; *.txt|*.md) echo text;; *) echo other;; esac
case '[x]' in \[*) echo bracket;; esac
n=0; while :; do n=$((n + 1)); [ $n -eq 3 ] && continue; [ $n -gt 5 ] && break; echo -n "$n "; done; echo
until [ $n -le 0 ]; do n=$((n - 2)); done; echo $n
for a in 1 2; do for b in x y; do [ $b = y ] && continue 2; echo $a$b; done; done
cat <<HERE
here $p $((1+1)) $(echo sub) \$kept
HERE
cat <<'HERE'
raw $p $((1+1)) `x` \$
HERE
cat <<-HERE
	tabs gone
	  but not spaces
	HERE
mkdir g; cd g; touch a.c b.c c.h .hidden 'sp ace' '[b]' d1 d2 d3; mkdir sub; touch sub/x.c
echo *; echo *.c; echo ?1; echo [a-b].c; echo [!a]*.c; echo .*d*; echo */*; echo nomatch*; echo d[13]; echo '*'; echo \[*
set -f; echo *; set +f
cd ..
echo a{b,c}d ~root "$HOME"
echo $(echo 'nested "quotes"' | sed 's/"/'"'"'/g') `echo old \`echo style\``
printf '%s|%5d|%-5s|%05.1f|%x|%o|%c|%%|%b\n' str 42 ab 3.14159 255 8 char 'tab\there'
printf '%s-%s\n' 1 2 3; printf '%d\n' 0x10 "'A"
echo -e 'a\tb\x41\0101\n' ; echo -n no newline; echo
read a b <<E
first second third
E
echo "$a|$b"; printf 'one\\\ntwo\nthree\n' | { read l; echo "$l"; read -r l; echo "$l"; }
printf 'a:b:c\n' | { IFS=: read x y z; echo "$z$y$x"; }
echo abc | while read -n 1 c; do echo "<$c>"; done
type cd echo f sh nosuch; command -v ls f cd
alias ll='echo aliased'; eval ll
eval 'e=1; echo $e'; . ./nosuch.sh; echo not reached
