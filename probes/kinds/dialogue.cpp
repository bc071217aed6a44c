#include "probes/kinds/dialogue.h"

#include <utility>

#include <re2/re2.h>

namespace candor::probes {
namespace {

using What = DialogueStep::What;

class DialogueProbe final : public Probe {
 public:
  DialogueProbe(std::shared_ptr<const DialogueConfig> config, const Tools& tools)
      : config_(std::move(config)), stream_(tools) {}

  void run(std::move_only_function<void(Outcome)> done) override;

 private:
  void go_on();
  void next();
  void listen();
  void answer();
  [[nodiscard]] Reply heard();
  void finish();

  std::shared_ptr<const DialogueConfig> config_;
  Stream stream_;
  std::size_t step_ = 0;
  std::size_t from_ = 0;  // where in the input the step's part of it begins
  Reply reply_;           // to the step under way
  bool too_much_ = false;
  bool in_clear_ = false;
  std::move_only_function<void(Outcome)> done_;
};

void DialogueProbe::run(std::move_only_function<void(Outcome)> done) {
  done_ = std::move(done);
  step_ = from_ = 0;
  reply_ = {};
  too_much_ = in_clear_ = false;
  stream_.open(config_->target, config_->timeout, [this] { go_on(); });
}

void DialogueProbe::go_on() {
  if (stream_.failure()) return finish();
  next();
}

void DialogueProbe::next() {
  if (step_ == config_->steps.size()) return finish();
  const DialogueStep& step = config_->steps[step_];
  switch (step.what) {
    case What::expect:
      return listen();
    case What::send:
      stream_.drop_input();
      from_ = 0;
      return stream_.write(step.text.reveal(), [this] {
        if (!stream_.failure()) ++step_;
        go_on();
      });
    case What::secure:
      in_clear_ = stream_.input().size() > from_;
      if (in_clear_) return finish();
      from_ = 0;
      return stream_.secure(*config_->tls, config_->wanted.name, config_->versions, [this] {
        if (stream_.failure()) return finish();
        ++step_;
        // Nothing is said to a server that is not the one it should be.
        config_->wanted.verify && !stream_.tls().flaws.empty() ? finish() : next();
      });
  }
}

void DialogueProbe::listen() {
  reply_ = heard();
  if (reply_.is == Reply::Is::expected) {
    ++step_;
    return next();
  }
  if (reply_.is == Reply::Is::asks) return answer();
  too_much_ = stream_.input().size() - from_ >= most_said;
  if (too_much_ || reply_.is == Reply::Is::refused) return finish();
  stream_.read([this] {
    // What came before an end is searched first.
    if (stream_.failure()) return finish();
    listen();
  });
}

/// The step goes on.
void DialogueProbe::answer() {
  stream_.drop_input();
  from_ = 0;
  stream_.write(reply_.words, [this] { stream_.failure() ? finish() : listen(); });
}

Reply DialogueProbe::heard() {
  const DialogueStep& step = config_->steps[step_];
  const std::string_view input = stream_.input();
  const std::string_view said = input.substr(from_);
  if (step.reply != nullptr) {
    Reply reply = step.reply(said);
    from_ += reply.size;
    return reply;
  }
  const re2::StringPiece text{input.data(), input.size()};
  re2::StringPiece found;
  if (step.pattern->Match(text, from_, input.size(), RE2::UNANCHORED, &found, 1)) {
    from_ = static_cast<std::size_t>(found.data() - text.data()) + found.size();
    return {.is = Reply::Is::expected, .words = {}};
  }
  const bool refused = step.refusal && RE2::PartialMatch(re2::StringPiece{said.data(), said.size()}, *step.refusal);
  return {.is = refused ? Reply::Is::refused : Reply::Is::unfinished, .words = {}};
}

/// The last thing it does is to call back: that may destroy the probe.
void DialogueProbe::finish() {
  DialogueSeen seen{.failure = stream_.failure(), .step = step_, .too_much = too_much_, .in_clear = in_clear_};
  seen.refused = reply_.is == Reply::Is::refused;
  seen.meaning = reply_.words;
  seen.phases = stream_.phases();
  seen.said = stream_.input().substr(from_);
  seen.peer = stream_.peer();
  seen.tls = stream_.tls();
  stream_.close();
  Outcome outcome = judge(*config_, seen, wall_now());
  auto done = std::exchange(done_, nullptr);
  done(std::move(outcome));
}

}  // namespace

std::unique_ptr<Probe> make_dialogue_probe(std::shared_ptr<const DialogueConfig> config, const Tools& tools) {
  return std::make_unique<DialogueProbe>(std::move(config), tools);
}

}  // namespace candor::probes
