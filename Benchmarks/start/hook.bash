#!/bin/bash
# The least hook that people write: reads the domain, and has no objection.
xml=$(cat)
[ -n "$xml" ]
exit 0
