# What `make demo` runs.

check "the demo goes as it says" env -u DLMGUARD_LAB -u CASE "$here/demo"
