#!/bin/sh
# Counts the atomic instructions (x86's `lock`: what a reference count costs) that 20 probes of a Pod, their answers and
# the periodic sync among them execute, and says in which functions; fails if a probe has any. What it cannot count, it
# says, and exits with 3. Uses callgrind, objdump and python3 on `benches/fleet.rs --count`, as instructions.sh does.
set -eu
cd "$(dirname "$0")/.."

cannot() {
  printf '!!! NOT COUNTED: %s\n' "$*" >&2
  exit 3
}

for tool in valgrind objdump python3; do
  command -v $tool >/dev/null || cannot "$tool cannot be had on this machine"
done
[ "$(uname -m)" = x86_64 ] || cannot "the counts are those of x86_64, and this is $(uname -m)"

bench=$(cargo build --quiet --locked --release --features sim --bench fleet --message-format=json |
  sed -n 's/.*"executable":"\([^"]*\)".*/\1/p' | tail -1)
[ -x "$bench" ] || cannot 'the benchmark was not built'

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
for subject in start probes; do
  valgrind --tool=callgrind --dump-instr=yes --callgrind-out-file="$folder/$subject" "$bench" --count "$subject" \
    >/dev/null 2>&1 || cannot "valgrind did not come to the end of $subject"
done
objdump --disassemble --demangle --no-show-raw-insn "$bench" > "$folder/code"

python3 - "$folder" <<'PROGRAM'
import collections, re, sys

PODS, PROBES = 500, 20


def locks(code):
    """The function of each atomic instruction, by address."""
    function, found = "", {}
    for line in code:
        if begins := re.match(r"[0-9a-f]+ <(.*)>:$", line):
            function = begins[1]
        elif locked := re.match(r" +([0-9a-f]+):\s+lock ", line):
            found[int(locked[1], 16)] = function
    return found


def executed(profile):
    """How often the instruction at each address was executed."""
    counts, address, is_call = collections.Counter(), 0, False
    for line in profile:
        if line.startswith("calls="):
            is_call = True
        elif at := re.match(r"(0x[0-9a-f]+|[+-](?:0x)?[0-9a-f]+|\*) \S+ (\d+)$", line):
            where = at[1]
            address = address if where == "*" else int(where, 0) + (0 if where.startswith("0x") else address)
            # What stands below a call is what was executed in there.
            if not is_call:
                counts[address] += int(at[2])
            is_call = False
    return counts


folder = sys.argv[1]
places = locks(open(f"{folder}/code"))
before, after = executed(open(f"{folder}/start")), executed(open(f"{folder}/probes"))
if not places or not any(at in after for at in places):
    sys.exit("no atomic instruction was found: does this still read what callgrind and objdump write?")
by_function = collections.Counter()
for at, function in places.items():
    by_function[function] += after[at] - before[at]
for function, count in by_function.most_common():
    if count:
        print(f"{count / PODS:6.2f} a Pod  {function}")
total = sum(by_function.values())
print(f"{total / PODS:.2f} a Pod in {PROBES} probes and one sync")
# A probe that had one would have it at each of the twenty.
sys.exit(total >= PODS * PROBES)
PROGRAM
