# e2e/walk.sh - the walkthrough as a learner uses it: left and found again, its commands copied and written to files.
# SPDX-License-Identifier: Apache-2.0
. "$TOP_SRCDIR/tests/e2e/common.sh"
command -v tmux >/dev/null || { echo "tmux is needed"; exit 99; }

copied() {
    tmux -S "$tmux_socket" show-buffer 2>/dev/null | grep -qF -- "$1"
}

open_terminal 80 24 "LANG=C $TIDEGATE demo --empty --dir $work/demo"
tmux -S "$tmux_socket" set-option -s set-clipboard on
expect_screen 30 SIMULATED
keys w
expect_screen 10 "1/11 What is built"
keys n
keys n
expect_screen 10 "3/11 Network, storage, clusters"
screen >"$work/ascii"
LC_ALL=C grep -nq '[^ -~]' "$work/ascii" && fail "LANG=C shows bytes outside ASCII"

# By the clipboard, through tmux.
keys c
expect_screen 10 "cannot be known"
wait_for 10 copied "-target=google_compute_network.vpc" || fail "the commands are not in tmux's buffer"
copied "export PROJECT_ID=demo-4711" || fail "the copied commands do not name the project"

# By files, named on the screen, for nobody else.
keys n
keys n
expect_screen 10 "5/11"
keys f
expect_screen 10 "written: "
file=$work/demo/work/section-05.sh
[ "$(stat -c %a "$file")" = 600 ] || fail "$file is not for its owner alone"
sh -n "$file" || fail "$file is no shell script"
[ -s "${file%/*}/download-job.yaml" ] || fail "the manifest that the commands read is not there"
[ -s "${file%/*}/gke-tf/network.tf" ] || fail "the Terraform files that the commands read are not there"

# What a lab file plants does not reach a shell by the clipboard.
keys Escape
expect_screen 10 "1 Steps"
keys q
expect_sane_terminal "q before the planted lab"
cp "$TOP_SRCDIR/assets/labs/gemma-two-region.yaml" "$work/lab.yaml"
cat >"$work/lab.walk.yaml" <<'END'
sections:
  - number: 1
    proof: project
    title: {en: Planted}
    why: {en: "\e[31mred\e[0m"}
    look: {en: nothing}
    commands: "echo safe\e[201~\rrm everything\n"
END
open_terminal 80 24 "LANG=C $TIDEGATE demo --empty --dir $work/planted --lab $work/lab.yaml"
tmux -S "$tmux_socket" set-option -s set-clipboard on
expect_screen 30 SIMULATED
keys w
expect_screen 10 "1/1 Planted"
keys c
wait_for 10 copied "echo safe" || fail "the planted commands are not in tmux's buffer"
tmux -S "$tmux_socket" show-buffer | LC_ALL=C grep -q "[$(printf '\033\r')]" && fail "control characters reach the clipboard"
keys q
expect_sane_terminal "q after the planted lab"

# Left and found again, in another language and at another size.
open_terminal 100 30 "LANG=zh_TW.UTF-8 $TIDEGATE demo --empty --dir $work/demo"
expect_screen 30 SIMULATED
keys w
expect_screen 10 "5/11 將模型權重快取到 bucket"

# What the page is about, here: the question, the page again, and the ticks.
keys b
keys b
expect_screen 10 "3/11"
keys x
expect_screen 60 "(:doctor)" # the preflight has looked
keys -l demo-4711
keys Enter
expect_screen 10 "3/11"
expect_screen 200 "✓  3"
keys q
expect_sane_terminal "q out of the walkthrough"
