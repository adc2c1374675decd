# Who may talk to the agent, and that none of the secrets of a guest is ever kept, logged or told: a graphics password,
# the passphrase of an encrypted disk, what a disk's server wants to know.

# VNC takes eight characters.
vnc=Vnc5ecre
passphrase=luks-5ecret-passphrase
server=server-5ecret
cookie=cookie-5ecret
secret=11111111-5ec0-4000-8000-000000000001

make_secrets() {
  cat >"$IMG/secret.xml" <<XML
<secret ephemeral='no' private='no'><uuid>$secret</uuid><usage type='volume'><volume>$IMG/safe.luks</volume></usage></secret>
XML
  cat >"$IMG/server.xml" <<XML
<secret ephemeral='no' private='no'><uuid>${secret%1}2</uuid><usage type='iscsi'><target>t</target></usage></secret>
XML
  v secret-define "$IMG/secret.xml" && v secret-define "$IMG/server.xml" &&
    v secret-set-value "$secret" --base64 "$(printf %s "$passphrase" | base64)" &&
    v secret-set-value "${secret%1}2" --base64 "$(printf %s "$server" | base64)" &&
    qemu-img create -q --object "secret,id=s,data=$passphrase" -f luks -o key-secret=s,iter-time=10 "$IMG/safe.luks" 2M
}
# define_with NAME XML DISK...: with more devices than the words of the ring know.
define_with() {
  local name=$1 devices=$2
  shift 2
  xml_of "$name" "$@" | python3 -c 'import sys; print(sys.stdin.read().replace("</devices>", sys.argv[1] + "</devices>"))' \
    "$devices" >"$IMG/$name.xml" && v define "$IMG/$name.xml"
}
knows() { # VALUE...: libvirt itself would tell it
  contains "$(v dumpxml "$1" --security-info)" "${@:2}"
}
everything() { # whatever the guard has written or says
  cat "$DLMGUARD_LAB/$HOST/log/dlmguardd.log"
  inside find /var/lib/dlmguard /run/dlmguard -type f -exec cat {} +
  guard status
  guard status --json
  guard inquire vm-1 --json
  guard who "$IMG/safe.luks" --json
  guard explain vm-1
  guard explain vm-2 --json
}
silent() {
  local text value
  text=$(everything)
  # Without this the rest would prove nothing.
  contains "$text" vm-1 "$IMG/safe.luks" || return
  for value in "$vnc" "$passphrase" "$server" "$cookie" "$(printf %s "$passphrase" | base64)"; do
    if grep -F -- "$value" <<<"$text"; then return 1; fi
  done
}
as_nobody() { inside setpriv --reuid=65534 --regid=65534 --clear-groups "$@"; }
says() { # COMMAND... -- PATTERN...
  local command=()
  while [ "$1" != -- ]; do
    command+=("$1")
    shift
  done
  shift
  contains "$("${command[@]}" 2>&1)" "$@"
}

check "libvirt is told secrets" make_secrets
check "a guest with secrets is defined" define_with vm-1 "
  <graphics type='vnc' autoport='yes' listen='127.0.0.1' passwd='$vnc'/>
  <disk type='file' device='disk'><driver name='qemu' type='raw'/><source file='$IMG/safe.luks'>
    <encryption format='luks'><secret type='passphrase' uuid='$secret'/></encryption></source>
    <target dev='vdy' bus='virtio'/></disk>"
check "so is one whose disks lie on servers" define_with vm-2 "
  <disk type='network' device='disk'><driver name='qemu' type='raw'/>
    <source protocol='iscsi' name='iqn.2026-01.example:t/1'><host name='127.0.0.1' port='1'/>
    <auth username='user'><secret type='iscsi' uuid='${secret%1}2'/></auth></source>
    <target dev='vdx' bus='virtio'/></disk>
  <disk type='network' device='disk'><driver name='qemu' type='raw'/>
    <source protocol='https' name='image'><host name='127.0.0.1' port='1'/>
    <cookies><cookie name='session'>$cookie</cookie></cookies></source>
    <target dev='vdw' bus='virtio'/><readonly/></disk>"
check "libvirt knows the first one's password" knows vm-1 "$vnc"
check "and the second one's" knows vm-2 "$cookie"
check "the first one starts" start vm-1
check "its encrypted disk is locked" holds vm-1 PW "$IMG/safe.luks"
check "the second one is looked at, and then finds no server" fails start vm-2
asked() { grep -q "vm-2.*iqn.2026-01.example" "$DLMGUARD_LAB/$HOST/log/dlmguardd.log"; }
check "its disks have been asked for" asked
check "no secret is kept, logged or told" silent
check "an administrator saves the guest" v managedsave vm-1
check "nor is one then" silent
check "it is started again, and destroyed" bash -c '. "$RING/checks.sh"; . "$here/lab.sh"
  URI=$("$here/host" sock A); v start vm-1 && v destroy vm-1'

check "the socket is root's" same "$(inside stat -c '%a %U %G' /run/dlmguard/agent.sock)" "600 root root"
check "so are its directory and the record's" same \
  "$(inside stat -c '%a %U' /run/dlmguard /var/lib/dlmguard/owners | sort -u)" "700 root"
check "another user cannot reach the agent, and is told why" says as_nobody dlmguard status -- "for root only"
check "were the socket open to all" inside bash -c 'chmod 755 /run/dlmguard; chmod 666 /run/dlmguard/agent.sock'
check "the agent would not answer them either" says as_nobody dlmguard status -- "only root may talk to the agent"
check "but root" guard status
check "nothing is left" clean
