"""Queens, prime numbers, words, long integers, and objects that call each other. The argument is the amount of work."""
import sys
import zlib


def queens(size, row=0, columns=0, left=0, right=0):
    if row == size:
        return 1
    found = 0
    free = ~(columns | left | right) & ((1 << size) - 1)
    while free:
        bit = free & -free
        free ^= bit
        found += queens(size, row + 1, columns | bit, (left | bit) << 1, (right | bit) >> 1)
    return found


def primes(limit):
    sieve = bytearray([1]) * limit
    for at in range(2, int(limit**0.5) + 1):
        if sieve[at]:
            sieve[at * at :: at] = bytes(len(range(at * at, limit, at)))
    return [at for at in range(2, limit) if sieve[at]]


def words(count, state):
    seen = {}
    for _ in range(count):
        state = (state * 1103515245 + 12345) % 2**31
        word = f"w{state % 997:03d}"
        seen[word] = seen.get(word, 0) + 1
    ranking = sorted(seen.items(), key=lambda item: (-item[1], item[0]))
    text = ", ".join(f"{word.title()}: {times:>4d}" for word, times in ranking)
    return text.count("7: "), zlib.crc32(text.encode())


class Account:
    def __init__(self, name):
        self.name, self.balance, self.log = name, 100, []

    def pay(self, other, amount):
        self.balance -= amount
        other.balance += amount
        self.log.append((other.name, amount))


def bank(turns):
    accounts = [Account(f"a{i}") for i in range(10)]
    for i in range(turns):
        accounts[i % 10].pay(accounts[i * 7 % 10], i % 13)
    return [(a.balance, len(a.log)) for a in accounts]


def main(work):
    for turn in range(work):
        print(turn, queens(6), len(primes(20000 + turn)), words(2000, turn), bank(2000)[turn % 10])
    digits = "".join(str(7 ** (1000 + turn)) for turn in range(work * 10))
    print(len(digits), zlib.crc32(digits.encode()))


main(int(sys.argv[1]))
