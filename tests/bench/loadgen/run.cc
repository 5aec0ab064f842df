// SPDX-License-Identifier: Apache-2.0
#include "run.h"

#include "flow_table.h"
#include "traffic.h"

// One core, one loop: take what came back, then send a burst. The phases are
//   prime    every flow once (TCP: SYN, then the server's SYN and ACK where the device sees them,
//            then ACK), at a rate that opens flows without loss
//   traffic  warm-up and measured time, sampled every interval
//   settle   after each: take what is under way until nothing came for a while
namespace lbd::loadgen {
namespace {

constexpr double kQuietSeconds = 0.05;
/// A device that has just come up loses frames at first: flows that did not come back are opened
/// again, all of them, so often.
constexpr unsigned kPrimeRounds = 4;

uint64_t ticks(double seconds) {
  return static_cast<uint64_t>(seconds * static_cast<double>(rte_get_tsc_hz()));
}

void settle(Receiver& receiver) {
  uint64_t last = rte_rdtsc();
  while (rte_rdtsc() - last < ticks(kQuietSeconds)) {
    if (receiver.drain() != 0) last = rte_rdtsc();
  }
}

/// Walks over the table for ever.
class TableCursor {
 public:
  explicit TableCursor(const std::vector<FlowRecord>& flows) : flows_(flows) {}
  const FlowRecord& operator()() {
    const FlowRecord& out = flows_[next_];
    if (++next_ == flows_.size()) next_ = 0;
    return out;
  }

 private:
  const std::vector<FlowRecord>& flows_;
  size_t next_ = 0;
};

/// Sends each flow of the table once.
void send_once(const Options& options, const std::vector<FlowRecord>& flows, uint8_t tcp_flags,
               Sender& sender, Receiver& receiver, const std::atomic<bool>& stop) {
  sender.set_flags(tcp_flags);
  TableCursor next(flows);
  Pacer pacer(options.prime_rate, rte_rdtsc());
  uint64_t left = flows.size();
  while (left > 0 && !stop.load(std::memory_order_relaxed)) {
    const uint64_t now = rte_rdtsc();
    const auto most = static_cast<uint32_t>(std::min<uint64_t>(left, options.burst));
    const uint32_t taken = sender.send(pacer.allowed(now, most), now, next);
    pacer.sent(taken);
    left -= taken;
    receiver.drain();
  }
  settle(receiver);
}

class Sampler {
 public:
  Sampler(const Options& options, uint64_t now)
      : length_(ticks(options.interval)),
        begin_(now + ticks(options.warmup)),
        end_(begin_ + ticks(options.seconds)),
        last_(begin_),
        next_(begin_) {}

  bool over(uint64_t now) const { return now >= end_ + length_ / 2; }
  bool due(uint64_t now) const { return now >= next_; }
  void sample(uint64_t now, uint64_t sent, Receiver& receiver, RunReport& report) {
    const uint64_t received = receiver.counts().received;
    if (next_ == begin_) {
      receiver.latency().clear();  // the warm-up's
    } else {
      const double us =
          static_cast<double>(now - last_) * 1e6 / static_cast<double>(rte_get_tsc_hz());
      report.sent_mpps.push_back(static_cast<double>(sent - sent_) / us);
      report.received_mpps.push_back(static_cast<double>(received - received_) / us);
    }
    sent_ = sent;
    received_ = received;
    last_ = now;
    next_ += length_;
  }

 private:
  uint64_t length_, begin_, end_;
  uint64_t last_, next_;
  uint64_t sent_ = 0, received_ = 0;
};

template <class NextFlow>
void traffic(const Options& options, NextFlow&& next, Sender& sender, Receiver& receiver,
             const std::atomic<bool>& stop, RunReport& report) {
  uint64_t now = rte_rdtsc();
  Pacer pacer(options.rate, now);
  Sampler sampler(options, now);
  while (!sampler.over(now) && !stop.load(std::memory_order_relaxed)) {
    receiver.drain();
    now = rte_rdtsc();
    pacer.sent(sender.send(pacer.allowed(now, options.burst), now, next));
    if (sampler.due(now)) sampler.sample(now, sender.sent(), receiver, report);
  }
}

FrameSpec client_frames(const Options& options) {
  return {options.destination_mac,
          options.source_mac,
          options.client,
          options.vip,
          options.tcp,
          options.frame_size - kFrameCheckSize};
}

/// Opens the flows until a whole round came back; `answers` are what servers would answer where
/// `learns`.
PrimeReport prime(const Options& options, const Port& port, const FrameTemplate& frame,
                  const std::vector<FlowRecord>& flows, bool learns,
                  std::vector<FlowRecord>& answers, const std::atomic<bool>& stop) {
  AnswerLearner learner(options);
  Sender sender(port, frame, options.burst, false);
  Receiver receiver(port, FrameCheck(options), false, 0);
  settle(receiver);  // what a kernel behind the device says when a link comes up
  if (learns) receiver.set_learner(&learner);
  PrimeReport report;
  while (report.rounds < kPrimeRounds && report.received < flows.size() && !stop.load()) {
    ++report.rounds;
    learner.clear();
    const uint64_t before = receiver.counts().received;
    send_once(options, flows, options.tcp ? wire::kTcpSyn : 0, sender, receiver, stop);
    report.received = receiver.counts().received - before;
  }
  receiver.set_learner(nullptr);
  if (learner.table(frame, answers)) report.learned = learner.size();
  const uint8_t accepts = wire::kTcpSyn | wire::kTcpAck;
  if (options.tcp && learns) send_once(options, answers, accepts, sender, receiver, stop);
  if (options.tcp) send_once(options, flows, wire::kTcpAck, sender, receiver, stop);
  return report;
}

/// Requests and answers one by one. A flow's own answer comes half the table later: a device cannot
/// have its connection in the cache from the request.
std::vector<FlowRecord> in_turn(const std::vector<FlowRecord>& requests,
                                const std::vector<FlowRecord>& answers) {
  std::vector<FlowRecord> out;
  out.reserve(2 * requests.size());
  size_t at = answers.size() / 2;
  for (const FlowRecord& request : requests) {
    out.push_back(request);
    out.push_back(answers[at]);
    if (++at == answers.size()) at = 0;
  }
  return out;
}

Error no_answers(bool nothing_came) {
  if (nothing_came) return Error{"nothing came back while the flows were opened"};
  return Error{
      "IPv6: the addresses of clients and servers, and the local ones of fullnat, must share their "
      "first 96 bits with --client"};
}

template <class NextFlow>
void measure(const Options& options, const Port& port, const FrameTemplate& frame, NextFlow&& next,
             uint8_t tcp_flags, const std::atomic<bool>& stop, RunReport& report) {
  Sender sender(port, frame, options.burst, options.latency);
  sender.set_flags(tcp_flags);
  Receiver receiver(port, FrameCheck(options), options.latency, frame.payload_offset());
  traffic(options, next, sender, receiver, stop, report);
  settle(receiver);
  const ReceiveCounts& counts = receiver.counts();
  report.sent = sender.sent();
  report.received = counts.received;
  report.looked_at = counts.looked_at;
  report.foreign = counts.foreign;
  report.bad = counts.bad;
  report.to_clients = counts.to_clients;
  report.first_bad = counts.first_bad;
  report.latency = receiver.latency();
}

}  // namespace

Result<RunReport> run(const Options& options, const Port& port, const std::atomic<bool>& stop) {
  RunReport report;
  const FrameTemplate frame(client_frames(options));
  const FlowPlan plan(options);
  port.write_template(frame);
  if (options.mode == Mode::kNew) {
    const uint8_t flags = options.tcp ? wire::kTcpSyn : 0;
    auto next = [&, n = uint64_t{0}]() mutable { return plan.flow(n++, frame); };
    measure(options, port, frame, next, flags, stop, report);
    return report;
  }

  const std::vector<FlowRecord> flows = plan.table(options.flows, options.random_order, frame);
  const uint8_t flags = options.tcp ? wire::kTcpAck : 0;
  const bool learns = options.mode != Mode::kEstablished;
  std::vector<FlowRecord> answers;
  report.prime = prime(options, port, frame, flows, learns, answers, stop);
  if (learns && report.prime.learned == 0) return no_answers(answers.empty());
  if (options.mode == Mode::kBothWays) answers = in_turn(flows, answers);
  measure(options, port, frame, TableCursor(learns ? answers : flows), flags, stop, report);
  return report;
}

}  // namespace lbd::loadgen
