/* The hold model of bench_hold.c on SimGrid's timers, the cheapest events it has: each timer reads
 * and writes the 64 bytes of its ball and sets the ball's next timer at now plus an exponential
 * delay from SimGrid's own generator. Usage: hold_simgrid PENDING EVENTS. Prints nanoseconds an
 * event. */

#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <vector>

#include <simgrid/kernel/Timer.hpp>
#include <simgrid/s4u.hpp>
#include <xbt/random.hpp>

using Clock = std::chrono::steady_clock;

static uint64_t arrivals, begin_at, end_at;
static Clock::time_point begun, ended;

struct Ball {
    uint64_t word[8];

    void fly()
    {
        double delay_s = 1e-6 + simgrid::xbt::random::exponential(1e3);
        double at_s = simgrid::s4u::Engine::get_clock() + delay_s;
        simgrid::kernel::timer::Timer::set(at_s, [this] { land(); });
    }

    void land()
    {
        arrivals++;
        if (arrivals == begin_at)
            begun = Clock::now();
        if (arrivals == end_at)
            ended = Clock::now();
        word[0]++;
        word[1 + word[7] % 6] += (uint64_t)(simgrid::s4u::Engine::get_clock() * 1e9);
        if (arrivals < end_at)
            fly();
    }
};

int main(int argc, char **argv)
{
    simgrid::s4u::Engine engine(&argc, argv);
    if (argc != 3) {
        fprintf(stderr, "usage: hold_simgrid PENDING EVENTS\n");
        return 2;
    }
    uint64_t pending = strtoull(argv[1], nullptr, 10);
    uint64_t events = strtoull(argv[2], nullptr, 10);
    begin_at = pending + 1;
    end_at = begin_at + events;
    std::vector<Ball> balls(pending);
    /* SimGrid runs for as long as an actor lives. */
    simgrid::s4u::NetZone *zone = simgrid::s4u::create_full_zone("zone");
    simgrid::s4u::Host *host = zone->create_host("host", 1e9);
    zone->seal();
    for (uint64_t i = 0; i < pending; i++) {
        balls[i] = Ball{};
        balls[i].word[7] = i;
        balls[i].fly();
    }
    simgrid::s4u::Actor::create("sleeper", host, [] {
        while (arrivals < end_at)
            simgrid::s4u::this_actor::sleep_for(1e-3 * 100);
    });
    engine.run();
    if (arrivals < end_at) {
        fprintf(stderr, "hold_simgrid: the run ended after %llu events\n",
                (unsigned long long)arrivals);
        return 1;
    }
    printf("%.2f\n",
           std::chrono::duration<double, std::nano>(ended - begun).count() / (double)events);
    /* What is still in the air would be taken down one by one. */
    fflush(stdout);
    _Exit(0);
}
