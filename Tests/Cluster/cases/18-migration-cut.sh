# Wires are cut and nodes die while a guest moves.
. "$here/migration.sh"
# Without one it takes half of what this machine can do, and libvirt waits for half a minute only.
PAUSE=5

check "every node runs libvirtd and the guard" everywhere open_node
check "vm-1, which is busy, is defined on node1" at 1 busy vm-1
check "it starts" at 1 start vm-1
check "node3 begins to ask for its locks" hammer $(at 1 names vm-1)

# --- libvirt's and QEMU's wire alone -------------------------------------------------------------

for way in "1 2" "2 1"; do
  check "a migration to node2 is under way" begin_migration 1 2 vm-1 --p2p
  check "what node${way% *} sends to node${way#* } is lost, but for the cluster" lose $way $LIBVIRTD $MIGRATION
  check "it fails" ended no
  check "the wire is mended" mend_wires
  check "vm-1 is at node1 as before" eventually 60 only 1 vm-1
  check "it runs" at 1 eventually 20 state_is vm-1 running
done

# arrives_unheard: it arrives at node2 and runs there, and node1's libvirtd does not hear of it. For half a
# minute it waits for an answer; then it takes that for a failure, and lets its own guest run again.
arrives_unheard() {
  check "a migration to node2 is under way" eval '
    begin_migration 1 2 vm-1 --p2p && at 1 eventually 30 sent vm-1'
  check "from now on libvirt's answers are lost" mute 2 1
  check "it may end" at 1 let_end vm-1
  check "it runs on node2" at 2 eventually 25 state_is vm-1 running
}
put_back() {
  begin_migration 2 1 vm-1 && at 2 let_end vm-1 && ended yes && eventually 30 only 1 vm-1
}

arrives_unheard
check "node1 hears nothing, and takes it for a failure" ended no
check "node1's guest runs again, and node2's, which has no lock, is killed" eventually 5 only 1 vm-1
check "by the guard" at 2 audited killed vm-1
check "the wire is mended" mend_wires
check "it runs" at 1 eventually 20 state_is vm-1 running
# Nobody is there to let node1's guest go on: it stands still, and a person has to say which of the two it is.
arrives_unheard
check "then node1's libvirtd dies" eval 'at 1 daemon kill9 libvirtd && at 1 daemon start libvirtd'
check "it is over" ended no
check "the wire is mended" mend_wires
check "node2's agent says what to do" at 2 eventually 20 logged "stands still there .*destroy"
check "nobody has been killed" same "$(processes vm-1 | xargs)" "1 2"
check "it is done" at 1 v destroy vm-1
check "node2 has the locks" eventually 20 only 2 vm-1
check "vm-1 is put back on node1" put_back
for victim in "1 dlmguardd" "2 qemu" "2 libvirtd" "2 dlmguardd"; do
  node=${victim% *} who=${victim#* }
  arrives_unheard
  case $who in
  qemu) check "then node$node's QEMU dies" at "$node" qemu_dies vm-1 ;;
  *) check "then node$node's $who dies" eval "at $node daemon kill9 $who && at $node daemon start $who" ;;
  esac
  wait "$migration"
  check "the wire is mended" mend_wires
  check "who survives has the locks" eventually 60 survivor vm-1
  [ "$(processes vm-1)" = 1 ] || check "vm-1 is put back on node1" put_back
done
check "node3 asked all along, and got none of them" hammered

# --- post-copy that fails ------------------------------------------------------------------------

# copied_after: the guest runs on node2, most of its memory is still on node1, and then their wire breaks.
copied_after() {
  check "a migration to node2 is under way" begin_migration 1 2 vm-1 --p2p --postcopy --postcopy-bandwidth 1
  check "the guest goes on at node2 before its memory is there" eval '
    at 1 v migrate-postcopy vm-1 && at 2 eventually 20 state_is vm-1 running'
  check "their wire breaks" reset 1 2 $MIGRATION
  check "it fails" ended no
  check "the wire is mended" mend_wires
  check "there is a process on both nodes" same "$(processes vm-1 | xargs)" "1 2"
  check "node1 has the locks" at 1 holds vm-1 PW "$DISK"
  check "node2 waits for them" at 2 phase vm-1 incoming
}
check "node3 begins to ask for its locks" hammer $(at 1 names vm-1)
copied_after
check "nobody is killed for it" never 10 fails at 2 phase vm-1 incoming
check "the rest is sent" p2p 1 2 vm-1 --postcopy --postcopy-resume
check "node2 has the locks" eventually 30 only 2 vm-1
check "node3 asked all along, and got none of them" hammered
check "it is put back on node1" eval 'at 2 v destroy vm-1 && at 2 gone vm-1 && at 1 start vm-1'
check "node3 begins to ask for its locks" hammer $(at 1 names vm-1)
copied_after
check "node2's is given up" at 2 v destroy vm-1
check "node1 has the locks as before" at 1 holds vm-1 PW "$DISK"
check "node2 has nothing" at 2 eventually 20 phase vm-1 absent
check "node3 asked all along, and got none of them" hammered
check "node1's cannot go on, and is given up, too" at 1 v destroy vm-1
check "nobody has it" eval 'for node in 1 2; do at $node gone vm-1 || exit; done'

# --- nodes ---------------------------------------------------------------------------------------

# Between libvirtds, which find out in half a minute that the other one is gone: the client that talks to both
# waits for QEMU's connection, and that for a quarter of an hour.
check "vm-1 starts again" at 1 start vm-1
for end in power_off cut_off; do
  check "node3 begins to ask for its locks" hammer $(at 1 names vm-1)
  check "a migration to node2 is under way" begin_migration 1 2 vm-1 --p2p
  check "$end node2" $end 2
  check "it fails" ended no
  check "vm-1 is at node1 as before, when node2 is gone" eventually 90 only 1 vm-1 1 3
  check "it runs" at 1 eventually 20 state_is vm-1 running
  check "node3 asked all along, and got none of them" hammered
  check "node2 comes back" eval '[ $end = power_off ] || mend 2; power_off 2; power_on 2; at 2 open_node'
done
for end in power_off cut_off; do
  check "a migration to node2 is under way" begin_migration 1 2 vm-1 --p2p
  check "node3 begins to ask for its locks" hammer $(at 1 names vm-1)
  check "node3 got none of them" hammered
  check "$end node1" $end 1
  check "node2, where it was not whole, has nothing in the end" at 2 eventually 120 phase vm-1 absent
  wait "$migration"
  check "it may start on node2" eval 'at 2 busy vm-1 && at 2 eventually 30 start vm-1'
  check "and has its locks" eventually 15 only 2 vm-1 2 3
  check "node1 comes back" eval '[ $end = power_off ] || mend 1; power_off 1; power_on 1; at 1 open_node'
  check "it cannot start there" eval 'at 1 busy vm-1 && at 1 refused vm-1 "SAME guest" "node2"'
  check "but when it has been shut off on node2" eval 'at 2 v destroy vm-1 && at 2 v undefine vm-1 && at 1 start vm-1'
done
check "nothing is left on node1" at 1 clean
