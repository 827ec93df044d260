/**
 * The shell's words for a redis-server on a unix socket: how scenarios start, ask and end it.
 */

/** Defines `cli`, and goes on when the server answers. @param options of the server beside these */
export const startOfRedis = (folder: string, options: string): string => `cd ${folder}
cli() { redis-cli -s redis.sock "$@" | tr -d '\\r'; }
redis-server --port 0 --unixsocket redis.sock --save '' --logfile redis.log --dir ${folder} ${options} &
SERVER=$!
until cli ping 2>/dev/null | grep -q PONG; do sleep 0.05; done`;

/** What it says when it ended well. */
export const REDIS_ENDED = 'server ended with 0';

export const endOfRedis = `cli shutdown nosave
wait $SERVER
echo "server ended with $?"`;
