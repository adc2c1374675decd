# dlmguard: see README.md. On a fresh Debian machine with Swift, as root, `make demo` and
# `make test` each work as the only command typed.

PREFIX  ?= /usr
# libvirt before 6.5 knows no qemu.d: HOOK=/etc/libvirt/hooks/qemu
HOOK    ?= /etc/libvirt/hooks/qemu.d/dlmguard
DESTDIR ?=
# Where zsh looks for what distributions bring: Debian's place; others' is zsh/site-functions.
ZSH     ?= zsh/vendor-completions
# Where systemd looks for units, and where the documents go.
UNITS   ?= /lib/systemd/system
DOCS     = $(PREFIX)/share/doc/dlmguard

OUT      := .build/out
# The TOML library ends the process over some broken files, where its assertions hold less than what it
# does without them: it reports a mistake.
TOML     := -Xcxx '-DTOML_ASSERT(expr)=static_assert(true)'
RELEASE  := swift build -c release --static-swift-stdlib -Xlinker -s $(TOML)
PROGRAMS := $(OUT)/dlmguardd $(OUT)/dlmguard $(OUT)/qemu-hook

.PHONY: all build-packages host-packages cluster-packages programs manuals demo demo-migration engine-lab parse-lab \
  directory-lab sim-lab test test-unit test-sanitizers model simulate simulate-faults test-installed \
  test-corosync test-host test-cluster test-packages test-packages-cross test-documents torture fuzz lint bench pictures reference deb rpm install clean

# apt and SwiftPM each run once at a time, and use every core by themselves.
.NOTPARALLEL:

all: programs

build-packages:
	@scripts/install-packages build

host-packages:
	@scripts/install-packages host

cluster-packages:
	@scripts/install-packages cluster

# SwiftPM knows best what is out of date.
programs: build-packages
	@mkdir -p $(OUT)
	$(RELEASE) --product dlmguardd
	$(RELEASE) --product dlmguard
	install -m 755 "$$($(RELEASE) --show-bin-path)/dlmguardd" "$$($(RELEASE) --show-bin-path)/dlmguard" $(OUT)
	install -m 755 "$$(scripts/build-hook)" $(OUT)/qemu-hook
	@$(MAKE) --no-print-directory manuals

# What the programs say of themselves.
manuals:
	@rm -rf $(OUT)/man $(OUT)/completions
	@mkdir -p $(OUT)/completions
	scripts/man-pages $(OUT) $(OUT)/man
	# Read by the shell, never run: bash's has a line for that all the same.
	$(OUT)/dlmguard --generate-completion-script bash | sed '1{/^#!/d}' >$(OUT)/completions/dlmguard.bash
	$(OUT)/dlmguard --generate-completion-script zsh >$(OUT)/completions/_dlmguard
	$(OUT)/dlmguard --generate-completion-script fish >$(OUT)/completions/dlmguard.fish

demo: programs host-packages
	BIN=$(abspath $(OUT)) Tests/Host/demo

# A guest moves while a third node asks for its disk, with dlmguard and with lockd, on three machines.
demo-migration: programs engine-lab cluster-packages
	BIN=$(abspath $(OUT)) Tests/Cluster/demo

PARTS := lint test-unit model simulate test-installed test-documents test-corosync test-host \
  test-packages test-cluster

# Each part, and how long it took with what it needed.
test: $(foreach part,$(PARTS),$(part) took-$(part))

.PHONY: $(PARTS:%=took-%)
last := $(shell date +%s)
$(PARTS:%=took-%): took-%:
	$(eval now := $(shell date +%s))
	@echo "make: $* took $$(($(now) - $(last))) s"
	$(eval last := $(now))

lint: build-packages
	swift format lint --strict -r Sources Tests Package.swift
	Tests/Simulation/mutants --check

test-unit: build-packages
	swift test

# The unit tests again, watched by the thread and the address sanitizer. Each has a build of its own. Leaks
# are not counted: what tests keep for the life of their process would be.
test-sanitizers: build-packages
	TSAN_OPTIONS=suppressions=$(CURDIR)/Tests/thread-sanitizer.txt \
	  swift test --disable-xctest --sanitize thread --scratch-path .build/thread
	ASAN_OPTIONS=detect_leaks=0 swift test --disable-xctest --sanitize address --scratch-path .build/address

# Every order of events of a handover (docs/model).
model:
	scripts/install-packages model
	docs/model/verify

sim-lab: build-packages
	@mkdir -p $(OUT)
	$(RELEASE) --product sim-lab
	install -m 755 "$$($(RELEASE) --show-bin-path)/sim-lab" $(OUT)

# How many simulated clusters of each kind, and the seed of the first; SEED=n replays one, SCENARIO=name
# tells a story of Tests/Simulation/scenarios. LIVELY=1: of the kind in which less goes wrong alone.
SEEDS ?= 5000
FIRST ?= 1

simulate: sim-lab
ifdef SCENARIO
	@$(OUT)/sim-lab scenario Tests/Simulation/scenarios/$(SCENARIO).txt
else ifdef SEED
	@$(OUT)/sim-lab replay $(SEED) $(if $(LIVELY),--lively)
else
ifndef LIVELY
	$(OUT)/sim-lab seeds $(SEEDS) --first $(FIRST)
endif
	$(OUT)/sim-lab seeds $(SEEDS) --first $(FIRST) --lively
endif

simulate-faults: build-packages
	Tests/Simulation/mutants

test-corosync: build-packages
	scripts/install-packages corosync
	Tests/Corosync/run

test-host: programs host-packages
	BIN=$(abspath $(OUT)) Tests/Host/run

test-installed: programs
	scripts/install-packages installed
	BIN=$(abspath $(OUT)) Tests/Installed/run

engine-lab: build-packages
	@mkdir -p $(OUT)
	$(RELEASE) --product engine-lab
	install -m 755 "$$($(RELEASE) --show-bin-path)/engine-lab" $(OUT)

parse-lab: build-packages
	@mkdir -p $(OUT)
	$(RELEASE) --product parse-lab
	install -m 755 "$$($(RELEASE) --show-bin-path)/parse-lab" $(OUT)

directory-lab: build-packages
	@mkdir -p $(OUT)
	$(RELEASE) --product directory-lab
	install -m 755 "$$($(RELEASE) --show-bin-path)/directory-lab" $(OUT)

# Those whose names begin so; all, where nothing is said.
CLUSTER_CASES ?=
# The Debian suite whose kernel the nodes run, bookworm or trixie: this machine's own, where nothing
# is said. CONTINUE=1: only the cases that have not passed yet with this commit and kernel.
KERNEL        ?=
CONTINUE      ?=

test-cluster: programs engine-lab cluster-packages
	BIN=$(abspath $(OUT)) Tests/Cluster/run KERNEL=$(KERNEL) $(if $(CONTINUE),--continue) \
	  $(CLUSTER_CASES)

# Packages from the programs that are there: packaging/README.md.
deb: programs
	scripts/install-packages packages
	packaging/deb/build $(OUT) $(OUT)

rpm: programs
	scripts/install-packages packages
	packaging/rpm/build $(OUT) $(OUT)

test-packages: programs
	scripts/install-packages packages
	BIN=$(abspath $(OUT)) Tests/Packages/run

# The package of each Debian on the other one: not in `test`, because the other one builds everything anew.
test-packages-cross: programs
	scripts/install-packages packages
	BIN=$(abspath $(OUT)) Tests/Packages/cross

# Every command in the documents, every message, every picture's source.
test-documents: programs host-packages
	scripts/install-packages documents
	BIN=$(abspath $(OUT)) Tests/Documents/run

pictures:
	scripts/install-packages documents
	docs/pictures/draw

# The rooms' documentation comments as pages, in .build/reference.
reference: build-packages
	scripts/reference

# How long faults go on; SEED repeats a run, HOST_ONLY=1 and CLUSTER_ONLY=1 leave a ring out.
MINUTES ?= 10

torture: programs engine-lab host-packages cluster-packages
	BIN=$(abspath $(OUT)) MINUTES=$(MINUTES) Tests/Torture/run

# How long each target is fuzzed.
SECONDS ?= 60

fuzz: build-packages
	Tests/Fuzz/run $(SECONDS)

bench: programs engine-lab parse-lab directory-lab host-packages cluster-packages
	BIN=$(abspath $(OUT)) Benchmarks/run

# The hook is a real file and is put in place at once: libvirt runs it at any moment, and AppArmor
# lets libvirt run nothing outside its hook directory. Until then it lies one directory above, because
# libvirt runs whatever is executable in qemu.d. In both places that libvirt knows it would run twice,
# and refuse every start as the second of its kind.
NEW_HOOK = $(DESTDIR)$(abspath $(dir $(HOOK))..)/dlmguard.new

install:
	@if [ "$(HOOK)" != /etc/libvirt/hooks/qemu ] && grep -qs dlmguard $(DESTDIR)/etc/libvirt/hooks/qemu; then \
	  echo "$(DESTDIR)/etc/libvirt/hooks/qemu is, or calls, dlmguard's hook: remove it, or install with HOOK=/etc/libvirt/hooks/qemu" >&2; \
	  exit 1; \
	fi
	@if [ "$(HOOK)" = /etc/libvirt/hooks/qemu ]; then rm -f $(DESTDIR)/etc/libvirt/hooks/qemu.d/dlmguard; fi
	install -D -m 755 $(OUT)/dlmguardd $(DESTDIR)$(PREFIX)/sbin/dlmguardd
	install -D -m 755 $(OUT)/dlmguard $(DESTDIR)$(PREFIX)/bin/dlmguard
	install -d $(DESTDIR)$(dir $(HOOK))
	install -m 755 $(OUT)/qemu-hook $(NEW_HOOK)
	mv -fT $(NEW_HOOK) $(DESTDIR)$(HOOK)
	test -e $(DESTDIR)/etc/dlmguard/dlmguard.conf || \
	  install -D -m 644 etc/dlmguard.conf $(DESTDIR)/etc/dlmguard/dlmguard.conf
	install -d -m 755 $(DESTDIR)/etc/dlmguard/dlmguard.conf.d
	install -d $(DESTDIR)$(UNITS) $(DESTDIR)$(DOCS)/pictures $(DESTDIR)$(DOCS)/decisions
	install -m 644 $(wildcard etc/*.service etc/*.socket) $(DESTDIR)$(UNITS)
	install -D -m 644 etc/dlmguard.tmpfiles $(DESTDIR)$(PREFIX)/lib/tmpfiles.d/dlmguard.conf
	install -d $(DESTDIR)$(PREFIX)/share/dlmguard/apparmor
	install -m 644 $(wildcard etc/apparmor/*) $(DESTDIR)$(PREFIX)/share/dlmguard/apparmor
	install -D -m 644 -t $(DESTDIR)$(PREFIX)/share/dlmguard etc/monitoring/dlmguard-rules.yml \
	  etc/monitoring/grafana-dashboard.json
	install -D -m 644 -t $(DESTDIR)$(PREFIX)/share/man/man8 $(OUT)/man/*.8
	install -D -m 644 -t $(DESTDIR)$(PREFIX)/share/man/man5 $(OUT)/man/*.5
	install -D -m 644 $(OUT)/completions/dlmguard.bash \
	  $(DESTDIR)$(PREFIX)/share/bash-completion/completions/dlmguard
	install -D -m 644 $(OUT)/completions/_dlmguard $(DESTDIR)$(PREFIX)/share/$(ZSH)/_dlmguard
	install -D -m 644 $(OUT)/completions/dlmguard.fish \
	  $(DESTDIR)$(PREFIX)/share/fish/vendor_completions.d/dlmguard.fish
	install -m 644 README.md $(wildcard docs/*.md) $(DESTDIR)$(DOCS)
	install -m 644 $(wildcard docs/pictures/*.svg) $(DESTDIR)$(DOCS)/pictures
	install -m 644 $(wildcard docs/decisions/*.md) $(DESTDIR)$(DOCS)/decisions

clean:
	rm -rf .build .build-hook .build-fuzz
