# A server, its own client and its own benchmark, over TCP and over a unix socket.
redis-server --port 6379 --unixsocket /tmp/redis.sock --save '' --logfile /tmp/redis.log &
for i in 1 2 3 4 5 6 7 8 9 10; do
  redis-cli ping 2>/dev/null | grep -q PONG && break
  sleep 0.2
done
redis-cli set greeting 'hello over tcp'
redis-cli -s /tmp/redis.sock get greeting
redis-cli -s /tmp/redis.sock rpush list a b c
redis-cli lrange list 0 -1
redis-benchmark -q -n 2000 -t ping_mbulk,set,get | tr '\r' '\n' | grep 'requests per second'
redis-benchmark -s /tmp/redis.sock -q -n 2000 -t ping_mbulk,get | tr '\r' '\n' | grep 'requests per second'
redis-cli shutdown nosave
wait
echo "exit $?"
