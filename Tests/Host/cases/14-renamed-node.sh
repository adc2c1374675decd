# A host that gets another name while guests run: the name is part of what local files are called, so
# the agent keeps to the old one until the locks under it are gone.

image one.qcow2
define vm-1 one.qcow2
define vm-2 one.qcow2

check "vm-1 starts" start vm-1
check "the host is renamed" inside hostname another
check "the agent is restarted" daemon restart dlmguardd
check "vm-2 is refused" refused vm-2 "vm-1"
check "the node says under which name it goes" contains "$(guard status)" "called another now"
check "vm-1 is destroyed" v destroy vm-1
check "and gone" gone vm-1
check "the agent is restarted once more" daemon restart dlmguardd
check "the node has its new name" contains "$(guard status)" "another"
check "vm-1 starts again" start vm-1
check "vm-2 is refused again" refused vm-2 "vm-1" "another"
check "it is destroyed" v destroy vm-1
check "nothing is left" clean
