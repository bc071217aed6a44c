"""The test of the test: breaks the code that decides in one place at a time, and expects the simulation to notice.

    mutants.py --build BUILD [NAME …]
    mutants.py --texts

Each mutant names the promise that it breaks, as a regular expression over what the simulation prints, and replaces one text
of one source by another; the source is compiled as the build compiles it, and linked before the libraries, so that its
functions take the place of theirs. Whatever else is said to be broken does not count. One that breaks no promise must not be
noticed at all.
"""

import argparse
import collections
import concurrent.futures
import os
import pathlib
import shlex
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]


class Mutant(collections.namedtuple("Mutant", "name breaks file old new source", defaults=[None])):
    def stale(self):
        """Why it cannot be made any more; empty where it can."""
        times = (ROOT / self.file).read_text().count(self.old)
        return "" if times == 1 else f"{self.file} has its text {times} times: mend the list"


HARMLESS_SEEDS = 500

MUTANTS = [
    Mutant("none: a page is withdrawn in other words", None, "daemon/incident/paging.cpp",
           'supersede(id, Delivery::Kind::page, "acked by " + actor.name);',
           'supersede(id, Delivery::Kind::page, actor.name + " has acked it");'),
    Mutant("none: what leads to the same is asked in another order", None, "daemon/incident/engine.cpp",
           "it.rule.empty() || it.in_human_hands", "it.in_human_hands || it.rule.empty()"),
    Mutant("a rule takes an incident out of human hands", r"ended \w+, which a human has", "daemon/incident/engine.cpp",
           "it.rule.empty() || it.in_human_hands", "it.rule.empty()"),
    Mutant("nothing is waited for after a start", r"before anything was seen since the start", "daemon/incident/engine.cpp",
           "std::max(quiet_enough, presence.all_have_spoken_at())", "quiet_enough"),
    Mutant("a rule that cannot see ends its incident", r"while a probe of \w+ fails", "daemon/incident/engine.cpp",
           "if (verdict->second.finding != rules::Finding::quiet)", "if (verdict->second.finding == rules::Finding::holds)"),
    Mutant("what was taken out of the configuration ends its incident", r"nobody saw the end of what it held by",
           "daemon/incident/engine.cpp", "if (nobody_saw_the_end(verdict->second)) return std::nullopt;", ""),
    Mutant("what nobody saw end is forgotten by way of unknown", r"was out, and ended \w+ without having seen it",
           "daemon/incident/signals.cpp", "(reloaded_ && silenced) || nobody_saw_the_end(before)", "reloaded_ && silenced"),
    Mutant("a rule that was out and is back quiet ends its incident", r"was out, and ended \w+ without having seen it",
           "daemon/incident/signals.cpp",
           "VerdictChanged{rule, {.finding = rules::Finding::quiet, .since = now_, .evidence = std::string{unseen_end}}});",
           "VerdictChanged{rule, {.finding = rules::Finding::quiet, .since = now_}});"),
    Mutant("a holding response is forgotten", r"time does not pass|has a holding response that is late",
           "daemon/incident/engine.cpp", "if (is_due(holding_due(it))) turn.post_holding(id);", ""),
    Mutant("a promise is forgotten", r"time does not pass|promised an update, which is late", "daemon/incident/engine.cpp",
           "if (is_due(it.next_update)) turn.keep_promise(id);", ""),
    Mutant("rules are not judged anew after the clock was set", r"opened nothing", "daemon/incident/engine.cpp",
           "  impl_->judge_anew(now, by);\n", ""),
    Mutant("a rule opens a second incident", r"opens \w+ beside", "daemon/incident/signals.cpp",
           "if (latest != nullptr && latest->open() && !relapse) {", "if (latest == nullptr && rule.empty()) {"),
    Mutant("an incident that nobody ends swallows what comes later", r"swallows an outage", "daemon/incident/signals.cpp",
           "open && is_relapse(*latest, before)", "false"),
    Mutant("a decision plans nothing", r"does not end",
           "daemon/incident/engine.cpp", "    plan_after(decision.events);\n", ""),
    Mutant("an ack leaves pages on their way", r"sends a page after its ack", "daemon/incident/paging.cpp",
           'supersede(id, Delivery::Kind::page, "acked by " + actor.name);', ""),
    Mutant("an escalation ends with its first step", r"takes a step too late", "daemon/incident/paging.cpp",
           "step.contacts, now_ + step.wait,", "step.contacts, std::nullopt,"),
    Mutant("a step is taken sooner than its wait", r"takes a step \w+ too soon", "daemon/incident/paging.cpp",
           "step.contacts, now_ + step.wait,", "step.contacts, now_ + step.wait / 4,"),
    Mutant("every step pages whom the first one names", r"has no page for contact:bo/1", "daemon/oncall/escalation.cpp",
           "const Step& next = escalation.steps[step - 1];", "const Step& next = escalation.steps[0];"),
    Mutant("only the first method of a contact is paged", r"has no page for contact:ana/2", "daemon/incident/paging.cpp",
           "method <= found->second.methods.size()", "method <= 1"),
    Mutant("a page that is dead does not lead to the next step at once", r"pages nobody, and has to at once",
           "daemon/incident/paging.cpp", "  if (!last_step) page_next(it->first, why);\n", ""),
    Mutant("whom no page reached waits for the others at a reload", r"does not page again, though the address may be mended",
           "daemon/incident/paging.cpp", "if (!it.escalation.reached) page_again(id, *escalation);",
           "if (!it.escalation.reached && !is_on_its_way(id, Delivery::Kind::page)) page_again(id, *escalation);"),
    Mutant("a reload pages again whom a page is on its way to", r"writes to contact:\S+, who is not to hear of this|pages twice",
           "daemon/incident/paging.cpp",
           "    std::erase_if(ways, [&](const std::string& way) { return is_on_its_way(id, Delivery::Kind::page, way); });\n",
           ""),
    Mutant("nobody who was paged hears of the end", r"has no resolved for",
           "daemon/incident/turn.cpp", "  notify_resolved(id);\n", ""),
    Mutant("who was paged before a relapse hears of no end", r"has no resolved for", "daemon/incident/state.cpp",
           "    if (it_.open()) owe_an_end();  // an outbreak is over, though its incident goes on\n", ""),
    Mutant("what a human opens pages nobody", r"pages nobody, and has to at once",
           "daemon/incident/commands.cpp", "    turn_.page_next(id, \"\");\n", ""),
    Mutant("what a human opens is not spoken of", r"customers do not read of it", "daemon/incident/commands.cpp",
           "    if (!c.body.empty()) turn_.post(id, actor_, c.body);\n", ""),
    Mutant("a holding response is public at once", r"publishes its holding response \w+ too soon",
           "daemon/incident/turn.cpp", "  if (due <= now_) post_holding(id);", "  post_holding(id);"),
    Mutant("a vetoed holding response is published", r"publishes what was vetoed", "daemon/incident/state.cpp",
           "    it_.holding.stage = Holding::Stage::vetoed;\n", ""),
    Mutant("customers never read of the end", r"customers do not read of it", "daemon/incident/turn.cpp",
           "  if (published || !body.empty()) {", "  if (!body.empty() && actor.human) {"),
    Mutant("a relapse is a new incident", r"opens another incident \w+ after the end", "daemon/incident/signals.cpp",
           "if (relapse || recent) return reopen(latest->id, response, verdict);",
           "if (relapse) return reopen(latest->id, response, verdict);"),
    Mutant("what ended long ago goes on", r"goes on \w+ after the end", "daemon/incident/signals.cpp",
           "<= response.reopen_within;", "<= 2 * response.reopen_within;"),
    Mutant("`unless` is not heeded", r"speaks although the database fails", "rules/judge.cpp",
           "if (state.unless_is.known == Truth::yes) return", "if (false) return"),
    Mutant("a set clock moves no escalation", r"takes a step \w+ too soon|takes a step too late",
           "daemon/incident/state.cpp", "      move_if_any(it.escalation.due);\n", ""),
    Mutant("a set clock moves no holding response", r"has a holding response that (waits too long|is late)",
           "daemon/incident/state.cpp", "      move(it.holding.due);\n", ""),
    Mutant("two deliveries get one id", r"has a delivery to \S+ that says something else", "daemon/incident/state.cpp",
           "    state_.pending.put(e.delivery, {event_.incident, e.kind, e.destination});\n    ++state_.ids_made;",
           "    state_.pending.put(e.delivery, {event_.incident, e.kind, e.destination});"),
    Mutant("a snapshot leaves out who was paged", r"replaying from event \d+ gives another state",
           "daemon/incident/fields.h", '  field("paged", v.paged);\n', "",
           "daemon/incident/codec.cpp"),
    Mutant("a snapshot leaves out which rules held", r"replaying from event \d+ gives another state",
           "daemon/incident/fields.h", '  field("holding_rules", v.holding_rules);\n', "", "daemon/incident/codec.cpp"),
    Mutant("what waits to be sent is stored without its outbreak", r"sends delivery \w+ otherwise than it was decided",
           "daemon/incident/fields.h", '  field("outbreak", v.outbreak);\n', "", "daemon/incident/codec.cpp"),
    Mutant("a running `for` counts as quiet", r"ended \w+ (while a probe of \w+ fails|after \w+ of quiet)",
           "rules/judge.cpp", "may_hold(tree_.rules[rule].when) ? Finding::pending : Finding::quiet", "Finding::quiet"),
    Mutant("a `for` runs out on memory", r"opened by memory",
           "rules/evaluator.cpp", "if (was_remembered || (!goes_on && signal.health.since < look.back)) {", "if (false) {"),
    Mutant("what is remembered opens what was quiet", r"opened by memory", "rules/judge.cpp",
           "return seen || state.last == Finding::holds ? Finding::holds : Finding::pending;", "return Finding::holds;"),
    Mutant("a rule explains nothing once it is quiet", r"after the database, which it is explained by, is well",
           "rules/judge.cpp", "return now < until ? std::optional{until} : std::nullopt;", "return std::nullopt;"),
    Mutant("nothing is memory after an absence", r"opened by memory", "daemon/incident/presence.cpp",
           "return absence > short_absence ? whole_look() : std::min(absence, whole_look());", "return Duration{0};"),
    Mutant("silence counts as good news", r"ended \w+ (while a probe of \w+ fails|after \w+ of quiet)",
           "rules/leaf_state.cpp", "judged(ripe, ripe + hidden)", "judged(ripe, ripe)"),
    Mutant("an end by a clock that is a little ahead is none", r"has ended and is still known",
           "daemon/alerts/push_book.cpp", "has_ended(next, before, behind, now) || ", ""),
    Mutant("the outbox does not wait before it tries again", r"tries again and again to send", "daemon/deliver/outbox.cpp",
           "row.not_before = now + impl_->backoff.wait(row.attempts, attempt.retry_after, random);",
           "row.not_before = now;"),
    Mutant("the outbox does not heed who asks for time", r"is sent something before it asked to be",
           "daemon/deliver/outbox.cpp", "    if (now < destination.held_until) return;\n", ""),
    Mutant("the outbox sends what was withdrawn", r"sends a page after its (ack|end)", "daemon/deliver/outbox.cpp",
           "  if (row == lane.rows.end()) return false;  // removed before, and its answer still to come\n",
           "  return true;\n"),
    Mutant("a Prometheus that falls silent ends its alerts", r"ended, and its sender last said that it fires",
           "daemon/alerts/push_book.cpp",
           "if (!signal.alert || signal.alert->generator_url.empty() || end.over) {", "if (true) {"),
    Mutant("pushed alerts end with a start", r"ended, and its sender last said that it fires", "daemon/alerts/push_book.cpp",
           "Expiry end{.ends_at = waits_from_ + resolve_timeout_,", "Expiry end{.ends_at = waits_from_,"),
    Mutant("a start forgets until when a script is to be believed", r"is not believed until its end|is still known after its end",
           "daemon/alerts/push_book.cpp", "if (next.fixed) {", "if (false) {"),
    Mutant("a late word ends a later outbreak", r"ended, and its sender last said that it fires",
           "daemon/alerts/expiry.cpp",
           "return end.began < believed.began && end.ends_at < believed.began;", "return false;"),
    Mutant("a set clock ends pushed alerts", r"fires and is not known to", "daemon/alerts/push_book.cpp",
           "if (!expiry.fixed) expiry.ends_at += by;", ""),
    Mutant("nobody looks for pushed alerts whose end has passed", r"is still known after its end",
           "daemon/alerts/push_source.cpp", "if (!step.seen.empty() || !step.senders.empty())", "if (false)"),
    Mutant("what the disk refused is answered 200", r"was answered 200 and is not in the journal",
           "daemon/alerts/push_source.cpp", "answer(taken);", "answer({});"),
    Mutant("one answer that does not name it ends an alert", r"ended without two answers that do not name it|ended, and it fires",
           "daemon/alerts/pull_book.cpp", "return before != missed_.end() && now - since >= every_ / 2;", "return true;"),
    Mutant("answers count as a row although one between them stayed out", r"ended without two answers that do not name it",
           "daemon/alerts/pull_book.cpp", "  missed_.clear();\n  failure_ = why;", "  failure_ = why;"),
    Mutant("a source that falls silent is believed", r"is believed although its source is silent",
           "daemon/alerts/pull_book.cpp",
           "if (signal.health != Health::unknown) step.seen.push_back(unheard(id, evidence));", ""),
    Mutant("a Prometheus is believed before it has judged its rules", r"ended, and it fires", "daemon/alerts/pull_book.cpp",
           "(rule != rules.evaluated.end() && !rule->second) || ", ""),
    Mutant("an alert that is pending again has ended", r"ended, and it fires", "daemon/alerts/pull_book.cpp",
           " || rules.active.contains(seen.id.labels)", ""),
    Mutant("a source is believed right after its start", r"ended, and it fires", "daemon/alerts/pull_source.cpp",
           "if (asked_at_ - runs_since < least_uptime) return;", ""),
    Mutant("the outbox gives up too soon", r"gave delivery \w+ up, and nobody had said to",
           "daemon/deliver/outbox.cpp", "age < impl_->give_up_after",
           "age < impl_->give_up_after / 100"),
]


class Build:
    def __init__(self, folder, seeds):
        self.folder, self.seeds = pathlib.Path(folder), seeds
        self.link = self.command("bin/simulation")

    def command(self, target):
        """How ninja makes it, without what it needs first."""
        done = subprocess.run(["ninja", "-C", self.folder, "-t", "commands", target], check=True, capture_output=True,
                              text=True)
        return done.stdout.strip().splitlines()[-1]

    def compile_command(self, source):
        library = {"rules": "candor_rules"}.get(source.split("/")[0], f"candor_{source.split('/')[-2]}")
        folder, name = source.rsplit("/", 1)
        return self.command(f"{folder}/CMakeFiles/{library}.dir/{name}.o")

    def verdict(self, mutant, folder):
        """What is wrong with the simulation's judgement of this mutant; empty if it was caught for what it breaks."""
        if stale := mutant.stale():
            return stale
        text = (ROOT / mutant.file).read_text()
        broken = folder / mutant.file
        broken.parent.mkdir(parents=True)
        broken.write_text(text.replace(mutant.old, mutant.new))
        source = mutant.source or mutant.file

        words = shlex.split(self.compile_command(source))
        words[words.index("-o") + 1] = str(folder / "broken.o")
        words[words.index("-MF") + 1] = str(folder / "broken.d")
        words[-1] = str(broken if mutant.source is None else ROOT / source)
        compiler = next(i for i, word in enumerate(words) if word.endswith("++"))
        words[compiler + 1:compiler + 1] = [f"-I{folder}"]
        words[-1:-1] = ["-w"]  # what a break leaves unused is no matter
        if done := self.run(words):
            return "it does not compile:\n" + done

        link = shlex.split(self.link.split("&&")[1])
        link[link.index("-o") + 1] = str(folder / "simulation")
        link.insert(link.index("-o"), str(folder / "broken.o"))
        if done := self.run(link):
            return "it does not link:\n" + done

        harmless = mutant.breaks is None
        seeds = min(self.seeds, HARMLESS_SEEDS) if harmless else self.seeds
        done = subprocess.run([folder / "simulation", "--seeds", str(seeds), "--until", mutant.breaks or "."],
                              capture_output=True, text=True, timeout=300, check=False)
        if done.returncode not in (0, 1):
            return f"the simulation ended with {done.returncode}: {done.stdout}{done.stderr}"
        first = done.stdout.splitlines()[0][:150]
        if harmless:
            return f"it breaks no promise, and was noticed: {first}" if done.returncode else ""
        if done.returncode == 0:
            return f"nothing like {mutant.breaks!r} was noticed in {seeds} seeds"
        print(f"{mutant.name}: {first}", flush=True)
        return ""

    def run(self, words):
        done = subprocess.run(words, cwd=self.folder, capture_output=True, text=True, check=False)
        return done.stdout + done.stderr if done.returncode else ""


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--build")
    parser.add_argument("--texts", action="store_true", help="only see that each text stands where it is to be broken")
    parser.add_argument("--seeds", type=int, default=10_000)
    parser.add_argument("names", nargs="*")
    asked = parser.parse_args()
    if asked.texts:
        sys.exit("\n".join(f"{mutant.name}: {mutant.stale()}" for mutant in MUTANTS if mutant.stale()) or 0)
    build = Build(asked.build, asked.seeds)
    mutants = [mutant for mutant in MUTANTS if not asked.names or mutant.name in asked.names]
    failed = 0
    with tempfile.TemporaryDirectory() as parent, \
            concurrent.futures.ThreadPoolExecutor(max_workers=os.cpu_count()) as pool:
        folders = [pathlib.Path(parent) / str(i) for i in range(len(mutants))]
        for mutant, verdict in zip(mutants, pool.map(build.verdict, mutants, folders)):
            if verdict:
                failed += 1
                print(f"MISJUDGED: {mutant.name} ({mutant.file}): {verdict}", flush=True)
    print(f"{len(mutants) - failed} of {len(mutants)} variants were judged rightly")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
