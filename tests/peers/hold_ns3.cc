/* The hold model of bench_hold.c on ns-3: a fixed number of balls is always in the air; each event
 * reads and writes the 64 bytes of its ball and schedules the ball's next one at now plus an
 * exponential delay from ns-3's own generator. Usage: hold_ns3 SCHEDULER PENDING EVENTS, where
 * SCHEDULER is a type of ns-3. Prints nanoseconds an event. */

#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <vector>

#include "ns3/double.h"
#include "ns3/nstime.h"
#include "ns3/object-factory.h"
#include "ns3/random-variable-stream.h"
#include "ns3/scheduler.h"
#include "ns3/simulator.h"

using Clock = std::chrono::steady_clock;

static uint64_t arrivals, begin_at, end_at;
static Clock::time_point begun, ended;
static ns3::Ptr<ns3::ExponentialRandomVariable> delay_ns;

struct Ball {
    uint64_t word[8];

    void Fly()
    {
        ns3::Time delay = ns3::NanoSeconds(1000 + (int64_t)delay_ns->GetValue());
        ns3::Simulator::Schedule(delay, &Ball::Land, this);
    }

    void Land()
    {
        arrivals++;
        if (arrivals == begin_at)
            begun = Clock::now();
        if (arrivals == end_at) {
            ended = Clock::now();
            ns3::Simulator::Stop();
        }
        word[0]++;
        word[1 + word[7] % 6] += (uint64_t)ns3::Simulator::Now().GetNanoSeconds();
        Fly();
    }
};

int main(int argc, char **argv)
{
    if (argc != 4) {
        fprintf(stderr, "usage: hold_ns3 SCHEDULER PENDING EVENTS\n");
        return 2;
    }
    ns3::ObjectFactory scheduler;
    scheduler.SetTypeId(argv[1]);
    ns3::Simulator::SetScheduler(scheduler);
    uint64_t pending = strtoull(argv[2], nullptr, 10);
    uint64_t events = strtoull(argv[3], nullptr, 10);
    begin_at = pending + 1;
    end_at = begin_at + events;
    delay_ns = ns3::CreateObject<ns3::ExponentialRandomVariable>();
    delay_ns->SetAttribute("Mean", ns3::DoubleValue(1e6));
    std::vector<Ball> balls(pending);
    for (uint64_t i = 0; i < pending; i++) {
        balls[i] = Ball{};
        balls[i].word[7] = i;
        balls[i].Fly();
    }
    ns3::Simulator::Run();
    ns3::Simulator::Destroy();
    printf("%.2f\n",
           std::chrono::duration<double, std::nano>(ended - begun).count() / (double)events);
    return 0;
}
