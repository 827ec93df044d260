/**
 * What the shell has to do, as scripts with their output (a table).
 *
 * Each is also run by the host's dash with the host's tools, which must agree, except where `own` says that we differ on
 * purpose.
 */
export interface ShellCase {
  readonly name: string;
  readonly script: string;
  readonly stdout: string;
  readonly own?: true;
}

export const SHELL_CASES: readonly ShellCase[] = [
  {
    name: 'quotes',
    script: `echo hi "a  b" 'c $x' d\\ e "it's" 'it'"'"'s' "\\$x" a#b #comment`,
    stdout: `hi a  b c $x d e it's it's $x a#b
`,
  },
  {
    name: 'parameters',
    script: `x=5; y="$x$x"; echo $y \${x}z \${#y} \${nope:-dflt} "\${nope:-a b}" \${x:+set} "\${u:=assigned}" $u`,
    stdout: `55 5z 2 dflt a b set assigned assigned
`,
  },
  {
    name: 'trimming',
    script: `v=/usr/lib/foo.tar.gz; echo \${v##*/} \${v#*/} \${v%.*} \${v%%.*} \${v#nope}`,
    stdout: `foo.tar.gz usr/lib/foo.tar.gz /usr/lib/foo.tar /usr/lib/foo /usr/lib/foo.tar.gz
`,
  },
  {
    name: 'arithmetic',
    script: `x=5; echo $((1+2*3)) $((x*2)) $(( (x>3) && (x<10) ? 7 : 8 )) $((x+=2)) $x $((10/3)) $((-7%3)) $((1<<4)) $((0x1f)) $((010)) $((!0)) $((~0))`,
    stdout: `7 10 7 7 7 3 -1 16 31 8 1 -1
`,
  },
  {
    name: 'for, while, until',
    script: `for i in 1 2 3; do echo -n "$i "; done; i=0
while [ $i -lt 5 ]; do i=$((i+1)); [ $i = 2 ] && continue; [ $i = 4 ] && break; echo w$i; done
until [ $i -ge 6 ]; do i=$((i+1)); done; echo i=$i`,
    stdout: `1 2 3 w1
w3
i=6
`,
  },
  {
    name: 'break and continue of outer loops',
    script: `for i in a b; do for j in 1 2; do [ $j = 2 ] && continue 2; echo $i$j; done; done
while :; do while :; do break 2; done; done; echo out`,
    stdout: `a1
b1
out
`,
  },
  {
    name: 'case',
    script: `case foo.c in *.h) echo h;; *.c|*.x) echo c;; *) echo other;; esac
case "a*b" in "a*"b) echo literal;; esac; case abc in [!x-z]?c) echo set;; esac
case 5 in [[:digit:]]) echo class;; esac; case x in (x) echo parenthesis;; esac; case y in x) ;; esac; echo $?`,
    stdout: `c
literal
set
class
parenthesis
0
`,
  },
  {
    name: 'if',
    script: `if false; then echo no; elif true; then echo elif; else echo no; fi
if ! false; then echo not; fi | cat; if false; then :; fi; echo $?`,
    stdout: `elif
not
0
`,
  },
  {
    name: 'functions',
    script: `x=7; f() { local x=9; echo "$1 $# $x"; return 3; }; f one two; echo "$? $x"
g() { if [ $1 -gt 0 ]; then echo $1; g $(($1-1)); fi; }; g 2; h() (echo sub; exit 4); h; echo $?`,
    stdout: `one 2 9
3 7
2
1
sub
4
`,
  },
  {
    name: 'command substitution',
    script: `echo "sub: $(echo nested $(echo deep) "q ( )"; case x in x) echo case;; esac)"
x=$(printf 'a\\n\\n\\n'); echo "[$x]"; echo \`echo back \\\`echo tick\\\`\`; v=$(false); echo $?`,
    stdout: `sub: nested deep q ( )
case
[a]
back tick
1
`,
  },
  {
    name: 'splitting',
    script: `a='x y'; set -- $a; echo $#; set -- "$a"; echo $#; IFS=:; v=a:b::c; for q in $v; do echo -n "{$q}"; done; echo
IFS=': '; v='a : b::c'; set -- $v; echo $#; unset IFS; set -- $(echo 1 2 3); echo $#`,
    stdout: `2
1
{a}{b}{}{c}
4
3
`,
  },
  {
    name: 'positional parameters',
    script: `set -- a "b c" d; echo $# "$2"; for a in "$@"; do echo "[$a]"; done; shift; echo "$*" $1
set --; echo "[$*]" "$@" $#; for n in "$@"; do echo never; done; set -- '' x; for n in "$@"; do echo "<$n>"; done
set -- 1 2 3 4 5 6 7 8 9 10 11; echo \${10} $10; shift 9; echo $1`,
    stdout: `3 b c
[a]
[b c]
[d]
b c d b c
[] 0
<>
<x>
10 10
10
`,
  },
  {
    name: 'pipelines',
    script: `echo a b c | while read p q; do echo "p=$p q=$q"; done; { echo 1; echo 2; } | cat | wc -l; ! true; echo $?; false | true; echo $?`,
    stdout: `p=a q=b c
2
1
0
`,
  },
  {
    name: 'redirections',
    script: `echo one > f; echo two >> f; cat < f; { echo err >&2; } 2>&1 | cat; ls nope 2> /dev/null || echo failed
exec 3> g; echo via3 >&3; exec 3>&-; cat g; exec 4< f; read l <&4; echo $l; echo a 1>&2 2> /dev/null`,
    stdout: `one
two
err
failed
via3
one
`,
  },
  {
    name: 'here-documents',
    script: `x=a
cat <<A; cat <<'B'
first $((1+1)) \${x}q \`echo bq\` \\$ "q"
A
second $x "q" \\$
B
cat <<-X | sort
\tz
\ty
\tX
f() {
cat <<E
in $1
E
}
f 1; f 2`,
    stdout: `first 2 aq bq $ "q"
second $x "q" \\$
y
z
in 1
in 2
`,
  },
  {
    name: 'a here-document larger than a pipe',
    script: `v=$(seq 1 20000); cat <<E | wc -l
$v
E`,
    stdout: `20000
`,
  },
  {
    name: 'and, or, groups, subshells',
    script: `true && echo and || echo or; false && echo and || echo or; (exit 4); echo $?; x=1; (x=2; cd /); echo $x; { x=3; }; echo $x`,
    stdout: `and
or
4
1
3
`,
  },
  {
    name: 'globbing',
    script: `touch a.c b.c .h c.d; mkdir d; touch d/x.c; echo *.c; echo [ab].?; echo *; echo d/*.c */; echo "*" nope*`,
    stdout: `a.c b.c
a.c b.c
a.c b.c c.d d
d/x.c d/
* nope*
`,
  },
  {
    name: 'background and wait',
    script: `{ sleep 0.3; echo late; } & echo early; wait; echo waited; (exit 9) & wait $!; echo $?`,
    stdout: `early
late
waited
9
`,
  },
  {
    name: 'traps',
    script: `trap 'echo bye' EXIT; trap 'echo usr1' USR1; kill -USR1 $$; trap '' USR2; kill -USR2 $$; echo alive; (trap 'echo sub' EXIT; exit 2); echo $?
(trap 'echo term; exit 6' TERM; kill -TERM $(sh -c 'echo $PPID'); echo no); echo $?`,
    stdout: `usr1
alive
sub
2
term
6
bye
`,
  },
  {
    name: 'set -e',
    script: `(set -e; false; echo no); echo $?; (set -e; if false; then :; fi; false || true; ! true; echo yes)
(set -e; f() { false; echo inside; }; f && echo ok); set -e; false; echo no`,
    stdout: `1
yes
inside
ok
`,
  },
  {
    name: 'set -x',
    script: `set -x; x=1; echo a "b c" 2>/dev/null; set +x; echo end`,
    stdout: `a b c
end
`,
  },
  {
    name: 'set -u and ${x?}',
    script: `(set -u; echo $undefined) 2>/dev/null; echo $?; (: \${nope?}) 2>/dev/null; echo $?; readonly R=1; (R=2) 2>/dev/null; echo $?`,
    stdout: `2
2
2
`,
  },
  {
    name: 'exit statuses',
    script: `nosuch 2>/dev/null; echo $?; /etc/passwd 2>/dev/null; echo $?; sh -c 'kill -TERM $$' 2>/dev/null; echo $?; cd /nonexistent 2>/dev/null; echo $?; exit 5`,
    stdout: `127
126
143
2
`,
  },
  {
    name: 'environment',
    script: `export E=exported; sh -c 'echo $E'; F=once sh -c 'echo $F'; echo "[$F]"; unset E; sh -c 'echo [$E]'; a=1 b=2; a=$b b=3; echo $a $b`,
    stdout: `exported
once
[]
[]
2 3
`,
  },
  {
    name: 'eval, dot, exec',
    script: `eval "v=1; echo \\$v"; echo 'w=2; return 3' > inc; . ./inc; echo $? $w; (exec echo replaced; echo no)`,
    stdout: `1
3 2
replaced
`,
  },
  {
    name: 'read',
    script: `read -r a b <<Q
  one two  three  \\n
Q
printf "%s\\n" "[$a][$b]"; IFS=, read a b c <<Q
1,2,3,4
Q
echo "[$a][$b][$c]"; read x < /dev/null; echo $?`,
    stdout: `[one][two  three  \\n]
[1][2][3,4]
1
`,
  },
  {
    name: 'printf',
    script: `printf '%s-%d|%5s|%-5s|%05d|%x|%o|%+d\\n' a 5 r l 42 255 8 3; printf 'x=%d y=%s\\n' 1 a 2 b; printf '%b%%%c' 'x\\ty\\n' abc; echo; printf '%.2s|%5.1s|%X\\n' abc def 255`,
    stdout: `a-5|    r|l    |00042|ff|10|+3
x=1 y=a
x=2 y=b
x\ty
%a
ab|    d|FF
`,
  },
  {
    name: 'test',
    script: `touch e; test -s e; echo $?; [ -f e -a ! -d e ]; echo $?; [ 3 -gt 2 ] && [ abc = abc ] && [ -n x ] && [ -z "" ]; echo $?
[ "" ]; echo $?; [ ! "" ]; echo $?; test 1 -eq 1 -a 2 -eq 3; echo $?; test '(' = '('; echo $?; [ a -eq 1 ] 2>/dev/null; echo $?`,
    stdout: `1
0
0
1
0
1
0
2
`,
  },
  {
    name: 'syntax errors',
    script: `for c in 'if true; then' 'echo "abc' 'echo )' 'case x in' 'echo $(echo' ';' '&& a' 'echo $((1 +))' '{ echo; '; do sh -c "$c" 2>/dev/null; echo -n "$? "; done`,
    stdout: `2 2 2 2 2 2 2 2 2 `,
  },
  {
    name: 'echo takes no escapes',
    script: `echo 'a\\nb' a\\\\tb`,
    stdout: `a\\nb a\\tb
`,
    own: true,
  },
  {
    name: 'a script on stdin shares it with its commands',
    script: `printf 'read z; echo "z=$z"\\ninput line\\necho last\\n' | sh`,
    stdout: `z=input line
last
`,
    own: true,
  },
  {
    name: 'a loop over parameters that the body replaces',
    script: `set -- a b c; for p; do set -- "$p$p" x; echo $p $#; done; echo $1`,
    stdout: 'a 2\nb 2\nc 2\ncc\n',
  },
  {
    name: 'a trap on the way out of a loop',
    script: `trap 'echo usr1' USR1; while :; do kill -USR1 $$ && break; done; echo out; f() { kill -USR1 $$; return 3; }; f; echo $?`,
    stdout: 'usr1\nout\nusr1\n3\n',
  },
  {
    name: 'joined lines',
    script: `echo a \\\n  b; ec\\\nho c; echo "d\\\ne"; x=1\\\n2; echo $x`,
    stdout: 'a b\nc\nde\n12\n',
  },
];
