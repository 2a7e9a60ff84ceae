"""Writes a tree of files as runs leave them: a quarter logs, a quarter tables, half arrays, their sizes spread widely."""

import array
import os
import random
import sys

root, count, total = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
random.seed(7)
words = "the of neuron spike rate session 2026-11-25 INFO loaded frames stop_at cop drift corrected 0.183 error_rate mean"
words = words.split()
log = "".join(" ".join(random.choices(words, k=random.randint(4, 14))) + "\n" for _ in range(40000)).encode()
table = "".join(",".join("%.6f" % random.gauss(0, 1) for _ in range(12)) + "\n" for _ in range(20000)).encode()
floats = array.array("f", (random.gauss(0, 1) for _ in range(1 << 20))).tobytes()
kinds = [("log", log), ("csv", table), ("bin", os.urandom(4 << 20)), ("f32", floats)]

shares = [random.lognormvariate(0, 1.5) for _ in range(count)]
scale = total / sum(shares)
for number, share in enumerate(shares):
    end, data = kinds[number % 4]
    folder = os.path.join(root, "d%03d" % (number % 200))
    os.makedirs(folder, exist_ok=True)
    left, start = max(1, int(share * scale)), random.randrange(len(data) // 2)
    with open(os.path.join(folder, "f%05d.%s" % (number, end)), "wb") as file:
        while left > 0:
            left -= file.write(data[start : start + left])
            start = 0
