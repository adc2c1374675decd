# What can be told of the documents without running anything that they say.
check "every picture is drawn from its source" "$documents/../../docs/pictures/draw" check
check "every message has an entry, and every entry a message" "$documents/messages"
check "every link and every file that is named is there" "$documents/commands" names
check "every command is marked, and exists" "$documents/commands" check "$BIN/dlmguard"
check "nothing is run by a shell" "$documents/secure"
