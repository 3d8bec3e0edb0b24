#!/usr/bin/env python3
"""The hold model of bench_hold.c on SimPy, a process a ball, which is how SimPy is used: each event
reads and writes the ball's 64 bytes and waits for an exponential delay from Python's own generator.
Usage: hold_simpy.py PENDING EVENTS. Prints nanoseconds an event."""
import random
import sys
import time

import simpy

pending, events = int(sys.argv[1]), int(sys.argv[2])
begin_at = pending + 1
end_at = begin_at + events
arrivals = 0
begun = ended = 0.0
environment = simpy.Environment()
landed = environment.event()


def ball(number):
    global arrivals, begun, ended
    word = [0] * 8
    word[7] = number
    while True:
        yield environment.timeout(1000 + int(random.expovariate(1e-6)))
        arrivals += 1
        if arrivals == begin_at:
            begun = time.perf_counter()
        if arrivals == end_at:
            ended = time.perf_counter()
            landed.succeed()
        word[0] += 1
        word[1 + word[7] % 6] += environment.now


for number in range(pending):
    environment.process(ball(number))
environment.run(until=landed)
print("%.2f" % ((ended - begun) * 1e9 / events))
