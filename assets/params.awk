# params.awk FILE... - makes the C table of the simulated world's numbers from assets/sim/*.yaml.
# SPDX-License-Identifier: Apache-2.0

function fail(message) {
    printf "%s:%d: %s\n", FILENAME, FNR, message > "/dev/stderr"
    failed = 1
    exit 1
}

# Text of one member of the line's map; "" when it is not there. Only source holds commas, and it is quoted.
function member(name, at, rest) {
    if (!match(map, "[{ ]" name ": "))
        return ""
    rest = substr(map, RSTART + RLENGTH)
    if (substr(rest, 1, 1) == "\"") {
        rest = substr(rest, 2)
        return substr(rest, 1, index(rest, "\"") - 1)
    }
    match(rest, /[,}]/)
    return substr(rest, 1, RSTART - 1)
}

# "200 ms" in microseconds; digits are joined, never multiplied, so that no number is too large for awk.
function microseconds(text, part) {
    if (split(text, part, " ") != 2 || part[1] !~ /^[0-9]+$/)
        fail("'" text "' is no time such as 200 ms")
    if (part[1] == "0" || part[2] == "us")
        return part[1]
    if (part[2] == "ms")
        return part[1] "000"
    if (part[2] == "s")
        return part[1] "000000"
    fail("'" part[2] "' is no unit of time")
}

BEGIN {
    print "/* made by assets/params.awk from assets/sim; not to be changed here */"
}

/^#/ || /^[ \t]*$/ {
    next
}

{
    if (!match($0, /^[a-z][a-z0-9_]*: \{.*\}$/))
        fail("not of the form name: {...}")
    name = substr($0, 1, index($0, ":") - 1)
    map = substr($0, index($0, "{"))
    if (name in seen)
        fail(name " stands twice")
    seen[name] = 1
    source = member("source")
    confidence = member("confidence")
    if (source == "" || source ~ /\\/)
        fail(name " has no source, or one with a backslash")
    if (confidence !~ /^[VDMKU]$/)
        fail(name " has no confidence of V, D, M, K or U")
    tail = "\"" source "\", '" confidence "')"
    if (member("median") != "") {
        printf "SIM_DURATION(%s, INT64_C(%s), INT64_C(%s), INT64_C(%s), %s\n", name, microseconds(member("median")),
            microseconds(member("p95")), microseconds(member("cap")), tail
    } else if (member("low") != "") {
        printf "SIM_RANGE(%s, INT64_C(%s), INT64_C(%s), %s\n", name, microseconds(member("low")),
            microseconds(member("high")), tail
    } else {
        value = member("value")
        unit = member("unit")
        if (unit == "") {
            value = microseconds(value)
            unit = "us"
        } else if (value !~ /^[0-9]+$/) {
            fail(name ": '" value "' is no whole number")
        }
        printf "SIM_VALUE(%s, \"%s\", INT64_C(%s), %s\n", name, unit, value, tail
    }
}

END {
    if (failed)
        exit 1
}
