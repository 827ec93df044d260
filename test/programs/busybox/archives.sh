# Checksums, encodings, archives and compression.
seq 5000 >n; printf 'short' >s; : >e
for h in md5sum sha1sum sha256sum sha384sum sha512sum sha3sum; do $h n s e; done; md5sum n s >l; md5sum -c l; echo spoil >>s; md5sum -c l; echo $?; md5sum -s -c l; echo $?; printf short >s
base64 s; echo; base64 n | head -2; base64 n | base64 -d | cmp - n; uuencode s name; uuencode -m s name; uuencode n out.txt | uudecode; cmp n out.txt; crc32 n 2>/dev/null
mkdir -p tree/a/b; cp n tree/a; cp s tree/a/b; ln -s ../n tree/link; ln tree/a/n tree/hard; chmod 750 tree/a; chmod 4711 tree/a/b/s; touch -d '2001-02-03 04:05:06' tree/a/n tree/a/b/s tree/a/b tree/a tree; mkfifo tree/fifo
tar cf t.tar tree/a/n tree/a/b tree/link tree/fifo tree/hard; tar tf t.tar; mkdir x; tar xf t.tar -C x; diff -r tree/a x/tree/a && echo same; TZ=UTC tar tvf t.tar | grep 2001 | awk '{print $1, $2, $3, $NF}'; readlink x/tree/link; stat -c '%a %h %n' x/tree/a x/tree/a/b/s x/tree/hard; stat -c %s x/tree/a/b/s; [ -p x/tree/fifo ] && echo fifo; [ x/tree/hard -ef x/tree/a/n ] && echo linked
tar czf t.tgz tree; tar tzf t.tgz | wc -l; tar cjf t.tbz tree 2>&1; tar cJf t.txz tree 2>&1; rm -r x; mkdir x; tar xzf t.tgz -C x tree/a/b; find x | sort; tar cf - tree/a | tar xf - -O tree/a/b/s; echo; tar cf - tree/a/n | tar tf -; tar tf /dev/null; echo $?; head -c 700 t.tar | tar tf - ; echo $?
gzip -k n; zcat n.gz | cmp - n; gzip -dc n.gz | md5sum; gunzip -c n.gz | tail -1; gzip -t n.gz; echo $?; cp n m; gzip -9 m; ls m*; gunzip m.gz; cmp m n; head -c 100 n.gz | gunzip >/dev/null; echo $?; echo junk | gunzip; echo $?
bzip2 -k n; bzcat n.bz2 | cmp - n; bunzip2 -t n.bz2; echo $?; bzip2 -9 <n | bunzip2 | md5sum; lzop -c n | lzop -dc | cmp - n
# xz and lzma only decompress: a stream made beforehand of "hello xz\n"
base64 -d >h.xz <<E
/Td6WFoAAAFpIt42AgAhARYAAAB0L+WjAQAIaGVsbG8geHoKAAAAAFV+Ln4AAR0Jk2E2ppBCmQ0B
AAAAAAFZWg==
E
xzcat h.xz; echo $?; unxz -k h.xz; ls h*
find tree ! -type p | sort | cpio -o -H newc >c.cpio 2>/dev/null; cpio -t <c.cpio 2>/dev/null; mkdir y; (cd y; cpio -id <../c.cpio 2>/dev/null); diff -r tree/a y/tree/a && echo same; stat -c '%a %h' y/tree/hard
ar -t nosuch.a; echo $?; ar rc lib.a n s 2>/dev/null; ar -t lib.a; mkdir z; (cd z; ar -x ../lib.a; ls); ar -p lib.a s; echo
dd if=n of=d bs=100 count=3 skip=2 2>/dev/null; md5sum d; dd if=/dev/zero bs=1k count=4 2>/dev/null | wc -c; dd if=s of=d conv=notrunc seek=5 bs=1 2>/dev/null; head -c 20 d | od -c; echo aBc | dd conv=ucase 2>/dev/null; dd if=n bs=7 2>&1 >/dev/null | head -2; printf abcd | dd conv=swab 2>/dev/null; echo; dd if=/dev/zero of=sparse bs=1 count=1 seek=1048575 2>/dev/null; stat -c %s sparse; dd if=nosuch; echo $?; printf abc | dd bs=8 conv=sync 2>/dev/null | od -c; dd if=n iflag=skip_bytes skip=10 count=1 bs=5 2>/dev/null
unzip -l s; echo $?; cat n | gzip | gzip | gunzip | gunzip | sha256sum; dpkg-deb -c nosuch.deb 2>&1 | head -1
